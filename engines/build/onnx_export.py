"""Weights of a publisher to an ONNX graph of ours, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``: it needs torch, Ultralytics
and a second OpenCV, six gigabytes that a monitoring box never sees. It imports nothing that only
the live environment has. Graph and provenance appear by a rename: what is in the cache is whole.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

# read when Ultralytics is imported: it must neither ask its servers nor install packages
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import torch
from ultralytics import YOLO
from ultralytics.nn.modules.head import Detect

from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ModelError, SubfaceError
from engines.networks import person_boxes

SAMPLE_HW: Final = (360, 640)  # any frame: height and width stay free in the graph


def export_person_boxes(weights: Path, canvas_hw: tuple[int, int], out: Path) -> None:
    """Convert Ultralytics' weights into the graph of ``PersonBoxes``.

    Args:
        weights: A YOLO11 detection or segmentation checkpoint. It is a pickle: loading one runs
            what it says, so the caller has checked its digest, or trained it.
        canvas_hw: Height and width of the canvas.
        out: Where the .onnx file goes; its provenance goes beside it.

    Raises:
        ModelError: If it is no detector, or knows no persons.
    """
    graph = person_detector(weights, canvas_hw)
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


def person_detector(weights: Path, canvas_hw: tuple[int, int]) -> person_boxes.PersonBoxes:
    """Load weights as the torch module that the graph is made of; raises as the export does."""
    network = load_detector(weights)
    person = person_class(network.names, weights)
    graph: person_boxes.PersonBoxes = person_boxes.PersonBoxes(network, canvas_hw, person=person)
    graph.eval()
    return graph


def person_class(names: Mapping[int, str], weights: Path) -> int:
    """Return which of a network's classes is a person: the one of that name, or the only one.

    Raises:
        ModelError: If there is neither.
    """
    found = [number for number, name in names.items() if name.casefold() == "person"]
    if not found and len(names) == 1:
        found = list(names)
    if not found:
        known = ", ".join(names.values())
        msg = f"{weights}: expected a class named person, or one class alone, got {known}"
        raise ModelError(msg)
    return found[0]


def load_detector(weights: Path) -> Any:  # noqa: ANN401 (Ultralytics is untyped)
    """Load a YOLO11 network without its mask head, ready to be traced.

    Returns:
        The network in f32 on the CPU, batch normalisation folded, gradients off.

    Raises:
        ModelError: If it is no detector.
    """
    network: Any = YOLO(weights).model.float().eval().fuse(verbose=False)
    head = network.model[-1]
    if not isinstance(head, Detect) or head.end2end:
        kind = type(head).__name__
        msg = f"{weights}: expected a YOLO that detects and leaves suppression to us, got {kind}"
        raise ModelError(msg)
    head.__class__ = Detect  # Segment is a Detect that also computes masks
    head.export, head.format = True, "onnx"
    head.shape = None  # the anchors are laid out anew for the canvas
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=False)
    return network


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
    try:
        export_person_boxes(options.weights, options.canvas, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _canvas(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main())
