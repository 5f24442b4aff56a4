"""How far a mouth is open: one number a frame, to be held against the sound of a voice."""

from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

_NOSE_BASE: Final = 2
_FALLING: Final = (17, 152)  # the lower lip's outer edge, the chin
_RIGHT_EYE, _LEFT_EYE = 33, 263  # the outer corners


def mouth_open(points: Float32[ndarray, "468 3"]) -> float:
    """Return how far lower lip and chin are below the nose, in distances between the eyes.

    Both follow the jaw, which the loudness of vowels follows too; the gap between the lips, which
    is a few pixels wide in a small face, follows less well. All points but the eyes lie in the
    middle of the face, and distances are taken in depth as well, so that a turn of the head alone
    changes little. It is about 0.6 where the mouth is shut and differs from face to face: only its
    course says something.

    Args:
        points: The mesh as (x, y, depth), all of one unit.
    """
    falls = np.linalg.norm(points[list(_FALLING)] - points[_NOSE_BASE], axis=1).mean()
    return float(falls / np.linalg.norm(points[_LEFT_EYE] - points[_RIGHT_EYE]))
