"""MediaPipe's networks from TensorFlow Lite to ONNX, so that every runtime reads them.

OpenVINO reads the .tflite files as they are; ONNX Runtime, TensorRT and torch do not. Inputs and
outputs keep their names, shapes and order, so that whoever uses a network takes either file. It
needs ``onnx`` and ``tflite``, no TensorFlow (whose own converter knows no sparse weights):

    .venv-build/bin/python -m engines.build.tflite_export tflite \
        --weights face_landmark.tflite --out face-mesh.onnx
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from engines.build.graph_provenance import place_graph, sha256, versions
from engines.build.tflite_file import TfliteGraph, read_tflite
from engines.build.tflite_operators import OnnxNodes
from engines.errors import SubfaceError

RECIPE: Final = "tflite"
REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
OPSET: Final = 17
IR_VERSION: Final = 9  # what the oldest runtimes we support read


def to_onnx(graph: TfliteGraph) -> ModelProto:
    """Return the same network in ONNX.

    Raises:
        ModelError: If it has an operator that is not supported.
    """
    made = OnnxNodes(graph)
    for number, name in graph.inputs:
        made.add_input(number, name)
    for operator in graph.operators:
        made.add(operator)
    for number, name in graph.outputs:
        made.add_output(number, name)
    body = helper.make_graph(
        made.nodes,
        "tflite",
        [_info(graph, number, name) for number, name in graph.inputs],
        [_info(graph, number, name) for number, name in graph.outputs],
        made.constants,
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _info(graph: TfliteGraph, number: int, name: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, graph.shapes[number])


def export_tflite(weights: Path, out: Path) -> None:
    """Convert a file.

    Args:
        weights: The .tflite file: one graph, fixed shapes, f32 or f16 weights.
        out: Where the .onnx file goes; its provenance goes beside it.

    Raises:
        ModelError: If the file is none, or has an operator that is not supported.
    """
    part = out.with_name(f".{out.name}.part")
    onnx.save(to_onnx(read_tflite(weights)), part)
    place_graph(
        part,
        out,
        {
            "made_from_sha256": sha256(weights),
            "recipe": RECIPE,
            "revision": REVISION,
            "tools": versions("onnx", "tflite"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, as ``subface models pull`` asks for it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="engines.build.tflite_export", description=main.__doc__)
    parser.add_argument("recipe", choices=[RECIPE])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        export_tflite(options.weights, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
