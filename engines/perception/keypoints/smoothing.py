"""Keypoints without the networks' trembling."""

from typing import Final

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from engines.perception.keypoints.one_euro import OneEuro, OneEuroSettings
from engines.spec import skeleton

SETTINGS: Final = OneEuroSettings(min_cutoff_hz=2.0, beta=10.0)
"""Per shoulder width: at rest it halves the trembling, at a gesture's speed nothing lags."""

_FACES_A_SHOULDER_WIDTH: Final = 1.5  # where no shoulders are seen; only the order of size matters


class KeypointSmoother:
    """Smooths one person's keypoints; throw it away at a cut."""

    def __init__(self, settings: OneEuroSettings = SETTINGS) -> None:
        self._filter = OneEuro(settings)

    def smooth(self, points: Float32[ndarray, "137 3"], time_s: float) -> Float32[ndarray, "137 3"]:
        """Return the keypoints smoothed, read-only; scores, and what is not seen, stay.

        Args:
            points: As in ``Keypoints``.
            time_s: Media time.
        """
        seen = points[:, 2] > 0
        places = self._filter.filter(
            points[:, :2], time_s, unit=person_size(points), valid=np.repeat(seen[:, None], 2, 1)
        )
        smoothed = np.concatenate([places.astype(np.float32), points[:, 2:]], axis=1)
        smoothed.setflags(write=False)
        return smoothed


def person_size(points: Float32[ndarray, "137 3"]) -> float:
    """Return a person's shoulder width in pixels, or a guess of it; at least a pixel."""
    shoulders = points[[skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER]]
    if (shoulders[:, 2] > 0).all():
        return max(1.0, float(np.linalg.norm(shoulders[0, :2] - shoulders[1, :2])))
    face = points[skeleton.FACE]
    if (face[:, 2] > 0).any():
        return max(1.0, _extent(face) * _FACES_A_SHOULDER_WIDTH)
    return max(1.0, _extent(points))


def _extent(points: Float[ndarray, "K 3"]) -> float:
    seen = points[points[:, 2] > 0, :2]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0
