"""Rotary time: how far apart two ticks are, turned into angles of keys and queries.

A key is stored turned by its absolute time and never again, so that the angles of a long session
grow large. They are computed here, in float64, and reach the graph as cosines and sines: angles in
float32 spoil the fourth decimal after ten minutes and everything within a day.

Source: Su et al., 'RoFormer', arXiv 2104.09864; the spectrum is theirs for ticks of 80 ms, stated
in seconds, so that a grid of another rate asks for the same angles at the same times.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

FASTEST_RAD_S: Final = 12.5
"""The fastest pair turns once in half a second ..."""
SPREAD: Final = 10_000.0
"""... and the slowest so many times slower: once in eighty minutes."""


def rotary(
    ticks: Int64[ndarray, " T"], *, grid_hz: float, width: int
) -> tuple[Float32[ndarray, "T h"], Float32[ndarray, "T h"]]:
    """Return the cosines and sines of ticks.

    Args:
        ticks: Absolute places on the time grid.
        grid_hz: The grid's rate.
        width: Of one head; it holds half as many pairs.
    """
    angles = (ticks / grid_hz)[:, None] * _speeds(width)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _speeds(width: int) -> Float64[ndarray, " h"]:
    speeds: Float64[ndarray, " h"] = FASTEST_RAD_S * SPREAD ** -(np.arange(0, width, 2) / width)
    return speeds
