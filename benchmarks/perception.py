"""What the perception of one clip costs: each engine's time, and CPU time outside the engines.

    .venv/bin/python benchmarks/perception.py ../shared/media/faces/WolfgangLanger_Pexels.mp4
        [--model yolo11n-persons-192x320] [--every 3] [--annotate FOLDER]

One thread does everything, one frame after the other, so its CPU clock can be split: an OpenVINO
engine of one thread runs in the calling thread. ``--annotate`` writes every tenth frame with what
was seen in it, to be looked at.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import av
import cv2
import numpy as np

from engines.backends import open_engine
from engines.config import DetectorConfig, PerceptionConfig
from engines.engine import Engine
from engines.models.store import ModelStore
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec.frame import Frame
from engines.spec.labels import EXPRESSIONS
from engines.spec.observation import Scene
from engines.spec.tensors import Batch

ANNOTATE_EVERY = 10


class Stopwatch:
    """CPU seconds of this thread, by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()

    def add(self, name: str, since_s: float) -> None:
        """Book the time since a reading of the thread's clock."""
        self.seconds[name] += time.thread_time() - since_s
        self.calls[name] += 1


class TimedEngine:
    """An engine whose runs are booked under its name."""

    def __init__(self, name: str, engine: Engine, stopwatch: Stopwatch) -> None:
        self.spec = engine.spec
        self._name, self._engine, self._stopwatch = name, engine, stopwatch

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch."""
        began_s = time.thread_time()
        out = self._engine.run(batch)
        self._stopwatch.add(self._name, began_s)
        return out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._engine.__exit__(None, None, None)


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("clip", type=Path)
    options.add_argument("--model", default=DetectorConfig().model)
    options.add_argument("--every", type=int, default=DetectorConfig().every)
    options.add_argument("--annotate", type=Path)
    args = options.parse_args()

    config = PerceptionConfig(detector=DetectorConfig(model=args.model, every=args.every))
    engines, stages = Stopwatch(), Stopwatch()
    scenes: list[Scene] = []

    def open_timed(name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        return TimedEngine(name, open_engine(path, config.runtime, outputs=outputs), engines)

    with open_networks(config, ModelStore(), open_timed) as networks, av.open(args.clip) as media:
        observer = Observer(config)
        media.streams.video[0].thread_type = "NONE"  # libav's threads would escape the clock
        pictures = media.decode(video=0)
        began_wall_s = time.perf_counter()
        while True:
            began_s = time.thread_time()
            picture = next(pictures, None)
            if picture is None:
                break
            frame = Frame(
                source=args.clip.stem,
                epoch=0,
                shot=0,
                index=len(scenes),
                time_s=picture.time or 0.0,
                captured_at=None,
                arrived_s=0.0,
                image=picture.to_ndarray(format="rgb24"),
            )
            stages.add("decode", began_s)
            began_s = time.thread_time()
            scene = observer.observe(networks, frame)
            stages.add("perceive", began_s)
            scenes.append(scene)
            if args.annotate and scene.index % ANNOTATE_EVERY == 0:
                annotate(frame.image, scene, args.annotate)
        wall_s = time.perf_counter() - began_wall_s
    report(scenes, engines, stages, wall_s)


def report(scenes: list[Scene], engines: Stopwatch, stages: Stopwatch, wall_s: float) -> None:
    """Print where the time went, and what was seen."""
    count = len(scenes)
    print(f"{'engine':28} {'ms a run':>9} {'runs a frame':>13} {'ms a frame':>11}")
    for name, seconds in engines.seconds.items():
        runs = engines.calls[name]
        times = f"{1e3 * seconds / runs:9.2f} {runs / count:13.2f} {1e3 * seconds / count:11.2f}"
        print(f"{name:28} {times}")
    inside = 1e3 * sum(engines.seconds.values()) / count
    decode = 1e3 * stages.seconds["decode"] / count
    outside = 1e3 * stages.seconds["perceive"] / count - inside
    print(f"CPU ms a frame: engines {inside:.2f}, perception outside them {outside:.2f}, ", end="")
    print(f"decoding and RGB {decode:.2f}; {count} frames, {count / wall_s:.1f} frames/s")
    faces = Counter(sum(s.expression is not None for s in scene.observations) for scene in scenes)
    tracks = {seen.track_id for scene in scenes for seen in scene.observations}
    print(f"tracks {len(tracks)}; frames by number of faces {dict(sorted(faces.items()))}")


def annotate(image: np.ndarray, scene: Scene, folder: Path) -> None:
    """Write a frame with the persons and faces seen in it."""
    folder.mkdir(parents=True, exist_ok=True)
    canvas = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    for seen in scene.observations:
        x1, y1, x2, y2 = seen.box_xyxy.astype(int).tolist()
        cv2.rectangle(canvas, (x1, y1), (x2, y2), (0, 255, 0), 1)
        text = f"{seen.person_id} {seen.score:.2f}"
        if seen.face_xyxy is not None and seen.expression is not None:
            left, top, right, bottom = seen.face_xyxy.astype(int).tolist()
            cv2.rectangle(canvas, (left, top), (right, bottom), (255, 200, 0), 1)
            best = int(seen.expression.argmax())
            text += f" {EXPRESSIONS[best]} {seen.expression[best]:.2f}"
        cv2.putText(canvas, text, (x1 + 3, y1 + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 255, 0))
    cv2.imwrite(str(folder / f"{scene.source}-{scene.index:05}.png"), canvas)


if __name__ == "__main__":
    main()
