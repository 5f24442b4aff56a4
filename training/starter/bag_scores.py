"""What the starter network makes of bags: each modality alone, both together, and in contradiction.

The graphs that ship are stepped as a live run steps them, a face a tick, and its calibration is
laid over what they say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from calibration.temperature import log_probabilities
from engines.sequence.checkpoint import Calibration
from engines.sequence.interview import InterviewEngines, InterviewState
from training.starter.bags import KINDS, NEGATIVE, POSITIVE, TOLD, Bag, Kind, draw_bags
from training.starter.score import (
    Labels,
    Metric,
    Probabilities,
    Score,
    accuracy,
    scored,
    valence_scores,
)

BAGS: Final = 900
"""Of each kind."""
SEED: Final = 1
MIDDLE: Final = 0.5
"""A valence nearer to 0 than this takes no side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What bags are drawn from.

    Attributes:
        faces: Their embeddings.
        face_valences: Indices into ``VALENCES``.
        texts: Their embeddings.
        text_valences: As of the faces.
    """

    faces: Float32[ndarray, "N D"]
    face_valences: Int64[ndarray, " N"]
    texts: Float32[ndarray, "M D"]
    text_valences: Int64[ndarray, " M"]


def bag_scores(
    engines: InterviewEngines, examples: Examples, *, count: int = BAGS
) -> Mapping[Kind, Mapping[str, Score]]:
    """Return the figures of each kind of bag.

    Args:
        engines: Of the starter network, its keypoints masked.
        examples: What is drawn from; of each valence some.
        count: Bags of a kind.
    """
    random = np.random.default_rng(SEED)
    (calibration,) = engines.checkpoint.description.calibrations.values()
    figures: dict[Kind, Mapping[str, Score]] = {}
    for kind in KINDS:
        bags = draw_bags(
            kind,
            count,
            faces=examples.face_valences,
            texts=examples.text_valences,
            random=random,
        )
        logits = read_bags(engines, bags, examples)
        figures[kind] = _figures(
            kind,
            np.exp(log_probabilities(logits, calibration.temperature)),
            np.array([bag.valence for bag in bags]),
            calibration,
        )
    return figures


def read_bags(
    engines: InterviewEngines, bags: Sequence[Bag], examples: Examples
) -> Float64[ndarray, "N C"]:
    """Return the logits of bags, each that of a person of its own."""
    logits = []
    for bag in bags:
        state = InterviewState(engines)
        if bag.text is not None:
            state.step(0, {"text": examples.texts[bag.text]})
        for tick, face in enumerate(bag.faces, start=1):
            state.step(tick, {"image": examples.faces[face]})
        evidence = state.read()
        if evidence is None:
            msg = "a bag without a face and without a text"
            raise ValueError(msg)
        logits.append(evidence.logits)
    return np.asarray(logits, np.float64)


def _figures(
    kind: Kind, probabilities: Probabilities, labels: Labels, calibration: Calibration
) -> Mapping[str, Score]:
    given = probabilities.max(1) >= calibration.min_confidence
    own = dict(valence_scores(probabilities, labels)) if kind in TOLD else {}
    if kind in TOLD:
        own["right_where_answered"] = scored(accuracy, probabilities[given], labels[given])
    else:
        sides: Mapping[str, Metric] = {"lean": _lean, "middle": _middle}
        own = {name: scored(metric, probabilities, labels) for name, metric in sides.items()}
    return own | {
        "confidence": scored(_confidence, probabilities, labels),
        "answered": scored(_confidence, given[:, None].astype(np.float64), labels),
    }


def _confidence(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean of the highest probability."""
    del labels
    return float(probabilities.max(1).mean())


def _lean(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean valence, counted towards the side of the face."""
    sides = np.where(labels == POSITIVE, 1, -1)
    return float((sides * _valence(probabilities)).mean())


def _middle(probabilities: Probabilities, labels: Labels) -> float:
    """Return the share that takes no side."""
    del labels
    return float((np.abs(_valence(probabilities)) < MIDDLE).mean())


def _valence(probabilities: Probabilities) -> Float64[ndarray, " N"]:
    return np.asarray(probabilities[:, POSITIVE] - probabilities[:, NEGATIVE])
