"""The numbers of the starter's rule, chosen on the slices that no weight was fitted to.

    .venv-build/bin/python -m training.starter.rule ../shared/data/fer2013_train.npz \
        ../shared/data/goemotions/group_train.tsv --models ~/.cache/subface/models \
        --cache runs/texts

It writes ``starter-rule.json`` and makes the network again. Declared are the text's floor, the
prior (each valence alike), the seconds, and the risk. Chosen on the bags of the slices are the
face's floor, so that between faces and words that contradict them neither wins on average; and one
temperature and one threshold of the sum, on single faces, texts, and pairs of them that agree.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from calibration.temperature import log_probabilities
from calibration.temperature_fit import fit_temperature
from calibration.threshold import choose_threshold
from engines.build.face_encoder_export import load_reader
from engines.build.graph_provenance import sha256
from engines.build.starter_network import (
    FACES,
    TEXTS,
    StarterRule,
    WitnessNumbers,
    build,
    write_rule,
)
from engines.build.text_head_export import load_head
from engines.errors import ModelError, SubfaceError
from engines.models.starter_network import STARTER
from engines.networks.starter_rule import FaceStep, RuleFusion, Witness
from engines.sequence.checkpoint import Calibration
from engines.spec.labels import VALENCES
from training.starter.bags import NEGATIVE, POSITIVE, TOLD, Bag, Kind, draw_bags
from training.starter.faces import read_faces
from training.starter.text_embedding import TextEmbedder
from training.starter.text_training import add_encoder_options, open_embedder
from training.starter.texts import read_texts

DOMAIN: Final = "fer2013+goemotions"
BAND_S: Final = 3.0
FACE_STALE_S: Final = 3.0
TEXT_STALE_S: Final = 30.0
PRIOR: Final = (1 / 3, 1 / 3, 1 / 3)
TEXT_FLOOR: Final = 0.05
FACE_FLOORS: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
RISK: Final = 0.2
BAGS: Final = 900
"""Of a kind: not many more than there are faces of the rarest valence."""
SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a witness says of the examples of its slice.

    Attributes:
        probabilities: Of the valences, calibrated.
        labels: The right ones.
        prior: The shares of the valences in its training.
    """

    probabilities: Float[Tensor, "N 3"]
    labels: Int64[ndarray, " N"]
    prior: tuple[float, ...]


def told_by_faces(data: Path, weights: Path) -> Told:
    """Return what the face encoder says of the faces of its slice.

    Raises:
        ConfigError: If the data cannot be read.
        ModelError: If the weights cannot.
    """
    trained, chosen = read_faces(data).consistent().split()
    reader = load_reader(weights)
    step = FaceStep(reader, prior=PRIOR, floor=TEXT_FLOOR)
    images = torch.from_numpy(chosen.images.copy())
    with torch.inference_mode():
        embeddings = torch.cat([reader(some)[1] for some in images.split(256)])
        probabilities = step.valences(embeddings)
    shares = np.bincount(trained.valences(), minlength=len(VALENCES)) / len(trained)
    return Told(
        probabilities=probabilities,
        labels=chosen.valences(),
        prior=tuple(round(float(share), 4) for share in shares),
    )


def told_by_texts(data: Path, weights: Path, embedder: TextEmbedder) -> Told:
    """Return what the text head says of the texts of its slice; raises as ``told_by_faces``."""
    texts = read_texts(data)
    chosen = texts.where(texts.in_slice())
    head, temperature = load_head(weights)
    says = json.loads((weights / TEXTS).read_text(encoding="utf-8"))
    with torch.inference_mode():
        logits = head(torch.from_numpy(embedder.embed(chosen.texts)))
    return Told(
        probabilities=(logits / temperature).softmax(1),
        labels=chosen.labels,
        prior=tuple(says["prior"]),
    )


def rule_logits(
    bags: Sequence[Bag], faces: Told, texts: Told, *, face_floor: float
) -> Float32[ndarray, "N 3"]:
    """Return what the rule makes of bags."""
    face = Witness(prior=faces.prior, floor=face_floor)
    text = Witness(prior=texts.prior, floor=TEXT_FLOOR)
    shown = [faces.probabilities[list(bag.faces or (0,))].mean(0) for bag in bags]
    said = texts.probabilities[[bag.text or 0 for bag in bags]]
    present = torch.tensor([[bool(bag.faces), bag.text is not None] for bag in bags])
    tokens = face(torch.stack(shown)), text(said)
    with torch.inference_mode():
        logits = RuleFusion(prior=PRIOR)(*(token[:, None] for token in tokens), present.float())
    made: Float32[ndarray, "N 3"] = logits.numpy()
    return made


def balanced_floor(bags: Sequence[Bag], faces: Told, texts: Told) -> float:
    """Return the face's floor under which contradicting pairs come out nearest the middle."""
    sides = np.array([1 if bag.valence == POSITIVE else -1 for bag in bags])
    leans = []
    for floor in FACE_FLOORS:
        made = np.exp(log_probabilities(rule_logits(bags, faces, texts, face_floor=floor)))
        leans.append(abs(float((sides * (made[:, POSITIVE] - made[:, NEGATIVE])).mean())))
    return FACE_FLOORS[int(np.argmin(leans))]


def chosen_rule(faces: Told, texts: Told, weights: Path) -> StarterRule:
    """Choose all that is not declared.

    Raises:
        ModelError: If no confidence keeps the risk.
    """
    random = np.random.default_rng(SEED)
    bags: Mapping[Kind, Sequence[Bag]] = {
        kind: draw_bags(kind, BAGS, faces=faces.labels, texts=texts.labels, random=random)
        for kind in (*TOLD, "disagree")
    }
    floor = balanced_floor(bags["disagree"], faces, texts)
    # several faces of several people are easier than life, and would make it too sure of a person
    told = [bag for kind in TOLD for bag in bags[kind] if len(bag.faces) <= 1]
    return StarterRule(
        image=WitnessNumbers(
            description_sha256=sha256(weights / FACES),
            prior=faces.prior,
            floor=floor,
            stale_s=FACE_STALE_S,
        ),
        text=WitnessNumbers(
            description_sha256=sha256(weights / TEXTS),
            prior=texts.prior,
            floor=TEXT_FLOOR,
            stale_s=TEXT_STALE_S,
        ),
        prior=PRIOR,
        band_s=BAND_S,
        calibrations={
            DOMAIN: _calibration(
                rule_logits(told, faces, texts, face_floor=floor),
                np.array([bag.valence for bag in told]),
            )
        },
    )


def _calibration(logits: Float32[ndarray, "N 3"], labels: Int64[ndarray, " N"]) -> Calibration:
    temperature = round(fit_temperature(logits, labels), 4)
    probabilities = np.exp(log_probabilities(logits, temperature))
    threshold = choose_threshold(probabilities, labels, risk=RISK)
    if threshold is None:
        msg = f"the slices: no confidence keeps the risk of {RISK}; what is wrong with the weights?"
        raise ModelError(msg)
    return Calibration(
        temperature=temperature,
        min_confidence=round(threshold.min_confidence, 4),
        risk=RISK,
        n=len(labels),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Choose the numbers of the starter's rule, and make the network of them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.rule", description=main.__doc__)
    parser.add_argument("faces", type=Path, help="the face encoder's training file, .npz")
    parser.add_argument("texts", type=Path, help="the text head's training file, .tsv")
    add_encoder_options(parser)
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    parser.add_argument("--out", type=Path, default=STARTER, help="the checkpoint's folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        faces = told_by_faces(options.faces, options.weights)
        texts = told_by_texts(options.texts, options.weights, open_embedder(options))
        write_rule(options.weights, chosen_rule(faces, texts, options.weights))
        build(options.weights, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
