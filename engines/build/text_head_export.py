"""The starter's text head: its weights on the disk, and the graph that is made of them.

The weights are safetensors, with a description beside them that says how they came about, of which
encoder's vectors, and by what the logits are divided to be calibrated:

    python -m engines.build.text_head_export engines/models/starter
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
from engines.networks import text_head
from engines.networks.text_head import TextHead

WEIGHTS: Final = "text-head.safetensors"
DESCRIPTION: Final = "text-head.json"
GRAPH: Final = "text-head.onnx"


def write_weights(
    folder: Path, head: TextHead, *, temperature: float, description: Mapping[str, Any]
) -> None:
    """Write trained weights and what is known of them.

    Args:
        folder: Where both files go.
        head: The trained network.
        temperature: What its logits are divided by.
        description: How it was trained and on what it was calibrated.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
    (folder / WEIGHTS).write_bytes(save(tensors))
    described = {
        "network": "text-head",
        "revision": text_head.REVISION,
        "sha256": sha256(folder / WEIGHTS),
        "classes": list(text_head.VALENCES),
        "temperature": temperature,
        **description,
    }
    text = json.dumps(described, indent=2) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def load_head(folder: Path) -> tuple[TextHead, float]:
    """Load weights that ``write_weights`` wrote, and the temperature of their logits.

    Raises:
        ModelError: If a file is missing, damaged, or belongs to another network.
    """
    weights = folder / WEIGHTS
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        expected, temperature = described["sha256"], float(described["temperature"])
        if sha256(weights) != expected:
            msg = f"{weights}: expected sha256 {expected}, as {DESCRIPTION} beside it says"
            raise ModelError(msg)
        head = TextHead()
        head.load_state_dict(load_file(weights))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        msg = f"{folder}: no text head can be read: {' '.join(str(error).split())}"
        raise ModelError(msg) from error
    return head.eval(), temperature


def export_text_head(folder: Path, out: Path) -> None:
    """Convert weights into the graph of ``TextHead``: logits, not yet divided.

    Args:
        folder: Of the weights and their description.
        out: Where the .onnx file goes; its provenance goes beside it.

    Raises:
        ModelError: If the weights cannot be read.
    """
    head, _ = load_head(folder)
    write_graph(
        head,
        (torch.zeros((2, text_head.WIDTH)),),
        out,
        inputs=text_head.INPUTS,
        outputs=text_head.OUTPUTS,
        free_axes={name: {0: "B"} for name in (*text_head.INPUTS, *text_head.OUTPUTS)},
        provenance={
            "made_from_sha256": sha256(folder / WEIGHTS),
            "recipe": "text-head",
            "revision": text_head.REVISION,
            "tools": versions("torch", "onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the graph of a text head's weights, beside them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="engines.build.text_head_export", description=main.__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help=f"by default {GRAPH} in the folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        export_text_head(options.folder, options.out or options.folder / GRAPH)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
