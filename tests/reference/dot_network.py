"""A small whole-body network of the publishers' shapes, which sees three coloured dots.

Usage: dot_network.py OUT.onnx CANVAS KEYPOINTS

In its heads keypoint k is where channel k % 3 of the crop is brightest.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.build.whole_body_export import MEAN, STD

BINS_A_PIXEL = 2  # SimCC's split ratio
SCORE = 0.8


def main(path, canvas, keypoints):
    height, width = map(int, canvas.split("x"))
    keypoints = int(keypoints)
    node = helper.make_node
    choice = np.zeros((keypoints, 3), np.float32)
    choice[np.arange(keypoints), np.arange(keypoints) % 3] = 1
    scale = np.array([1, 1, BINS_A_PIXEL], np.float32)
    bright = (255 - np.array(MEAN)) / np.array(STD)  # a dot as the network sees it
    nodes, outputs = [], []
    for axis, over, bins in (("x", 2, width), ("y", 3, height)):
        nodes += [
            node("ReduceMax", ["input"], [f"line_{axis}"], axes=[over], keepdims=0),
            node("Resize", [f"line_{axis}", "roi", "scale"], [f"bins_{axis}"], mode="nearest",
                 coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
            node("Mul", [f"bins_{axis}", "sure"], [f"scored_{axis}"]),
            node("MatMul", ["choice", f"scored_{axis}"], [f"simcc_{axis}"]),
        ]  # fmt: skip
        outputs.append(
            helper.make_tensor_value_info(
                f"simcc_{axis}", TensorProto.FLOAT, ["batch", keypoints, bins * BINS_A_PIXEL]
            )
        )
    graph = helper.make_graph(
        nodes,
        "dots",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, height, width])],
        outputs,
        [
            numpy_helper.from_array(choice, "choice"),
            numpy_helper.from_array(np.zeros(0, np.float32), "roi"),
            numpy_helper.from_array(scale, "scale"),
            numpy_helper.from_array((SCORE / bright).reshape(1, 3, 1).astype(np.float32), "sure"),
        ],
    )
    # the publishers' exports are of opset 11
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6), path
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
