"""The decision of what a window's faces amount to, or that they amount to nothing.

Pure: the same window gives the same answer, live and offline.
"""

from typing import Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from engines.spec.labels import EXPRESSIONS, NEGATIVE, POSITIVE
from engines.spec.reading import Surface, SurfaceAbstention
from engines.spec.timegrid import TimeGrid
from engines.spec.window import Window

MIN_FACES: Final = 3  # fewer than this many ticks are a glimpse, however far apart they lie


def surface(
    window: Window, *, min_s: float, grid: TimeGrid
) -> tuple[Surface | None, SurfaceAbstention | None]:
    """Average the window's faces into what the face shows now.

    Args:
        window: One person over the last stretch of the grid.
        min_s: The least time that the faces must span, first to last; a single picture needs none.
        grid: The grid that the window lies on.

    Returns:
        The surface and None, or None and the reason for abstaining.
    """
    if window.person_id is None:
        return None, "nobody"
    ticks = np.flatnonzero(window.expression_valid)
    if not len(ticks):
        return None, "no_face"
    span_s = (ticks[-1] - ticks[0] + 1) / grid.rate_hz
    if not window.still and (span_s < min_s or len(ticks) < MIN_FACES):
        return None, "too_little_data"
    return _surface(window.expression[ticks].mean(axis=0, dtype=np.float64)), None


def valence(probabilities: Float[ndarray, "... 7"]) -> Float[ndarray, "..."]:
    """Return happy minus angry, disgust, fear and sad, in [-1, 1].

    Args:
        probabilities: In the order of ``EXPRESSIONS`` along the last axis.
    """
    signs = np.array([(name in POSITIVE) - (name in NEGATIVE) for name in EXPRESSIONS])
    return np.asarray(probabilities @ signs)


def _surface(mean: Float[ndarray, " 7"]) -> Surface:
    probabilities = {name: round(float(p), 6) for name, p in zip(EXPRESSIONS, mean, strict=True)}
    return Surface(
        label=max(probabilities, key=probabilities.__getitem__),
        probabilities=probabilities,
        valence=round(float(valence(mean)), 6),
    )
