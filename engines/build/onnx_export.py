"""Weights of a publisher to an ONNX graph of ours, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``: it needs torch, Ultralytics
and a second OpenCV, six gigabytes that a monitoring box never sees. It imports nothing that only
the live environment has. Graph and provenance appear by a rename: what is in the cache is whole.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

# read when Ultralytics is imported: it must neither ask its servers nor install packages
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import torch
from torch import nn
from ultralytics import YOLO
from ultralytics.nn.modules.head import Detect

from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.networks import person_boxes

SAMPLE_HW: Final = (360, 640)  # any frame: height and width stay free in the graph


def export_person_boxes(weights: Path, canvas_hw: tuple[int, int], out: Path) -> None:
    """Convert Ultralytics' weights into the graph of ``PersonBoxes``.

    Args:
        weights: A YOLO11 detection or segmentation checkpoint. It is a pickle: loading one runs
            what it says, so the caller has checked its digest.
        canvas_hw: Height and width of the canvas.
        out: Where the .onnx file goes; its provenance goes beside it.
    """
    graph = person_boxes.PersonBoxes(load_detector(weights), canvas_hw).eval()
    write_graph(
        graph,
        (torch.zeros((1, *SAMPLE_HW, 3), dtype=torch.uint8),),
        out,
        inputs=person_boxes.INPUTS,
        outputs=person_boxes.OUTPUTS,
        free_axes={"frame": {1: "H", 2: "W"}},
        provenance={
            "made_from_sha256": sha256(weights),
            "recipe": "person-boxes",
            "revision": person_boxes.REVISION,
            "canvas_hw": canvas_hw,
            "tools": versions("torch", "ultralytics", "onnx"),
        },
    )


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


if __name__ == "__main__":
    sys.exit(main())
