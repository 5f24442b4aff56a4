"""What a card gives: streams held, each engine against torch.compile and against its roofline.

    .venv/bin/python benchmarks/card.py --backend tensorrt            # on a data-centre GPU
    .venv/bin/python benchmarks/card.py --backend torch               # where TensorRT cannot be had
    .venv/bin/python benchmarks/card.py --backend openvino --profiles embedded     # on a CPU

For every profile (edge-lite and paper unless others are named) and a 720p clip of 25 frames/s:

1. ``subface engines build``: plans, so that nothing is built while it is measured;
2. ``subface bench --budget-ms 100``: the largest number of streams of which none has a p95 above
   100 ms or is looked at less often than nine tenths of the grid's rate;
3. each engine against its bound on this machine (``benchmarks/roofline.py``);
4. each engine against the same graph under ``torch.compile``, where torch is installed.

All of it goes to ``results/<card>-<date>/``: JSON, Markdown and the page of the bench, and a README
with card, driver, versions, the load of the machine and what could not be run, with the reason.
Nobody listens unless ``--listen`` is given: one recogniser for 32 streams would be measured.
On a card it was never run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from roofline import roofline, shape_of
from roofline import to_markdown as roofline_table

from engines.models.store import ModelStore
from stream.bench.card import Card, open_card
from stream.bench.machine import Machine, this_machine, versions
from stream.profile import load_profile

ROOT = Path(__file__).parents[1]
PROFILES = ("edge-lite", "paper")
CLIP = ROOT.parent / "shared/media/faces/WolfgangLanger_Pexels.mp4"
COMPILED_RUNS = 50


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured.

    Attributes:
        overrides: Of every profile, KEY=VALUE.
        budget_ms: No stream's p95 may be later.
        for_s: How long each part of a bench lasts.
        runs: Of each engine.
        build: Whether plans are built beforehand.
        glass: Whether glass to publication is measured.
    """

    overrides: tuple[str, ...]
    budget_ms: float
    for_s: float
    runs: int
    build: bool
    glass: bool


def main() -> None:
    """Run everything and say where it is."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--profiles", nargs="+", default=list(PROFILES))
    options.add_argument("--backend", choices=["tensorrt", "torch", "openvino", "onnxruntime"])
    options.add_argument("--device", default="auto")
    options.add_argument("--precision", choices=["f32", "bf16", "fp16", "int8"])
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options.add_argument("--clip", type=Path, default=CLIP)
    options.add_argument("--budget-ms", type=float, default=100.0)
    options.add_argument("--for", type=float, default=20.0, dest="for_s")
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--listen", action="store_true")
    options.add_argument("--no-build", action="store_true")
    options.add_argument("--no-glass", action="store_true")
    options.add_argument("--out", type=Path, default=ROOT / "results")
    args = options.parse_args()
    runtime = {"backend": args.backend, "device": args.device, "precision": args.precision}
    overrides = [f"perception.runtime.{k}={v}" for k, v in runtime.items() if v is not None]
    overrides += [] if args.listen else ["speech.model=null"]
    asked = Asked(
        overrides=(*overrides, *args.set),
        budget_ms=args.budget_ms,
        for_s=args.for_s,
        runs=args.runs,
        build=not args.no_build,
        glass=not args.no_glass,
    )
    print(f"{results(args.profiles, args.clip, asked, args.out)}")


def results(profiles: Sequence[str], clip: Path, asked: Asked, out: Path) -> Path:
    """Measure profiles and return the folder of what was found."""
    with open_card() as card:
        machine = this_machine(card.names if isinstance(card, Card) else ())
        driver = card.driver if isinstance(card, Card) else None
    folder = out / f"{name_of(machine)}-{datetime.now(UTC):%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        live = in_720p(clip, Path(scratch) / "clip-720p25.mp4")
        parts = [of_profile(profile, live, asked, folder) for profile in profiles]
    told = versions() | ({} if driver is None else {"nvidia driver": driver})
    (folder / "README.md").write_text(readme(machine, told, load, asked, parts), encoding="utf-8")
    return folder


def name_of(machine: Machine) -> str:
    """Return the folder's name: the first card's, or the processor's with cpu before it."""
    name = machine.cards[0] if machine.cards else f"cpu {machine.processor} {machine.cores} cores"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def in_720p(clip: Path, out: Path) -> Path:
    """Make the clip that is streamed: 20 s of 1280x720 at 25 frames/s, H.264, no B frames."""
    command = (
        f"ffmpeg -v error -stream_loop -1 -i {clip} -t 20 -an -vf scale=1280:720,fps=25 "
        f"-c:v libx264 -preset veryfast -tune zerolatency -g 25 -pix_fmt yuv420p -y {out}"
    )
    subprocess.run(command.split(), check=True)
    return out


@dataclass(frozen=True, kw_only=True)
class Part:
    """What became of one profile; a reason stands where something could not be run."""

    profile: str
    bench: Mapping[str, Any] | None
    roofline: Mapping[str, Any] | None
    compiled_ms: Mapping[str, float]
    reasons: tuple[str, ...]


def of_profile(profile: str, clip: Path, asked: Asked, folder: Path) -> Part:
    """Measure one profile."""
    reasons: list[str] = []
    settings = [word for value in asked.overrides for word in ("--set", value)]
    if asked.build:
        _subface(["engines", "build", "--profile", profile, *settings], reasons)
    bench = folder / f"{profile}-bench.json"
    words = ["bench", f"clip={clip}", "--profile", profile, *settings, "--json", str(bench)]
    words += [
        "--html",
        str(bench.with_suffix(".html")),
        "--markdown",
        str(bench.with_suffix(".md")),
    ]
    words += ["--budget-ms", f"{asked.budget_ms:g}", "--for", f"{asked.for_s:g}"]
    bench.unlink(missing_ok=True)
    _subface([*words, *([] if asked.glass else ["--no-glass"])], reasons)
    bounds = _tried(lambda: roofline(profile, asked.overrides, asked.runs), "roofline", reasons)
    if bounds is not None:
        (folder / f"{profile}-roofline.json").write_text(json.dumps(bounds, indent=2) + "\n")
        (folder / f"{profile}-roofline.md").write_text(roofline_table(bounds))
    compiled = _tried(lambda: compiled_ms(profile, asked), "torch.compile", reasons)
    return Part(
        profile=profile,
        bench=json.loads(bench.read_text()) if bench.is_file() else None,
        roofline=bounds,
        compiled_ms=compiled or {},
        reasons=tuple(reasons),
    )


def _subface(words: Sequence[str], reasons: list[str]) -> None:
    """Run the program; what it said last is the reason if it did not end well."""
    command = [sys.executable, "-m", "stream.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        reasons.append(f"`subface {words[0]}` ended with {done.returncode}: {last}")


def _tried(work: Callable[[], Any], name: str, reasons: list[str]) -> Any:
    """Return what a part gives; where it fails the reason is kept, and the others go on."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 (it is written into the README)
        reasons.append(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}")
        return None


# -------------------------------------------------------------------------------- torch.compile


def compiled_ms(profile_name: str, asked: Asked) -> dict[str, float]:
    """Return the median time of each engine's graph under ``torch.compile``, in milliseconds.

    The graphs are those of ``engines.backends.torch_graph``, operator by operator what the ONNX
    file says, so that the same network is compared and not another of the same name.
    """
    import torch  # noqa: PLC0415 (only where it is installed)

    from engines.backends.torch_graph.graph import read_graph  # noqa: PLC0415
    from engines.backends.torch_graph.program import Constants, Program  # noqa: PLC0415

    profile, store = load_profile(profile_name, list(asked.overrides)), ModelStore()
    name = profile.perception.runtime.device
    has_card = torch.cuda.is_available()
    device = torch.device(name if name != "auto" else "cuda:0" if has_card else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(profile.perception.runtime.threads)
    found = {}
    for model in profile.perception.models():
        if not store.present(model) or store.path(model).suffix != ".onnx":
            continue
        with torch.inference_mode():
            graph = read_graph(store.path(model))
            inputs = [
                torch.ones(
                    shape_of(tensor), dtype=torch.from_numpy(np.empty(0, tensor.dtype)).dtype
                ).to(device)
                for tensor in graph.spec.inputs
            ]
            run = Program(graph, Constants(graph, device), inputs)
            program = torch.compile(run.__call__, fullgraph=True)  # a part left out is an error
            found[model] = round(1000 * _compiled_s(torch, program, inputs, device), 4)
    return found


def _compiled_s(torch: Any, program: Any, inputs: Sequence[Any], device: Any) -> float:
    times = []
    for turn in range(COMPILED_RUNS + 3):
        began_s = time.perf_counter()
        program(inputs)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if turn >= 3:  # the first compile
            times.append(time.perf_counter() - began_s)
    return float(np.median(times))


# ------------------------------------------------------------------------------------- the README


def readme(
    machine: Machine, told: Mapping[str, str], load: float, asked: Asked, parts: Sequence[Part]
) -> str:
    """Return what was measured on what, and what was found."""
    cards = ", ".join(machine.cards) or "none"
    lines = [
        f"# {cards if machine.cards else machine.processor}, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"- processor: {machine.processor}, {machine.cores} cores, {machine.memory_gb} GB; "
        f"cards: {cards}",
        f"- versions: {', '.join(f'{name} {value}' for name, value in told.items())}",
        f"- load of the machine beforehand (1 min): {load:.2f}; where that is above a few tenths, "
        "the times are not those of a quiet machine",
        f"- settings: {', '.join(asked.overrides) or 'those of the profiles'}",
        f"- made by `benchmarks/card.py --profiles {' '.join(part.profile for part in parts)} "
        f"--budget-ms {asked.budget_ms:g} --for {asked.for_s:g} --runs {asked.runs}`",
        "",
    ]
    for part in parts:
        lines += [f"## {part.profile}", ""]
        lines += [*_of_bench(part), *_of_engines(part)]
        lines += [f"- not run: {reason}" for reason in part.reasons]
        lines += [""]
    return "\n".join(lines)


def _of_bench(part: Part) -> list[str]:
    if part.bench is None:
        return ["No bench."]
    capacity, live = part.bench["capacity"], part.bench["live"]
    latency = live["total_ms"]
    p95 = "no reading" if latency is None else f"p95 {latency['p95']:.0f} ms"
    return [
        f"**{capacity['largest']} streams** of 25 frames/s at 1280x720 held within "
        f"{capacity['budget_ms']:g} ms (p95, arrival to publication) and looked at at least "
        f"{capacity['needed_frames_hz']:g} times a second each; one stream: {p95}.",
        "",
    ]


def _of_engines(part: Part) -> list[str]:
    if part.roofline is None:
        return []
    rows = ["| engine | ms | bound ms | times its bound | torch.compile ms |"]
    rows += ["| --- | ---: | ---: | ---: | ---: |"]
    for one in part.roofline["engines"]:
        compiled = part.compiled_ms.get(one["engine"])
        rows.append(
            f"| {one['engine']} | {one['ms']:.2f} | {one['bound_ms']:.3f} | {one['times']:.1f} "
            f"| {'-' if compiled is None else f'{compiled:.2f}'} |"
        )
    return [*rows, ""]


if __name__ == "__main__":
    main()
