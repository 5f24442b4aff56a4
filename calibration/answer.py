"""A network's answer: from logits to probabilities that are published, or to abstaining.

In this order: the temperature of the domain, the person's own neutral, the declared prior, the
threshold. The first makes logits comparable, so that what the second and third move is evidence;
the threshold judges what would be published.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from calibration.baseline import Baseline
from calibration.temperature import log_probabilities, normalized
from calibration.threshold import abstains
from engines.sequence.checkpoint import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a network says of one person.

    Attributes:
        probabilities: Of each class; they sum to 1.
        abstains: True if the best of them is below the threshold of the calibration.
        read: Calibrated log-probabilities before baseline and prior: what a baseline learns from.
    """

    probabilities: Float64[ndarray, " C"]
    abstains: bool
    read: Float64[ndarray, " C"]


def answer(
    logits: Float[ndarray, " C"],
    calibration: Calibration | None,
    *,
    shift: Float64[ndarray, " C"] | None = None,
    baseline: Baseline | None = None,
) -> Answer:
    """Return what a network's logits say once they are corrected.

    Args:
        logits: Of a reading.
        calibration: Of the domain that is read; None leaves the logits as they are and never
            abstains: the probabilities then say which class is favoured, not how often that is
            right.
        shift: Of the declared prior (``calibration.prior.shift``); None keeps the network's.
        baseline: What is known of the person's neutral; None takes nothing off.
    """
    read = _read(logits, calibration)
    own = read if baseline is None else read - baseline.excess
    found = _shifted(own, shift)
    return Answer(probabilities=found, abstains=abstains(found, calibration), read=read)


def probabilities(
    logits: Float[ndarray, "... C"],
    calibration: Calibration | None,
    *,
    shift: Float64[ndarray, " C"] | None = None,
) -> Float64[ndarray, "... C"]:
    """Return the probabilities of many answers; no neutral of anybody is taken off.

    Args:
        logits: Of readings.
        calibration: Of the domain that is read; None leaves the logits as they are.
        shift: Of the declared prior; None keeps the network's.
    """
    return _shifted(_read(logits, calibration), shift)


def _read(
    logits: Float[ndarray, "... C"], calibration: Calibration | None
) -> Float64[ndarray, "... C"]:
    return log_probabilities(logits, 1.0 if calibration is None else calibration.temperature)


def _shifted(
    logs: Float64[ndarray, "... C"], shift: Float64[ndarray, " C"] | None
) -> Float64[ndarray, "... C"]:
    return np.asarray(np.exp(normalized(logs if shift is None else logs + shift)))
