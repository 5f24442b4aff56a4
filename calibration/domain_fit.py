"""The calibration of a network for one domain, out of a fold that no weight was fitted to. Offline.

Live readings are given from the first seconds on, so early readings are calibrated along with the
last: one temperature for all of them. It leaves the early ones a little too sure, or the last ones
a little too unsure, and the reliability diagram of each moment shows by how much.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Int
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
    logits: Float[ndarray, "N P C"], labels: Int[ndarray, " N"], *, risk: float | None
) -> FittedCalibration:
    """Fit a temperature, and choose a threshold for a risk.

    Args:
        logits: After several parts of each interview.
        labels: The right classes of the interviews.
        risk: The share of wrong answers that is accepted among those given; None: it is to answer
            always.

    Raises:
        ValueError: If there are no interviews, or a logit is not finite.
    """
    n, moments, classes = logits.shape
    rows, own = logits.reshape(n * moments, classes), np.repeat(labels, moments)
    # rounded towards caution: what is written is what the threshold is chosen with
    temperature = float(np.ceil(fit_temperature(rows, own) * 10**DIGITS) / 10**DIGITS)
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
