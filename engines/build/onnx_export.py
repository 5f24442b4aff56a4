"""Weights of a publisher to an ONNX graph of ours, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``: it needs torch, Ultralytics
and a second OpenCV, six gigabytes that a monitoring box never sees. It imports nothing that only
the live environment has. Graph and provenance appear by a rename: what is in the cache is whole.
"""

import argparse
import hashlib
import json
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

# read when Ultralytics is imported: it must neither ask its servers nor install packages
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import onnx
import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.modules.head import Detect

from engines.networks import person_boxes

OPSET: Final = 17  # the first with everything that is used; TensorRT 10.3 reads up to 20
SAMPLE_HW: Final = (360, 640)  # any frame: height and width stay free in the graph
TOOLS: Final = ("torch", "ultralytics", "onnx")


def export_person_boxes(weights: Path, canvas_hw: tuple[int, int], out: Path) -> None:
    """Convert Ultralytics' weights into the graph of ``PersonBoxes``.

    Args:
        weights: A YOLO11 detection or segmentation checkpoint. It is a pickle: loading one runs
            what it says, so the caller has checked its digest.
        canvas_hw: Height and width of the canvas.
        out: Where the .onnx file goes; its provenance goes beside it.
    """
    graph = person_boxes.PersonBoxes(load_detector(weights), canvas_hw).eval()
    frame = torch.zeros((1, *SAMPLE_HW, 3), dtype=torch.uint8)
    part = out.with_name(f".{out.name}.part")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on branches inside Ultralytics' head
        graph(frame)
        torch.onnx.export(
            graph,
            (frame,),
            part,
            opset_version=OPSET,
            input_names=list(person_boxes.INPUTS),
            output_names=list(person_boxes.OUTPUTS),
            dynamic_axes={"frame": {1: "H", 2: "W"}},
            dynamo=False,  # the other exporter fixes H and W where the grid is computed
        )
    onnx.checker.check_model(part, full_check=True)
    provenance = {
        "sha256": _sha256(part),
        "size_bytes": part.stat().st_size,
        "made_from_sha256": _sha256(weights),
        "recipe": "person-boxes",
        "revision": person_boxes.REVISION,
        "canvas_hw": canvas_hw,
        "tools": {name: version(name) for name in TOOLS},
    }
    part.replace(out)
    beside = out.with_name(f"{out.name}.json")
    part.write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
    part.replace(beside)


def load_detector(weights: Path) -> nn.Module:
    """Load a YOLO11 network without its mask head, ready to be traced.

    Returns:
        The network in f32 on the CPU, batch normalisation folded, gradients off.
    """
    network: Any = YOLO(weights).model.float().eval().fuse(verbose=False)
    head = network.model[-1]
    head.__class__ = Detect  # Segment is a Detect that also computes masks
    head.export, head.format = True, "onnx"
    head.shape = None  # the anchors are laid out anew for the canvas
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=False)
    detector: nn.Module = network
    return detector


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert one model.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="engines.build.onnx_export", description=main.__doc__)
    parser.add_argument("recipe", choices=["person-boxes"])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--canvas", type=_canvas, required=True, metavar="HxW")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    export_person_boxes(options.weights, options.canvas, options.out)
    return 0


def _canvas(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    return int(height), int(width)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
