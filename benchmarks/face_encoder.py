"""The starter's face encoder against fer's network, on the same pictures of faces.

    .venv/bin/python benchmarks/face_encoder.py [FACES.npz] [--without TRAINING.npz]

By default on FER-2013's public test without the pictures that are byte-identical to a training
picture. Both networks run on OpenVINO in f32, one thread. fer's is given the picture as its package
gives it: bilinear from 48 to 64 pixels, no alignment; ours as it is. The interval of the difference
is of 10,000 bootstrap samples of the pictures, paired. Exit code 6 where it is not all above 0.

What the difference does not say: fer's network was very probably trained on FER-2013's training
pictures too (it is 5 points better on them), and the pictures of this file have an equalised
histogram, which ours was trained on; which pictures fer's was trained on is not documented.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Int64, UInt8
from numpy import ndarray

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.models.store import ModelStore
from engines.perception.expression import NETWORK_ORDER
from engines.spec.labels import EXPRESSIONS
from engines.spec.tensors import Batch
from training.starter.faces import read_faces

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Classes = Int64[ndarray, " N"]
BOOTSTRAPS = 10_000
REGRESSION = 6


def main() -> int:
    """Compare, print, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", nargs="?", type=Path, default=DATA / "fer2013_public_test.npz")
    parser.add_argument("--without", type=Path, default=DATA / "fer2013_train.npz")
    parser.add_argument("--ours", type=Path, help="graph; the shipped one by default")
    parser.add_argument("--json", type=Path, help="where the difference goes, for the card")
    options = parser.parse_args()
    faces = read_faces(options.faces).without(read_faces(options.without))
    store = ModelStore()
    ours, ours_ms = read_ours(options.ours or store.path("starter-face"), faces.images)
    theirs, theirs_ms = read_theirs(store.path("fer-expression"), faces.images)
    right = np.stack([ours, theirs]) == faces.labels
    print(
        f"{len(faces)} pictures of {options.faces.name}, none of them in {options.without.name}\n"
    )
    print(f"{'':22}{'face encoder':>14}{'fer':>8}")
    print(f"{'accuracy':22}{right[0].mean():>14.4f}{right[1].mean():>8.4f}")
    for index, name in enumerate(EXPRESSIONS):
        some = right[:, faces.labels == index].mean(axis=1)
        print(f"{f'recall, {name}':22}{some[0]:>14.3f}{some[1]:>8.3f}")
    print(f"{'ms a face, median':22}{ours_ms:>14.2f}{theirs_ms:>8.2f}")
    points = 100 * (right[0].astype(float) - right[1])
    samples = np.random.default_rng(0).integers(len(points), size=(BOOTSTRAPS, len(points)))
    low, high = np.percentile([points[rows].mean() for rows in samples], [2.5, 97.5])
    print(f"\ndifference {points.mean():+.2f} points, 95 % {low:+.2f} to {high:+.2f}, paired")
    if options.json is not None:
        found = {
            "peer_accuracy": right[1].mean(),
            "points": points.mean(),
            "low": low,
            "high": high,
        }
        found |= {"ms": ours_ms, "peer_ms": theirs_ms}
        rounded = {name: round(float(value), 4) for name, value in found.items()}
        options.json.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
    return 0 if low > 0 else REGRESSION


def read_ours(path: Path, images: UInt8[ndarray, "N 48 48"]) -> tuple[Classes, float]:
    """Return the classes by the face encoder, and the milliseconds that a face takes."""
    with open_engine(path, RuntimeConfig()) as engine:
        outputs, ms = run_all(engine, [{"face": image[None]} for image in images])
    return np.array([out["probabilities"][0].argmax() for out in outputs]), ms


def read_theirs(path: Path, images: UInt8[ndarray, "N 48 48"]) -> tuple[Classes, float]:
    """Return the classes by fer's network, and the milliseconds that a face takes."""
    larger = [cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR) for image in images]
    batches = [{"x": (i / np.float32(127.5) - np.float32(1))[None, :, :, None]} for i in larger]
    with open_engine(path, RuntimeConfig()) as engine:
        outputs, ms = run_all(engine, batches)
    order = np.array([EXPRESSIONS.index(name) for name in NETWORK_ORDER])
    return order[[out["Identity"][0].argmax() for out in outputs]], ms


def run_all(engine: Engine, batches: Sequence[Batch]) -> tuple[list[Batch], float]:
    """Run batches one by one; return what came out and the median time."""
    outputs, times = [], []
    for batch in batches:
        start_s = time.perf_counter()
        outputs.append({name: array.copy() for name, array in engine.run(batch).items()})
        times.append(time.perf_counter() - start_s)
    return outputs, 1000 * float(np.median(times))


if __name__ == "__main__":
    sys.exit(main())
