"""Reliability: how often something is right, by how sure it is; and one number for it, the ECE."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float64, Int, Int64
from numpy import ndarray

BINS: Final = 15  # of equal width, over the highest probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Bins of answers that are about equally sure; empty bins are left out.

    Attributes:
        middle: Of each bin.
        confidence: The mean highest probability in it.
        right: The share of right answers.
        count: How many answers.
    """

    middle: Float64[ndarray, " N"]
    confidence: Float64[ndarray, " N"]
    right: Float64[ndarray, " N"]
    count: Int64[ndarray, " N"]

    @property
    def ece(self) -> float:
        """The expected calibration error (Guo et al., ICML 2017): it is never 0 by chance.

        Noise makes any sample look worse calibrated than it is, the more the fewer there are.
        """
        gap = np.abs(self.confidence - self.right)
        return float((gap * self.count).sum() / self.count.sum())


def reliability(
    probabilities: Float[ndarray, "N C"], labels: Int[ndarray, " N"], *, bins: int = BINS
) -> Reliability:
    """Bin answers by how sure they are.

    Args:
        probabilities: Of each class.
        labels: The right classes.
        bins: Of equal width over 0 to 1; a confidence on an edge lies in the lower bin.

    Raises:
        ValueError: If there are none.
    """
    if not len(labels):
        msg = "no answers: expected some to tell how often they are right"
        raise ValueError(msg)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    count = np.bincount(place, minlength=bins)
    filled = np.flatnonzero(count)

    def mean(values: Float[ndarray, " N"]) -> Float64[ndarray, " M"]:
        return np.asarray(np.bincount(place, values, bins)[filled] / count[filled])

    return Reliability(
        middle=((edges[:-1] + edges[1:]) / 2)[filled],
        confidence=mean(confidence),
        right=mean(right.astype(np.float64)),
        count=count[filled].astype(np.int64),
    )
