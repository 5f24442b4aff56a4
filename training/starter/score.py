"""Figures of labelled faces and texts, each with its count and interval; they need no torch.

An interval holds the middle 95 % of 2,000 bootstrap samples of the pictures, or of the texts: it
says how much the figure hangs on these, and nothing of other people, cameras or occasions. That of
the calibration error lies high: noise makes any sample look worse calibrated than it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64
from numpy import ndarray

from calibration.reliability import reliability
from engines.spec.labels import EXPRESSIONS, NEGATIVE, POSITIVE, VALENCES

BOOTSTRAPS: Final = 2_000
SEED: Final = 0

Probabilities = Float64[ndarray, "N C"]
Labels = Int64[ndarray, " N"]
Metric = Callable[[Probabilities, Labels], float]


@dataclass(frozen=True, slots=True)
class Score:
    """A figure of some pictures, or texts.

    Attributes:
        value: The figure; None where it is of none, or of one class where it takes two.
        n: How many of them it is of.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    value: float | None
    n: int
    low: float | None
    high: float | None


def scored(metric: Metric, probabilities: Probabilities, labels: Labels) -> Score:
    """Return a metric with its bootstrap interval."""
    value = metric(probabilities, labels) if len(labels) else np.nan
    if isnan(value):
        return Score(None, len(labels), None, None)
    random = np.random.default_rng(SEED)
    samples = random.integers(len(labels), size=(BOOTSTRAPS, len(labels)))
    values = [metric(probabilities[rows], labels[rows]) for rows in samples]
    low, high = np.nanpercentile(values, [2.5, 97.5])  # a sample of few may lack a class
    return Score(round(value, 4), len(labels), round(float(low), 4), round(float(high), 4))


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Return the share whose likeliest class is theirs."""
    return float((probabilities.argmax(1) == labels).mean())


def calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Return the expected calibration error, of 15 bins."""
    return reliability(probabilities, labels).ece


def auc(scores: Float[ndarray, " N"], *, positive: Bool[ndarray, " N"]) -> float:
    """Return how often a positive example scores above a negative one, ties counting half.

    NaN if there are none of either.
    """
    others, own = np.sort(scores[~positive]), scores[positive]
    if not (len(others) and len(own)):
        return np.nan
    below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
    return float(below.mean() / 2 / len(others))


def happy_auc(probabilities: Probabilities, labels: Labels) -> float:
    """Return the AUC of happy against the negative classes, which are all that is given.

    The score is log p(happy) - log sum p(negative): neutral and surprise take no part in it.
    """
    positive, negative = (np.isin(EXPRESSIONS, names) for names in (POSITIVE, NEGATIVE))
    logs = _logs(probabilities)
    score = np.logaddexp.reduce(logs[:, positive], 1) - np.logaddexp.reduce(logs[:, negative], 1)
    return auc(score, positive=np.isin(labels, np.flatnonzero(positive)))


def positive_auc(probabilities: Probabilities, labels: Labels) -> float:
    """Return the AUC of positive against negative valence, which are all that is given.

    The score is log p(positive) - log p(negative): how neutral something is takes no part in it.
    """
    negative, positive = VALENCES.index("negative"), VALENCES.index("positive")
    logs = _logs(probabilities)
    return auc(logs[:, positive] - logs[:, negative], positive=labels == positive)


def face_scores(probabilities: Probabilities, labels: Labels) -> dict[str, Score]:
    """Return ``accuracy``, ``auc`` and ``ece`` of labelled faces' probabilities of expressions."""
    told = np.isin(np.asarray(EXPRESSIONS)[labels], [*POSITIVE, *NEGATIVE])
    return {
        "accuracy": scored(accuracy, probabilities, labels),
        "auc": scored(happy_auc, probabilities[told], labels[told]),
        "ece": scored(calibration_error, probabilities, labels),
    }


def valence_scores(probabilities: Probabilities, labels: Labels) -> dict[str, Score]:
    """Return ``accuracy``, ``auc`` and ``ece`` of labelled probabilities of valences."""
    told = labels != VALENCES.index("neutral")
    return {
        "accuracy": scored(accuracy, probabilities, labels),
        "auc": scored(positive_auc, probabilities[told], labels[told]),
        "ece": scored(calibration_error, probabilities, labels),
    }


def _logs(probabilities: Probabilities) -> Float64[ndarray, "N C"]:
    return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)))
