"""What less exact arithmetic gains on the CPU, against torch eager, and what the gate says of it.

    .venv/bin/python benchmarks/precision.py ../shared/media/faces/WolfgangLanger_Pexels.mp4
        ../shared/media/gestures/asl_gestures_help.mkv [--threads 2] [--rounds 8] [--report FOLDER]
        [--folder FOLDER] [--quiet-file FILE]

One process a runtime, all waiting but the one whose turn it is, in alternating rounds on the same
input: a machine that is busy for a while is so for all of them. DINOv2-Base has weights drawn at
random, so its times are true and its gate tells only how near int8 and bf16 stay to f32. The
profile is timed over the first clip, without its sound, in f32 and with what the gate admitted.
With ``--folder`` what was made is kept there, and a second run only times it.
Needs .venv-build. Quantising takes minutes; the timing less than three, and wants a quiet machine.
"""

# ruff: noqa: PLC0415 (each process imports its own runtime, and no other)

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = ("dinov2-base", "yolo11n-persons-320x320")
RUNS_A_ROUND = 4


def main() -> None:
    """Quantise, judge and time; or be one of the processes that are timed."""
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
        return
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("clips", type=Path, nargs="+")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=8)
    options.add_argument("--report", type=Path)
    options.add_argument("--folder", type=Path)
    options.add_argument("--quiet-file", type=Path, help="touched while times are taken")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="precision-") as folder:
        measure(args, args.folder or Path(folder))


def measure(args: argparse.Namespace, folder: Path) -> None:
    """Make what is to be timed in a cache of its own, then time it."""
    from engines.models.store import ModelStore

    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / "models").exists():
        (cache / "models").symlink_to(ModelStore().root / "models")
    os.environ["SUBFACE_CACHE"] = str(cache)
    made = folder / "candidates.json"
    if not made.is_file():
        frame, boxes = first_frame(args.clips[0])
        np.savez(folder / NETWORKS[0], frame=frame, boxes=boxes)
        np.savez(folder / NETWORKS[1], frame=frame)
        made.write_text(json.dumps(quantise(args, folder, export_dino(folder))))
    candidates = json.loads(made.read_text())
    if args.quiet_file:
        args.quiet_file.touch()
    try:
        for name in NETWORKS:
            time_network(name, candidates[name], folder, args)
        time_profile(args.clips[0])
    finally:
        if args.quiet_file:
            args.quiet_file.unlink(missing_ok=True)


def export_dino(folder: Path) -> Path:
    """Return the graph of a DINOv2-Base whose weights are drawn."""
    from engines.models.convert import build_environment, build_python

    out = folder / "dinov2-base.onnx"
    command = [str(build_python()), "-m", "engines.build.dinov2_export", "dinov2-crop"]
    command += ["--random", "base", "--canvas", "224x224", "--pooling", "cls", "--out", str(out)]
    subprocess.run(command, env=build_environment(str(folder)), check=True, capture_output=True)
    return out


def first_frame(clip: Path) -> tuple[Any, Any]:
    """Return a frame [1 H W 3] and the box of its middle [1 4]."""
    import av

    with av.open(clip) as media:
        image = next(media.decode(video=0)).to_ndarray(format="rgb24")
    height, width, _ = image.shape
    return image[None], np.float32([[0.25 * width, 0, 0.75 * width, height]])


def quantise(
    args: argparse.Namespace, folder: Path, dino: Path
) -> dict[str, list[tuple[str, str, str, str]]]:
    """Return, by network, what is timed: its name, file, hint, and what the gate said."""
    from calibration.quantize.limits import load_limits
    from calibration.quantize.report import write_report
    from calibration.quantize.samples import Recorder
    from calibration.quantize.trial import try_precision
    from engines.config import AppearanceConfig, KeypointConfig, PerceptionConfig

    config = PerceptionConfig(
        appearance=AppearanceConfig(model="starter-face"),
        keypoints=KeypointConfig(model="holistic"),
    )
    timed: dict[str, list[tuple[str, str, str, str]]] = {}
    outcomes = []
    with Recorder(config.runtime, at_most=40) as recorder:
        with recorder.open(NETWORKS[0], dino) as engine:
            watch(config, args.clips, recorder, engine)
        for samples in recorder.samples():
            rows = timed.setdefault(samples.name, [("f32", str(samples.path), "f32", "the graph")])
            for precision in ("bf16", "int8"):
                outcome = try_precision(samples, precision, load_limits(), recorder.folder)
                outcomes.append(outcome)
                verdict = outcome.record.verdict
                said = f"{'admitted' if verdict.admitted else 'REFUSED'}: {verdict.why}"
                print(f"{samples.name} {precision}: {said}", flush=True)
                made = outcome.attempts[-1].file
                kept = samples.path
                if made is not None:
                    kept = folder / f"{samples.name}-{precision}.onnx"
                    kept.write_bytes(made.read_bytes())
                if made is not None or precision == "bf16":
                    rows.append((precision, str(kept), "bf16" if made is None else "f32", said))
        if args.report:
            write_report(outcomes, args.report)
    return timed


def watch(config: Any, clips: list[Path], recorder: Any, dino: Any) -> None:
    """Let the perception look at the clips, and DINOv2 at the largest person of each frame."""
    from engines.models.store import ModelStore
    from engines.perception.networks import open_networks
    from engines.perception.observer import Observer

    with open_networks(config, ModelStore(), recorder.open) as networks:
        for clip in clips:
            observer = Observer(config)
            for frame in frames(clip):
                recorder.at(clip.stem, frame.time_s)
                scene = observer.observe(networks, frame)
                if scene.observations and frame.index % 6 == 0:
                    box = scene.observations[0].box_xyxy[None]
                    dino.run({"frame": frame.image[None], "boxes": np.float32(box)})


def frames(clip: Path) -> Iterator[Any]:
    """Yield the frames of a clip."""
    import av

    from engines.spec.frame import Frame

    with av.open(clip) as media:
        for index, picture in enumerate(media.decode(video=0)):
            yield Frame(
                source=clip.stem,
                epoch=0,
                shot=0,
                index=index,
                time_s=picture.time or 0.0,
                captured_at=None,
                arrived_s=0.0,
                image=picture.to_ndarray(format="rgb24"),
            )


def time_network(
    name: str, rows: list[tuple[str, str, str, str]], folder: Path, args: argparse.Namespace
) -> None:
    """Print the medians of all runtimes, in alternating rounds."""
    from engines.models.convert import build_environment, build_python
    from engines.models.store import ModelStore

    given = str(folder / f"{name}.npz")
    threads = str(args.threads)
    weights = str(ModelStore().path("yolo11n-seg")) if name.startswith("yolo") else "base"
    script = str(Path(__file__).resolve())
    torch_command = [str(build_python()), script, "--worker", "torch", given, threads, weights]
    commands = {"torch eager f32": (torch_command, build_environment(str(folder)))}
    for precision, path, hint, _ in rows:
        command = [sys.executable, script, "--worker", "openvino", given, threads, path, hint]
        commands[f"OpenVINO {precision}"] = (command, dict(os.environ))
    workers = {
        key: subprocess.Popen(
            command,
            env=environment | {"OMP_NUM_THREADS": threads},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for key, (command, environment) in commands.items()
    }
    times: dict[str, list[float]] = {key: [] for key in workers}
    for worker in workers.values():
        assert worker.stdout.readline() == "ready\n"
    for _ in range(args.rounds):
        for key, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            times[key] += map(float, worker.stdout.readline().split())
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    said = {f"OpenVINO {row[0]}": row[3] for row in rows}
    base = float(np.median(times["torch eager f32"]))
    print(f"\n{name}, {threads} threads, {len(next(iter(times.values())))} runs each")
    for key, taken in times.items():
        middle = float(np.median(taken))
        low, high = np.percentile(taken, (10, 90))
        print(
            f"  {key:18} {middle:8.2f} ms ({low:.2f}-{high:.2f})  x{base / middle:.2f}  "
            f"{said.get(key, '')}",
            flush=True,
        )


def time_profile(clip: Path) -> None:
    """Print CPU ms a frame of the embedded profile's pictures, f32 and as admitted, in turns."""
    from engines.backends import open_engine
    from engines.config import AppearanceConfig, KeypointConfig, PerceptionConfig, RuntimeConfig
    from engines.models.store import ModelStore
    from engines.perception.networks import open_networks
    from engines.perception.observer import Observer

    pictures = list(frames(clip))[:200]
    spent: dict[str, list[float]] = {}
    for precision in ("f32", "bf16", "int8") * 2:
        config = PerceptionConfig(
            runtime=RuntimeConfig(precision=precision),
            appearance=AppearanceConfig(model="starter-face"),
            keypoints=KeypointConfig(model="holistic"),
        )

        def opened(_name: str, path: Path, *, outputs: Any = None, config: Any = config) -> Any:
            return open_engine(path, config.runtime, outputs=outputs)

        with open_networks(config, ModelStore(), opened) as networks:
            observer = Observer(config)
            began_s = time.thread_time()
            for frame in pictures:
                observer.observe(networks, frame)
            each_ms = 1e3 * (time.thread_time() - began_s) / len(pictures)
            spent.setdefault(precision, []).append(each_ms)
    print(f"\nembedded profile, {len(pictures)} frames of {clip.name}, CPU ms a frame, one thread")
    base = min(spent["f32"])
    for precision, each in spent.items():
        print(f"  {precision:5} {min(each):6.2f} ms  x{base / min(each):.2f}")


def work(kind: str, given: str, threads: str, *which: str) -> None:
    """Answer each line of stdin by the ms of a few runs."""
    with np.load(given) as stored:
        batch = {name: stored[name] for name in stored.files}
    run = (
        torch_run(batch, int(threads), *which)
        if kind == "torch"
        else openvino_run(batch, int(threads), *which)
    )
    for _ in range(3):
        run()
    print("ready", flush=True)
    for _ in sys.stdin:
        taken = []
        for _ in range(RUNS_A_ROUND):
            began_s = time.perf_counter()
            run()
            taken.append(1e3 * (time.perf_counter() - began_s))
        print(*taken, flush=True)


def openvino_run(batch: Any, threads: int, path: str, hint: Any) -> Callable[[], object]:
    """Return one run of a graph."""
    from engines.backends.openvino_backend import OpenVinoEngine

    engine = OpenVinoEngine(Path(path), threads=threads, precision=hint)
    return lambda: engine.run(batch)


def torch_run(batch: Any, threads: int, weights: str) -> Callable[[], object]:
    """Return one run of the torch module that the graph was made of."""
    import torch

    torch.set_num_threads(threads)
    tensors = [torch.from_numpy(array) for array in batch.values()]
    if weights == "base":
        from engines.build.dinov2_weights import lay_out_positions, random_encoder
        from engines.networks.dinov2_crop import DinoV2Crop

        encoder = random_encoder(weights, registers=False, seed=0)
        lay_out_positions(encoder, (224, 224))
        network = DinoV2Crop(encoder.network, (224, 224)).eval()
    else:
        from engines.build.onnx_export import person_detector

        network = person_detector(Path(weights), (320, 320))

    def run() -> object:
        with torch.inference_mode():
            return network(*tensors)

    return run


if __name__ == "__main__":
    main()
