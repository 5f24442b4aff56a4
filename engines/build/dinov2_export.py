r"""DINOv2 to the graph of ``DinoV2Crop``, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``. By hand it also takes a folder
of one's own, a hub's id, or no weights at all:

    .venv-build/bin/python -m engines.build.dinov2_export dinov2-crop \
        --weights FOLDER|FILE.safetensors | --hub facebook/dinov2-base | --random base \
        --canvas 224x224 --pooling cls --out appearance.onnx
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

# read when transformers is imported
os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import torch

from engines.build.dinov2_weights import (
    SIZES,
    Encoder,
    lay_out_positions,
    load_encoder,
    load_hub_encoder,
    random_encoder,
)
from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ConfigError, SubfaceError
from engines.networks import dinov2_crop

SAMPLE_HW: Final = (360, 640)  # any frame: height and width stay free in the graph
SAMPLE_BOXES: Final = ((40.0, 20.0, 300.0, 350.0), (320.0, 60.0, 700.0, 340.0))
ANY_BATCH: Final = 0


def export_dinov2_crop(
    encoder: Encoder,
    out: Path,
    *,
    canvas_hw: tuple[int, int],
    pooling: dinov2_crop.Pooling,
    batch: int,
    made_from: Mapping[str, str],
) -> None:
    """Write the graph.

    Args:
        encoder: The network; its positions are laid out for the canvas.
        out: Where the .onnx file goes; its provenance goes beside it.
        canvas_hw: Height and width of a crop.
        pooling: Which tokens make the embedding.
        batch: Boxes a run; 0 leaves it open.
        made_from: The digest of the weights, and whatever else says what they are.

    Raises:
        ConfigError: If the canvas is no multiple of the patch.
        ModelError: If the weights do not fit into one file.
    """
    height, width = canvas_hw
    if height % encoder.patch_px or width % encoder.patch_px:
        msg = f"--canvas: expected multiples of {encoder.patch_px}, got {height}x{width}"
        raise ConfigError(msg)
    lay_out_positions(encoder, canvas_hw)
    graph = dinov2_crop.DinoV2Crop(
        encoder.network, canvas_hw, pooling=pooling, registers=encoder.registers
    ).eval()
    # two boxes where the number is open: the tracer takes an axis of one for a constant
    boxes = torch.tensor([SAMPLE_BOXES[k % len(SAMPLE_BOXES)] for k in range(batch or 2)])
    free = {"frame": {1: "H", 2: "W"}}
    if batch == ANY_BATCH:
        free |= {"boxes": {0: "B"}, "embedding": {0: "B"}}
    write_graph(
        graph,
        (torch.zeros((1, *SAMPLE_HW, 3), dtype=torch.uint8), boxes),
        out,
        inputs=dinov2_crop.INPUTS,
        outputs=dinov2_crop.OUTPUTS,
        free_axes=free,
        provenance={
            **made_from,
            "recipe": "dinov2-crop",
            "revision": dinov2_crop.REVISION,
            "canvas_hw": canvas_hw,
            "options": {"pooling": pooling, "batch": str(batch)},
            "tools": versions("torch", "transformers", "onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a DINOv2 encoder with its crop.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        encoder, made_from = _encoder(options)
        export_dinov2_crop(
            encoder,
            options.out,
            canvas_hw=options.canvas,
            pooling=options.pooling,
            batch=options.batch,
            made_from=made_from,
        )
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="engines.build.dinov2_export", description=main.__doc__)
    parser.add_argument("recipe", choices=["dinov2-crop"])
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--weights", type=Path, metavar="FOLDER|FILE.safetensors")
    weights.add_argument("--hub", metavar="REPO", help="such as facebook/dinov2-base")
    weights.add_argument("--random", choices=list(SIZES), help="no weights: numbers out of --seed")
    parser.add_argument("--hub-revision", default="main")
    parser.add_argument("--registers", action="store_true", help="of a --random network")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--canvas", type=_canvas, default=(224, 224), metavar="HxW")
    parser.add_argument("--pooling", choices=get_args(dinov2_crop.Pooling), default="cls")
    parser.add_argument("--batch", type=int, default=ANY_BATCH, help="boxes a run; 0: any number")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def _encoder(options: argparse.Namespace) -> tuple[Encoder, dict[str, str]]:
    if options.random:
        encoder = random_encoder(options.random, registers=options.registers, seed=options.seed)
        shown = f"random weights, size {options.random}, seed {options.seed}"
        return encoder, {"made_from_sha256": _digest(encoder), "made_from": shown}
    if options.hub:
        encoder = load_hub_encoder(options.hub, options.hub_revision)
        shown = f"hub {options.hub} at {options.hub_revision}"
        return encoder, {"made_from_sha256": _digest(encoder), "made_from": shown}
    weights = options.weights
    file = weights / "model.safetensors" if weights.is_dir() else weights
    if not file.is_file():
        msg = f"--weights {weights}: there is no {file.name}"
        raise ConfigError(msg)
    return load_encoder(weights), {"made_from_sha256": sha256(file), "made_from": file.name}


def _digest(encoder: Encoder) -> str:
    """Return a digest of weights that came out of no single file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _canvas(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main())
