r"""A whole-body network of the RTMW or DWPose family to one graph: frame and boxes in, points out.

The publishers' ONNX files take a crop and return SimCC heads: for each of COCO-WholeBody's 133
keypoints one vector of bins along x and one along y. Crop, normalisation and the decoding of the
heads are put around it here, so that only points leave a GPU. It needs `onnx` and nothing else:

    .venv-build/bin/python -m engines.build.whole_body_export whole-body \
        --weights rtmw-x-l_384x288.onnx --canvas 384x288 --out whole-body.onnx

Crops are laid out as MMPose does: the box grown by a quarter, brought to the canvas's shape, its
corners on the canvas's corners. All crops are cut by one GridSample, one below the other: one a box
would cast the whole frame once for each.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    compose,
    helper,
    numpy_helper,
    version_converter,
)

from engines.build.graph_provenance import place_graph, sha256, versions
from engines.errors import ModelError, SubfaceError

RECIPE: Final = "whole-body"
REVISION: Final = 1  # grows with every change of what the graph computes
INPUTS: Final = ("frame", "boxes")
OUTPUTS: Final = ("points",)

KEYPOINTS: Final = 133  # COCO-WholeBody's
MEAN: Final = (123.675, 116.28, 103.53)  # of red, green, blue: MMPose's data_preprocessor
STD: Final = (58.395, 57.12, 57.375)
PADDING: Final = 1.25  # MMPose's GetBBoxCenterScale
OPSET: Final = 17

_PREFIX: Final = "network_"


def around_network(network: ModelProto, canvas_hw: tuple[int, int]) -> ModelProto:
    """Return the network with the crop before it and the decoding after it.

    Args:
        network: float32 [B 3 h w], normalised -> the two heads [B 133 bins], x first.
        canvas_hw: h and w.

    Raises:
        ModelError: If the network has other inputs or outputs, or an opset that cannot be joined.
    """
    network = version_converter.convert_version(network, OPSET)
    bins_x, bins_y = _heads(network, canvas_hw)
    inner = compose.add_prefix(network, _PREFIX)
    graph = helper.make_graph(
        [
            *_crop_nodes(inner.graph.input[0].name),
            *inner.graph.node,
            *_decode_nodes([output.name for output in inner.graph.output]),
        ],
        "whole_body",
        [
            helper.make_tensor_value_info("frame", TensorProto.UINT8, [1, "H", "W", 3]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["B", 4]),
        ],
        [helper.make_tensor_value_info("points", TensorProto.FLOAT, ["B", KEYPOINTS, 3])],
        [*_constants(canvas_hw, bins_x, bins_y), *inner.graph.initializer],
    )
    joined = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=min(network.ir_version, 9),  # what the oldest runtimes we support read
    )
    onnx.checker.check_model(joined, full_check=True)
    return joined


def _heads(network: ModelProto, canvas_hw: tuple[int, int]) -> tuple[int, int]:
    """Return the number of bins along x and along y, after a look at all tensors."""
    shapes = [
        [axis.dim_value or None for axis in value.type.tensor_type.shape.dim]
        for value in (*network.graph.input, *network.graph.output)
    ]
    expected: list[list[int | None]] = [[3, *canvas_hw], [KEYPOINTS, None], [KEYPOINTS, None]]
    fits = len(shapes) == len(expected) and all(
        len(shape) == 1 + len(wanted)
        and all(want in (None, got) for want, got in zip(wanted, shape[1:], strict=True))
        and (shape[-1] or 0) > 0
        for shape, wanted in zip(shapes, expected, strict=True)
    )
    if not fits:
        height, width = canvas_hw
        msg = (
            f"not a network of the RTMW or DWPose kind for a canvas of {height}x{width}: expected "
            f"[B 3 {height} {width}] -> [B {KEYPOINTS} bins], [B {KEYPOINTS} bins], got {shapes}"
        )
        raise ModelError(msg)
    return int(shapes[1][-1] or 0), int(shapes[2][-1] or 0)


def _constants(canvas_hw: tuple[int, int], bins_x: int, bins_y: int) -> list[TensorProto]:
    height, width = canvas_hw
    across = (np.arange(width) - width / 2) / width  # of the crop's width, from its centre
    along = (np.arange(height) - height / 2) / height
    floats = {
        "half": [0.5],
        "one": [1.0],
        "two": [2.0],
        "zero": [0.0],
        "padding": [PADDING],
        "aspect": [width / height],
        "across": across[None],
        "along": along[None],
        "rows_of_ones": np.ones((1, height, 1)),
        "columns_of_ones": np.ones((1, 1, width)),
        "mean": np.reshape(MEAN, (1, 3, 1, 1)),
        "std": np.reshape(STD, (1, 3, 1, 1)),
        "bin_x": [1 / bins_x],  # of the crop's width
        "bin_y": [1 / bins_y],
    }
    integers = {
        "axis_1": [1],
        "axis_2": [2],
        "axis_last": [-1],
        "height_axis": [1],
        "width_axis": [2],
        "below_each_other": [1, -1, width, 2],
        "one_a_box": [3, -1, height, width],
    }
    return [
        *(numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in floats.items()),
        *(numpy_helper.from_array(np.asarray(v, np.int64), k) for k, v in integers.items()),
    ]


def _crop_nodes(crops: str) -> list[NodeProto]:
    """Return what makes normalised crops, centres [B 1] and sizes [B 1] along x and along y."""
    node = helper.make_node
    return [
        node("Cast", ["frame"], ["cast"], to=TensorProto.FLOAT),  # TensorRT transposes no uint8
        node("Transpose", ["cast"], ["pixels"], perm=[0, 3, 1, 2]),
        node("Shape", ["frame"], ["shape"]),
        node("Gather", ["shape", "width_axis"], ["width_i"]),
        node("Gather", ["shape", "height_axis"], ["height_i"]),
        node("Cast", ["width_i"], ["width"], to=TensorProto.FLOAT),
        node("Cast", ["height_i"], ["height"], to=TensorProto.FLOAT),
        node("Split", ["boxes"], ["x1", "y1", "x2", "y2"], axis=1),
        *_middle_and_side("x"),
        *_middle_and_side("y"),
        node("Mul", ["side_y", "aspect"], ["wide_enough"]),
        node("Div", ["side_x", "aspect"], ["high_enough"]),
        node("Max", ["side_x", "wide_enough"], ["size_x"]),
        node("Max", ["side_y", "high_enough"], ["size_y"]),
        *_sample_points("x", "across", "width", ["axis_1", "rows_of_ones"]),
        *_sample_points("y", "along", "height", ["axis_2", "columns_of_ones"]),
        node("Concat", ["grid_x", "grid_y"], ["grids"], axis=3),
        node("Reshape", ["grids", "below_each_other"], ["grid"]),
        node(
            "GridSample", ["pixels", "grid"], ["column"],
            mode="bilinear", padding_mode="zeros", align_corners=1,
        ),
        node("Reshape", ["column", "one_a_box"], ["by_colour"]),
        node("Transpose", ["by_colour"], ["cut"], perm=[1, 0, 2, 3]),
        node("Sub", ["cut", "mean"], ["centred"]),
        node("Div", ["centred", "std"], [crops]),
    ]  # fmt: skip


def _middle_and_side(axis: str) -> list[NodeProto]:
    node = helper.make_node
    low, high = f"{axis}1", f"{axis}2"
    return [
        node("Add", [low, high], [f"sum_{axis}"]),
        node("Mul", [f"sum_{axis}", "half"], [f"middle_{axis}"]),
        node("Sub", [high, low], [f"extent_{axis}"]),
        node("Max", [f"extent_{axis}", "one"], [f"least_{axis}"]),  # an empty box divides by zero
        node("Mul", [f"least_{axis}", "padding"], [f"side_{axis}"]),
    ]


def _sample_points(axis: str, steps: str, extent: str, spread: list[str]) -> list[NodeProto]:
    """Return what lays the frame's coordinates along one axis over all of a canvas, [B h w 1]."""
    node = helper.make_node
    unsqueezed, ones = spread
    return [
        node("Mul", [f"size_{axis}", steps], [f"offset_{axis}"]),
        node("Add", [f"offset_{axis}", f"middle_{axis}"], [f"at_{axis}"]),
        node("Sub", [extent, "one"], [f"last_{axis}"]),
        node("Max", [f"last_{axis}", "one"], [f"span_{axis}"]),
        node("Div", [f"at_{axis}", f"span_{axis}"], [f"share_{axis}"]),
        node("Mul", [f"share_{axis}", "two"], [f"double_{axis}"]),
        node("Sub", [f"double_{axis}", "one"], [f"line_{axis}"]),
        node("Unsqueeze", [f"line_{axis}", unsqueezed], [f"lines_{axis}"]),
        node("Mul", [f"lines_{axis}", ones], [f"plane_{axis}"]),
        node("Unsqueeze", [f"plane_{axis}", "axis_last"], [f"grid_{axis}"]),
    ]


def _decode_nodes(heads: list[str]) -> list[NodeProto]:
    node = helper.make_node
    decoded = []
    for axis, head in zip("xy", heads, strict=True):
        decoded += [
            node("ArgMax", [head], [f"best_{axis}"], axis=2, keepdims=0),
            node("Cast", [f"best_{axis}"], [f"best_bin_{axis}"], to=TensorProto.FLOAT),
            node("Mul", [f"best_bin_{axis}", f"bin_{axis}"], [f"part_{axis}"]),
            node("Sub", [f"part_{axis}", "half"], [f"from_middle_{axis}"]),
            node("Mul", [f"from_middle_{axis}", f"size_{axis}"], [f"away_{axis}"]),
            node("Add", [f"away_{axis}", f"middle_{axis}"], [f"place_{axis}"]),
            node("Unsqueeze", [f"place_{axis}", "axis_last"], [f"point_{axis}"]),
            node("ReduceMax", [head], [f"sure_{axis}"], axes=[2], keepdims=1),
        ]
    return [
        *decoded,
        node("Min", ["sure_x", "sure_y"], ["surer"]),
        node("Max", ["surer", "zero"], ["not_negative"]),
        node("Min", ["not_negative", "one"], ["score"]),
        node("Concat", ["point_x", "point_y", "score"], ["points"], axis=2),
    ]


def export_whole_body(weights: Path, canvas_hw: tuple[int, int], out: Path) -> None:
    """Convert a publisher's file; its provenance goes beside the new one.

    Raises:
        ModelError: If the file is no ONNX graph of that kind.
    """
    try:
        onnx.checker.check_model(str(weights))
    except (OSError, onnx.checker.ValidationError) as error:
        msg = f"{weights}: cannot be read as ONNX: {str(error).strip().partition(chr(10))[0]}"
        raise ModelError(msg) from error
    network = onnx.load(weights)
    part = out.with_name(f".{out.name}.part")
    onnx.save(around_network(network, canvas_hw), part)
    place_graph(
        part,
        out,
        {
            "made_from_sha256": sha256(weights),
            "recipe": RECIPE,
            "revision": REVISION,
            "canvas_hw": canvas_hw,
            "tools": versions("onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, as ``subface models pull`` asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=[RECIPE])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--canvas", required=True, help="height x width, such as 384x288")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    height, width = map(int, options.canvas.split("x"))
    try:
        export_whole_body(options.weights, (height, width), options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
