"""What the torch backend computes step by step, and what a captured graph of it replays.

Usage: torch_replays.py JOBS.json, by .venv-build's Python. A job has a graph, a folder, and the
variant of the graph that is meant: f32, fp16 or int8, which are made here. Its inputs.npz holds two
batches, as 'first/frame' and 'second/frame': the first is computed and captured, the second is what
a replay finds in their place. Into the folder go variant.onnx and torch.npz.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from emulated_card import EmulatedCard, EmulatedCuda

from calibration.quantize.eight_bits import to_int8
from calibration.quantize.half import to_half
from calibration.quantize.recipe import Recipe
from engines.backends.torch_backend import TorchEngine
from engines.backends.torch_graph.cuda_graphs import CudaGraphs


def make(job, batch, path):
    match job["precision"]:
        case "f32":
            shutil.copy(job["graph"], path)
        case "fp16":
            onnx.save(to_half(onnx.load(job["graph"])), path)
        case "int8":
            ranges = path.with_name("ranges.npz")
            np.savez(ranges, **batch)
            recipe = Recipe(name="all", ranges="mean")
            onnx.save(to_int8(onnx.load(job["graph"]), [ranges], recipe), path)


def replayed(path, first, second):
    cuda = EmulatedCuda()
    with TorchEngine(path, device="cpu") as engine:
        engine._card = EmulatedCard(CudaGraphs(path.stem, None, cuda=cuda))
        for batch in (first, first, second):
            found = engine.run(batch)
        assert engine._card.graphs.capturing
    (graph,) = cuda.graphs
    assert graph.replays == 2
    return found


def main(jobs):
    for job in json.loads(Path(jobs).read_text()):
        folder = Path(job["folder"])
        given = np.load(folder / "inputs.npz")
        first, second = (
            {key.partition("/")[2]: given[key] for key in given.files if key.startswith(batch)}
            for batch in ("first", "second")
        )
        path = folder / "variant.onnx"
        make(job, first, path)
        with TorchEngine(path, device="cpu") as engine:
            stepped = engine.run(second)
        np.savez(
            folder / "torch.npz",
            **{f"stepped/{name}": array for name, array in stepped.items()},
            **{f"replayed/{name}": array for name, array in replayed(path, first, second).items()},
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
