"""The calibration of a network for one domain, out of a fold that no weight was fitted to. Offline.

Live readings are given from the first seconds on, so early readings are calibrated along with the
last: one temperature for all of them. It leaves the early ones a little too sure, or the last ones
a little too unsure, and the reliability diagram of each moment shows by how much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float64, Int
from numpy import ndarray

from calibration.answer import probabilities
from calibration.temperature_fit import fit_temperature
from calibration.threshold import MIN_ANSWERS, Threshold, choose_threshold
from engines.sequence.checkpoint import Calibration

DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCalibration:
    """What goes into a checkpoint, and what its threshold did on the fold.

    Attributes:
        calibration: It never abstains where there is no threshold.
        threshold: None if no risk was stated, or no confidence keeps it.
    """

    calibration: Calibration
    threshold: Threshold | None


def fit_calibration(
    logits: Float[ndarray, "N P C"],
    labels: Int[ndarray, " N"],
    *,
    risk: float | None,
    taken: Sequence[float] | None = None,
) -> FittedCalibration:
    """Fit a temperature, and choose a threshold for a risk.

    Args:
        logits: After several parts of each interview.
        labels: The right classes of the interviews.
        risk: The share of wrong answers that is accepted among those given; None: it is to answer
            always.
        taken: The prior that the network takes for granted, where it is not that of the fold. The
            temperature is fitted under the fold's own; the threshold judges what is published,
            where no other is declared.

    Raises:
        ValueError: If there are no interviews, or a logit is not finite.
    """
    n, moments, classes = logits.shape
    rows, own = logits.reshape(n * moments, classes), np.repeat(labels, moments)
    # rounded towards caution: what is written is what the threshold is chosen with
    found = fit_temperature(rows, own, shift=_shift(labels, taken))
    temperature = float(np.ceil(found * 10**DIGITS) / 10**DIGITS)
    fitted = Calibration(temperature=temperature, n=n)
    if risk is None:
        return FittedCalibration(calibration=fitted, threshold=None)
    # the moments of one interview are no more answers than one
    threshold = choose_threshold(
        probabilities(rows, fitted), own, risk=risk, min_answers=MIN_ANSWERS * moments
    )
    if threshold is not None:
        kept = {"min_confidence": threshold.min_confidence, "risk": risk}
        fitted = fitted.model_copy(update=kept)
    return FittedCalibration(calibration=fitted, threshold=threshold)


def _shift(
    labels: Int[ndarray, " N"], taken: Sequence[float] | None
) -> Float64[ndarray, " C"] | None:
    if taken is None:
        return None
    # half an interview more of each class: one that is not there is rare, not impossible
    counts = np.bincount(labels, minlength=len(taken)) + 0.5
    return np.asarray(np.log(counts / counts.sum()) - np.log(taken))
