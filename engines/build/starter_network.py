"""The starter network: a declared rule over the face encoder and the text head, as a checkpoint.

    .venv-build/bin/python -m engines.build.starter_network

The folder is made of what lies beside it: the weights of both, their descriptions, and the numbers
of the rule (``starter-rule.json``), which ``training.starter.rule`` chose. Made again it is the
same, byte by byte.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import torch
from pydantic import Field, ValidationError
from torch import Tensor, nn

from engines.build import face_encoder_export, text_head_export
from engines.build.face_encoder_export import load_reader
from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.build.text_head_export import load_head
from engines.errors import ModelError, SubfaceError
from engines.models.starter_network import STARTER
from engines.networks import face_encoder, starter_rule, text_head
from engines.networks.starter_rule import FaceStep, RuleFusion, TextStep
from engines.sequence.checkpoint import (
    FUSION,
    Calibration,
    Checkpoint,
    Fed,
    NetworkDescription,
    Sha256,
    step_graph,
    write_description,
)
from engines.sequence.interview import LOGITS, PRESENT
from engines.sequence.shape import BranchShape, Closed, NetworkShape
from engines.sequence.step import FEATURES, NEW, RING, TOKEN, TURN
from engines.spec.labels import VALENCES

RULE: Final = "starter-rule.json"
FACES: Final = face_encoder_export.DESCRIPTION
TEXTS: Final = text_head_export.DESCRIPTION
FACE_ENCODER: Final = "starter-face"  # its name in the manifest
TRAINED_ON: Final = "FER-2013 (faces) and GoEmotions (texts), joined by a declared rule"

Seconds = Annotated[float, Field(gt=0)]
Shares = tuple[Annotated[float, Field(gt=0)], ...]


class WitnessNumbers(Closed):
    """What the rule takes of one modality."""

    description_sha256: Sha256
    """Of the description beside the weights that the numbers were chosen for."""
    prior: Shares
    """The shares of the valences in their training."""
    floor: Annotated[float, Field(gt=0, lt=1)]
    """The declared probability that the witness says nothing of this person."""
    stale_s: Seconds
    """How long it counts."""


class StarterRule(Closed):
    """``starter-rule.json``."""

    image: WitnessNumbers
    text: WitnessNumbers
    prior: Shares
    """Declared: the shares of the valences where nobody has said anything."""
    band_s: Seconds
    """Over how long faces are averaged."""
    calibrations: dict[str, Calibration]
    """Of the logits, by domain."""


def read_rule(folder: Path) -> StarterRule:
    """Read the numbers of the rule, chosen for the weights that lie beside them.

    Raises:
        ModelError: If they are missing or wrong, or were chosen for other weights.
    """
    path = folder / RULE
    try:
        rule = StarterRule.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        msg = f"{path}: no rule can be read: {' '.join(str(error).split())}"
        raise ModelError(msg) from error
    for witness, description in ((rule.image, FACES), (rule.text, TEXTS)):
        if sha256(folder / description) != witness.description_sha256:
            msg = (
                f"{path}: its numbers were not chosen for {description} beside it; "
                "`python -m training.starter.rule` chooses them again"
            )
            raise ModelError(msg)
    return rule


def write_rule(folder: Path, rule: StarterRule) -> None:
    """Write the numbers of the rule beside the weights they were chosen for."""
    text = json.dumps(rule.model_dump(mode="json"), indent=2) + "\n"
    (folder / RULE).write_text(text, encoding="utf-8")


def build(weights: Path, out: Path) -> Checkpoint:
    """Write the checkpoint.

    Args:
        weights: Folder of the weights, their descriptions, the face encoder's graph and the rule.
        out: The checkpoint's folder; it is made, and what is in it replaced.

    Raises:
        ModelError: If something is missing, damaged, or does not belong to the rest.
    """
    rule = read_rule(weights)
    reader, (head, temperature) = load_reader(weights), load_head(weights)
    shape = network_shape(rule)
    made_from = {
        "made_from_sha256": sha256(weights / RULE),
        "made_from": RULE,  # which names the digests of the weights
        "recipe": "starter",
        "revision": starter_rule.REVISION,
        "tools": versions("torch", "onnx"),
    }
    out.mkdir(parents=True, exist_ok=True)
    image, text = step_graph("image"), step_graph("text")
    slots, half = shape.band_ticks - 1, shape.head_width // 2
    ring = (1, shape.heads, slots, shape.head_width)
    _write(
        FaceStep(reader, prior=rule.image.prior, floor=rule.image.floor),
        [(1, face_encoder.WIDTHS[-1]), (1, half), (1, half), (1, slots), ring, ring],
        out / image,
        inputs=[FEATURES, *TURN, *RING],
        outputs=[TOKEN, *NEW],
        provenance=made_from,
    )
    _write(
        TextStep(head, temperature=temperature, prior=rule.text.prior, floor=rule.text.floor),
        [(1, text_head.WIDTH)],
        out / text,
        inputs=[FEATURES],
        outputs=[TOKEN],
        provenance=made_from,
    )
    branches = list(shape.branches)
    _write(
        RuleFusion(prior=rule.prior),
        [*[(2, 1, shape.width)] * len(branches), (2, len(branches))],
        out / FUSION,
        inputs=[*branches, PRESENT],
        outputs=[LOGITS],
        free_axes={name: {0: "B"} for name in (*branches, PRESENT, LOGITS)},
        provenance=made_from,
    )
    return write_description(
        out,
        NetworkDescription(
            name="starter",
            labels=VALENCES,
            taught="expressed_valence",
            trained_on=TRAINED_ON,
            shape=shape,
            fed={"image": _face_encoder(weights), "text": _text_encoder(weights)},
            prior=rule.prior,
            stale_s={"image": rule.image.stale_s, "text": rule.text.stale_s},
            calibrations=rule.calibrations,
            files={name: sha256(out / name) for name in (image, text, FUSION)},
        ),
    )


def network_shape(rule: StarterRule) -> NetworkShape:
    """Return the shape; keypoints are known to it and learned from nothing, so it has no graph."""
    return NetworkShape(
        image=BranchShape(features=face_encoder.WIDTHS[-1], layers=1, pooling="newest"),
        keypoints=BranchShape(features=5, layers=0, pooling="newest"),
        text=BranchShape(features=text_head.WIDTH, layers=0, pooling="newest"),
        width=starter_rule.WIDTH,
        heads=1,
        looks=1,
        band_s=rule.band_s,
        classes=len(VALENCES),
        dropout=0,
    )


def _face_encoder(weights: Path) -> Fed:
    """Return what a run names the face encoder by: the digest of its graph."""
    graph = weights / face_encoder_export.GRAPH
    beside = graph.with_name(f"{graph.name}.json")
    try:
        made = json.loads(beside.read_text(encoding="utf-8"))
        belongs = made["made_from_sha256"] == sha256(weights / face_encoder_export.WEIGHTS)
        whole = made["sha256"] == sha256(graph)
    except (OSError, ValueError, KeyError) as error:
        msg = f"{graph}: no graph of the face encoder, with {beside.name}, can be read: {error}"
        raise ModelError(msg) from error
    if not (belongs and whole):
        msg = (
            f"{graph}: it was not made from {face_encoder_export.WEIGHTS} beside it; "
            f"`python -m engines.build.face_encoder_export {weights}` makes it again"
        )
        raise ModelError(msg)
    return Fed(name=FACE_ENCODER, digest=made["sha256"])


def _text_encoder(weights: Path) -> Fed:
    """Return whose vectors the text head learned from."""
    says = json.loads((weights / TEXTS).read_text(encoding="utf-8"))
    encoder: Mapping[str, Any] = says["encoder"]
    return Fed(name=encoder["name"], digest=encoder["made_from_sha256"])


def _write(
    graph: nn.Module,
    shapes: Sequence[tuple[int, ...]],
    out: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    provenance: Mapping[str, Any],
    free_axes: Mapping[str, Mapping[int, str]] | None = None,
) -> None:
    sample: tuple[Tensor, ...] = tuple(torch.zeros(shape) for shape in shapes)
    write_graph(
        graph.eval(),
        sample,
        out,
        inputs=inputs,
        outputs=outputs,
        free_axes=free_axes or {},
        provenance=provenance,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the starter network again from the weights and the rule beside it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="engines.build.starter_network", description=main.__doc__)
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    parser.add_argument("--out", type=Path, default=STARTER, help="the checkpoint's folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        build(options.weights, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
