"""Graphs with int8 written into them, by ranges of noise: what they compute is of no use.

Usage: eight_bit_graphs.py FOLDER GRAPH..., by .venv-build's Python.
"""

import sys
from pathlib import Path

import numpy as np
import onnx

from calibration.quantize.eight_bits import to_int8
from calibration.quantize.recipe import Recipe

EXTENTS = {"H": 90, "W": 160, "B": 1, "T": 8}


def noise(random, value):
    kind = value.type.tensor_type.elem_type
    shape = [axis.dim_value or EXTENTS[axis.dim_param] for axis in value.type.tensor_type.shape.dim]
    if kind == onnx.TensorProto.FLOAT:
        return random.uniform(-1, 1, shape).astype(np.float32)
    if kind == onnx.TensorProto.UINT8:
        return random.integers(0, 256, shape, np.uint8)
    return np.ones(shape, np.int64)


def main(folder, *paths):
    random = np.random.default_rng(0)
    for path in map(Path, paths):
        model = onnx.load(path)
        batch = Path(folder) / f"{path.stem}.npz"
        np.savez(batch, **{value.name: noise(random, value) for value in model.graph.input})
        made = to_int8(model, [batch], Recipe(name="all", ranges="mean", correct_bias=False))
        onnx.save(made, Path(folder) / path.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
