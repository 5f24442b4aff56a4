"""The starter's face encoder: its weights on the disk, and the graph that is made of them.

The weights are safetensors, with a description beside them that says how they came about and how
they are calibrated; so the graph can be made again without training code:

    python -m engines.build.face_encoder_export engines/models/starter
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ModelError, SubfaceError
from engines.networks import face_encoder
from engines.networks.face_encoder import FaceEncoder, FaceReader

WEIGHTS: Final = "face-encoder.safetensors"
DESCRIPTION: Final = "face-encoder.json"
GRAPH: Final = "face-encoder.onnx"


def write_weights(
    folder: Path,
    encoder: FaceEncoder,
    *,
    temperature: float,
    smoothing: float,
    description: Mapping[str, Any],
) -> None:
    """Write trained weights and what is known of them.

    Args:
        folder: Where both files go.
        encoder: The trained network.
        temperature: What its logits are divided by.
        smoothing: What is taken back of its probabilities.
        description: How it was trained and on what it was calibrated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}
    (folder / WEIGHTS).write_bytes(save(tensors))
    described = {
        "network": "face-encoder",
        "revision": face_encoder.REVISION,
        "sha256": sha256(folder / WEIGHTS),
        "temperature": temperature,
        "smoothing": smoothing,
        **description,
    }
    text = json.dumps(described, indent=2) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def load_reader(folder: Path) -> FaceReader:
    """Load weights that ``write_weights`` wrote, ready to read faces.

    Raises:
        ModelError: If a file is missing, damaged, or belongs to another network.
    """
    weights = folder / WEIGHTS
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        expected = described["sha256"]
        temperature, smoothing = float(described["temperature"]), float(described["smoothing"])
        if sha256(weights) != expected:
            msg = f"{weights}: expected sha256 {expected}, as {DESCRIPTION} beside it says"
            raise ModelError(msg)
        encoder = FaceEncoder()
        encoder.load_state_dict(load_file(weights))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        msg = f"{folder}: no face encoder can be read: {' '.join(str(error).split())}"
        raise ModelError(msg) from error
    reader = FaceReader(encoder, temperature=temperature, smoothing=smoothing)
    reader.eval()
    return reader


def export_face_encoder(folder: Path, out: Path) -> None:
    """Convert weights into the graph of ``FaceReader``.

    Args:
        folder: Of the weights and their description.
        out: Where the .onnx file goes; its provenance goes beside it.

    Raises:
        ModelError: If the weights cannot be read.
    """
    side = face_encoder.SIDE_PX
    write_graph(
        load_reader(folder),
        (torch.zeros((2, side, side), dtype=torch.uint8),),
        out,
        inputs=face_encoder.INPUTS,
        outputs=face_encoder.OUTPUTS,
        free_axes={name: {0: "B"} for name in (*face_encoder.INPUTS, *face_encoder.OUTPUTS)},
        provenance={
            "made_from_sha256": sha256(folder / WEIGHTS),
            "recipe": "face-encoder",
            "revision": face_encoder.REVISION,
            "tools": versions("torch", "onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the graph of a face encoder's weights, beside them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="engines.build.face_encoder_export", description=main.__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help=f"by default {GRAPH} in the folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        export_face_encoder(options.folder, options.out or options.folder / GRAPH)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
