"""The threshold below which a network abstains, and how it is chosen: by the risk one accepts.

It is the least confidence at which, on held-out data, the share of wrong answers among those given
is at most a stated risk (selective classification: El-Yaniv and Wiener, JMLR 2010). That share is
of the very data it was chosen on, so it is a little too good, and its interval says how little a
few dozen people can promise. Where no confidence keeps the risk there is no threshold, and that is
the answer.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from engines.sequence.checkpoint import Calibration

MIN_ANSWERS: Final = 20  # one answer that happens to be right keeps any risk
ROUNDING: Final = 1e-9  # .29 x 100 is less than 29
Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of counted things, with its 95 % interval (Wilson's, which is sound at 0 and 1).

    Attributes:
        value: The share.
        n: Of how many.
        low: Lower end of the interval, as if they were independent.
        high: Upper end.
    """

    value: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A confidence, and what it did on the data it was chosen on.

    Attributes:
        min_confidence: Below it the network abstains.
        risk: The share of wrong answers that was accepted.
        wrong: The share that was found among the answers given.
        coverage: The share of the questions that was answered.
    """

    min_confidence: float
    risk: float
    wrong: Share
    coverage: Share


def abstains(probabilities: Float[ndarray, " C"], calibration: Calibration | None) -> bool:
    """Return whether the best class is less probable than the calibration asks for."""
    if calibration is None or calibration.risk is None:
        return False
    return bool(probabilities.max() < calibration.min_confidence)


def choose_threshold(
    probabilities: Float[ndarray, "N C"],
    labels: Int[ndarray, " N"],
    *,
    risk: float,
    min_answers: int = MIN_ANSWERS,
) -> Threshold | None:
    """Choose the least confidence that keeps a risk on held-out data.

    Args:
        probabilities: Calibrated, of data that nothing was fitted to.
        labels: The right classes.
        risk: The share of wrong answers among those given that is accepted.
        min_answers: Fewer than this prove nothing.

    Returns:
        None if no confidence keeps the risk over so many answers.
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    order = np.argsort(-confidence, kind="stable")
    falling, mistakes = confidence[order], np.cumsum(wrong[order])
    answers = np.arange(1, len(order) + 1)
    # answers of the same confidence are given or withheld together
    last_of_equals = np.append(falling[1:] < falling[:-1], True)
    kept = last_of_equals & (answers >= min_answers) & (mistakes <= risk * answers + ROUNDING)
    if not kept.any():
        return None
    last = int(np.flatnonzero(kept)[-1])
    return Threshold(
        min_confidence=float(falling[last]),
        risk=risk,
        wrong=share(int(mistakes[last]), int(answers[last])),
        coverage=share(int(answers[last]), len(order)),
    )


def share(count: int, n: int) -> Share:
    """Return how many of how many, with the interval.

    Raises:
        ValueError: If it is of none.
    """
    if n < 1:
        msg = "a share of nothing has no value"
        raise ValueError(msg)
    value = count / n
    middle = (value + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(value * (1 - value) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return Share(
        value=value,
        n=n,
        low=max(0.0, min(middle - half, value)),
        high=min(1.0, max(middle + half, value)),
    )
