"""dlib's face network to the graph of ``FaceEmbedding``, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``. dlib itself is not needed:
its file is plain numbers, and nothing in it is executed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from engines.build.dlib_weights import read_face_network
from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ConfigError, SubfaceError
from engines.networks import face_embedding


def export_face_embedding(weights: Path, canvas_hw: tuple[int, int], out: Path) -> None:
    """Convert dlib's file into the graph.

    Args:
        weights: ``dlib_face_recognition_resnet_model_v1.dat``.
        canvas_hw: Height and width of an aligned face; the network knows one only.
        out: Where the .onnx file goes; its provenance goes beside it.

    Raises:
        ConfigError: If the canvas is another.
        ModelError: If the file does not hold this network.
    """
    side = face_embedding.SIDE_PX
    if canvas_hw != (side, side):
        msg = f"--canvas: expected {side}x{side}, got {canvas_hw[0]}x{canvas_hw[1]}"
        raise ConfigError(msg)
    convolutions, projection = read_face_network(weights)
    write_graph(
        face_embedding.FaceEmbedding(convolutions, projection).eval(),
        (torch.zeros((1, side, side, 3), dtype=torch.uint8),),
        out,
        inputs=face_embedding.INPUTS,
        outputs=face_embedding.OUTPUTS,
        free_axes={},
        provenance={
            "made_from_sha256": sha256(weights),
            "recipe": "face-embedding",
            "revision": face_embedding.REVISION,
            "canvas_hw": canvas_hw,
            "tools": versions("torch", "onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert the face network.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="engines.build.face_embedding_export", description=main.__doc__
    )
    parser.add_argument("recipe", choices=["face-embedding"])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--canvas", type=_canvas, required=True, metavar="HxW")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        export_face_embedding(options.weights, options.canvas, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _canvas(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main())
