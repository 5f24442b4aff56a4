"""Attention pooling that runs: a weighted mean of all ticks so far, of which none is kept.

A softmax over the whole past needs its maximum, its numerator and its denominator, and no more.
They are kept in float64: after a day a float32 sum of a million ticks has lost four digits.
"""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray


class RunningPooling:
    """The looks of one person in one branch.

    Args:
        looks: How many weighted means there are.
        width: Of a token.
    """

    def __init__(self, *, looks: int, width: int) -> None:
        self._maximum: Float64[ndarray, " P"] = np.full(looks, -np.inf)
        self._numerator: Float64[ndarray, "P D"] = np.zeros((looks, width))
        self._denominator: Float64[ndarray, " P"] = np.zeros(looks)

    def add(self, token: Float32[ndarray, " D"], scores: Float32[ndarray, " P"]) -> None:
        """Take one tick."""
        maximum = np.maximum(self._maximum, scores)
        kept, weight = np.exp(self._maximum - maximum), np.exp(scores - maximum)
        self._numerator = self._numerator * kept[:, None] + weight[:, None] * token
        self._denominator = self._denominator * kept + weight
        self._maximum = maximum

    def pooled(self) -> Float32[ndarray, "P D"]:
        """Return the means; zero while there was no tick."""
        if not self._denominator.all():
            return np.zeros(self._numerator.shape, np.float32)
        means: Float32[ndarray, "P D"] = (self._numerator / self._denominator[:, None]).astype(
            np.float32
        )
        return means


class NewestToken:
    """The last tick alone, for a branch whose vector already speaks of all that came before.

    Args:
        width: Of a token.
    """

    def __init__(self, *, width: int) -> None:
        self._token: Float32[ndarray, "1 D"] = np.zeros((1, width), np.float32)

    def add(self, token: Float32[ndarray, " D"], scores: Float32[ndarray, " 0"]) -> None:
        """Take one tick; there is nothing to weigh."""
        del scores
        self._token = token[None].copy()

    def pooled(self) -> Float32[ndarray, "1 D"]:
        """Return the token; zero while there was no tick."""
        return self._token
