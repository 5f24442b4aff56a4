"""How much each pseudo-label counts, by how sure it is."""

from typing import Final, Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

Weighing = Literal["even", "threshold", "softmatch"]

SURE: Final = 0.8


def weigh(
    probabilities: Float64[ndarray, "N C"], weighing: Weighing, *, sure: float = SURE
) -> Float64[ndarray, " N"]:
    """Return a weight for each example, from 0 to 1.

    Args:
        probabilities: Of its classes, as far as they are known.
        weighing: ``threshold``: whoever is less than sure does not count. ``softmatch``: whoever is
            less sure than the mean counts less, by a Gaussian (Chen et al., SoftMatch, ICLR 2023).
        sure: The threshold.
    """
    confidence = probabilities.max(axis=1)
    match weighing:
        case "even":
            return np.ones(len(confidence))
        case "threshold":
            return np.asarray(confidence >= sure, np.float64)
        case "softmatch":
            below = np.minimum(confidence - confidence.mean(), 0)
            spread = max(float(confidence.std()), np.finfo(np.float64).eps)
            return np.asarray(np.exp(-(below**2) / (2 * spread**2)))
