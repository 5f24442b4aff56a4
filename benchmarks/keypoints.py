"""What the embedded keypoints cost, against MediaPipe's own Holistic on the same frames.

    .venv/bin/python benchmarks/keypoints.py [CLIP ...] [--repeats 3]

The chain alone, one thread, faces included, no smoothing: CPU milliseconds a frame, decoding left
out. Holistic runs in .venv-holistic, where scripts/holistic_reference.py made that; the two take
turns, and each figure is the median of its turns. Exit code 6 where ours costs more than Holistic.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SUBFACE_SHARED", ROOT.parent / "shared")).resolve()
PYTHON_OF_HOLISTIC = ROOT / ".venv-holistic" / "bin" / "python"
CLIPS = ("faces/WolfgangLanger_Pexels.mp4", "gestures/asl_gestures_please.mkv")
WARM_UP = 10  # frames: the first ones allocate
REGRESSION = 6


def main() -> int:
    """Measure both, print the table, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--turn", choices=TURNS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    clips = options.clips or [SHARED / "media" / clip for clip in CLIPS]
    if options.turn:
        sys.stdout.write(json.dumps(TURNS[options.turn](clips[0])))
        return 0
    return max(report(clip, options.repeats) for clip in clips)


def report(clip: Path, repeats: int) -> int:
    """Print one clip's figures and return the exit code."""
    rivals = {"ours": sys.executable}
    if PYTHON_OF_HOLISTIC.exists():
        rivals["holistic"] = str(PYTHON_OF_HOLISTIC)
    else:
        print(
            "MediaPipe's Holistic is left out: scripts/holistic_reference.py makes its environment"
        )
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in rivals}
    for _ in range(repeats):
        for name, python in rivals.items():
            command = [python, __file__, str(clip), "--turn", name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            turns[name].append(json.loads(done.stdout))
    print(clip.name)
    cpu = {}
    for name, taken in turns.items():
        cpu[name] = statistics.median(turn["cpu_ms"] for turn in taken)
        wall = statistics.median(turn["wall_ms"] for turn in taken)
        least = min(turn["cpu_ms"] for turn in taken)
        hands = taken[0]["hands"]
        print(
            f"  {name:<9} CPU {cpu[name]:6.2f} ms a frame (least {least:.2f}), wall {wall:6.2f}, "
            f"{taken[0]['frames']:.0f} frames, {hands:.2f} hands a frame"
        )
        for part, spent_ms in taken[0].get("engines_ms", {}).items():
            print(f"    {part:<20} {spent_ms:6.2f}")
    if "holistic" not in cpu:
        return 0
    ratio = cpu["ours"] / cpu["holistic"]
    print(f"  ours / holistic {ratio:.2f}")
    return 0 if ratio <= 1 else REGRESSION


def run_ours(clip: Path) -> dict:
    """Run our chain over a clip."""
    from engines.backends import open_engine  # noqa: PLC0415 (the other turn cannot import it)
    from engines.config import FaceConfig, RuntimeConfig  # noqa: PLC0415
    from engines.models.store import ModelStore  # noqa: PLC0415
    from engines.perception.keypoints.network import Sight  # noqa: PLC0415
    from engines.perception.keypoints.opening import of_store, open_holistic  # noqa: PLC0415

    spent_s: dict[str, float] = {}

    def opened(name, path, *, outputs=None):  # noqa: ANN001, ANN202
        return Metered(name, open_engine(path, RuntimeConfig(), outputs=outputs), spent_s)

    network = open_holistic(of_store(ModelStore(), opened), smooth=False, faces=FaceConfig())
    track = network.follow()

    def find(index: int, time_s: float, image) -> int:  # noqa: ANN001
        found = track.find(Sight(image=image, index=index, time_s=time_s))
        return 0 if found is None else found.left_hand + found.right_hand

    timed = measure(clip, find, spent_s)
    frames = timed["frames"]
    return timed | {"engines_ms": {name: 1e3 * s / frames for name, s in spent_s.items()}}


def run_holistic(clip: Path) -> dict:
    """Run MediaPipe's Holistic over a clip."""
    from mediapipe.python.solutions.holistic import Holistic  # noqa: PLC0415

    with Holistic(
        model_complexity=1, smooth_landmarks=False, refine_face_landmarks=True
    ) as holistic:

        def find(_index: int, _time_s: float, image) -> int:  # noqa: ANN001
            seen = holistic.process(image)
            hands = (seen.left_hand_landmarks, seen.right_hand_landmarks)
            return sum(hand is not None for hand in hands)

        return measure(clip, find, {})


TURNS = {"ours": run_ours, "holistic": run_holistic}


class Metered:
    """An engine whose CPU time is counted."""

    def __init__(self, name, engine, spent_s) -> None:  # noqa: ANN001
        self.spec = engine.spec
        self._name, self._engine, self._spent_s = name, engine, spent_s

    def run(self, batch):  # noqa: ANN001, ANN201
        """Run it and count."""
        started_s = time.thread_time()
        outputs = self._engine.run(batch)
        spent_s = time.thread_time() - started_s
        self._spent_s[self._name] = self._spent_s.get(self._name, 0.0) + spent_s
        return outputs


def measure(clip: Path, find, spent_s: dict[str, float]) -> dict[str, float]:  # noqa: ANN001
    """Return what ``find`` costs a frame, after a few frames that do not count."""
    cpu_s = wall_s = 0.0
    frames = hands = 0
    for index, time_s, image in pictures(clip):
        if index == WARM_UP:
            spent_s.clear()
        began_cpu_s, began_s = time.process_time(), time.perf_counter()
        found = find(index, time_s, image)
        if index >= WARM_UP:
            cpu_s += time.process_time() - began_cpu_s
            wall_s += time.perf_counter() - began_s
            frames, hands = frames + 1, hands + found
    return {
        "frames": frames,
        "cpu_ms": 1e3 * cpu_s / frames,
        "wall_ms": 1e3 * wall_s / frames,
        "hands": hands / frames,
    }


def pictures(clip: Path) -> Iterator[tuple]:
    """Yield (index, time_s, image); nothing is decoded ahead, so no decoder works meanwhile."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "NONE"
        for index, picture in enumerate(container.decode(video=0)):
            image = np.ascontiguousarray(picture.to_ndarray(format="rgb24"))
            yield index, picture.time or 0.0, image


if __name__ == "__main__":
    sys.exit(main())
