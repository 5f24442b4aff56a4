"""What the torch backend costs beside torch itself: DINOv2 with its crop, one box a run.

    PYTHONPATH=. .venv-build/bin/python benchmarks/torch_backend.py [--size small] [--runs 20]
        [--device cpu]

One thread, f32, random weights: the graph is exported from the module that it is compared with, and
both compute the same box in turn. On the CPU the milliseconds are the process's own, so that what
else the machine does counts little; on a card they are the clock's, and runs are replays.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import torch

from engines.backends.torch_backend import TorchEngine, exact_arithmetic
from engines.build.dinov2_export import export_dinov2_crop
from engines.build.dinov2_weights import SIZES, lay_out_positions, random_encoder
from engines.networks.dinov2_crop import DinoV2Crop

CANVAS_HW = (224, 224)
WARM_UPS = 3  # on a card the second captures


def main() -> None:
    """Print both, and by how much they differ."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    exact_arithmetic()
    frame = np.random.default_rng(0).integers(0, 256, (1, 360, 640, 3), np.uint8)
    boxes = np.array([[40, 20, 300, 350]], np.float32)
    encoder = random_encoder(options.size, registers=False, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crops.onnx"
        export_dinov2_crop(encoder, path, canvas_hw=CANVAS_HW, pooling="cls", batch=0, made_from={})
        engine = TorchEngine(path, device=options.device, threads=1)
    lay_out_positions(encoder, CANVAS_HW)
    module = DinoV2Crop(encoder.network, CANVAS_HW).eval().to(options.device)

    def eagerly() -> np.ndarray:
        with torch.inference_mode():
            given = (torch.from_numpy(array).to(options.device) for array in (frame, boxes))
            return module(*given).cpu().numpy()

    def by_the_backend() -> np.ndarray:
        return engine.run({"frame": frame, "boxes": boxes})["embedding"]

    clock = time.process_time if options.device == "cpu" else time.perf_counter
    both = {"torch's own module": eagerly, engine.name: by_the_backend}
    times_ms: dict[str, list[float]] = {name: [] for name in both}
    for turn in range(WARM_UPS + options.runs):
        for name, work in both.items():
            took_ms = milliseconds(work, clock)
            if turn >= WARM_UPS:
                times_ms[name].append(took_ms)
    for name, taken in times_ms.items():
        low, *_, high = quantiles(taken, n=10)
        print(f"{name}: median {median(taken):.1f} ms, p10 {low:.1f}, p90 {high:.1f}")
    print(f"greatest difference: {np.abs(eagerly() - by_the_backend()).max():.1e}")


def milliseconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return what a piece of work takes by a clock."""
    began_s = clock()
    work()
    return (clock() - began_s) * 1e3


if __name__ == "__main__":
    main()
