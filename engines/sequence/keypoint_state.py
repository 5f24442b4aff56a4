"""What the normalisation of one person's keypoints remembers between two ticks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.spec.skeleton import POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypointState:
    """Scale, origin and last sightings; times are media time, minus infinity where never.

    Attributes:
        time_s: Of the last tick.
        shot: The shot that it was in.
        scale_px: The running shoulder width; 0 before the shoulders were seen.
        weight_s: How much seen time the scale rests on, at most its time constant.
        scaled_s: When the scale last followed.
        origin_px: The middle of the shoulders where they were last seen.
        origin_s: When that was, in this shot.
        points_px: Where each point was last seen.
        points_s: When that was, in this shot.
    """

    time_s: float
    shot: int
    scale_px: float
    weight_s: float
    scaled_s: float
    origin_px: Float64[ndarray, " 2"]
    origin_s: float
    points_px: Float64[ndarray, "137 2"]
    points_s: Float64[ndarray, " 137"]

    @classmethod
    def fresh(cls) -> Self:
        """Return the state of somebody of whom nothing was seen."""
        return cls(
            time_s=-np.inf,
            shot=0,
            scale_px=0.0,
            weight_s=0.0,
            scaled_s=-np.inf,
            origin_px=np.zeros(2),
            origin_s=-np.inf,
            points_px=np.zeros((POINTS, 2)),
            points_s=np.full(POINTS, -np.inf),
        )
