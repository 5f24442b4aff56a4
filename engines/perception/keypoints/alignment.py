"""Regions laid out from landmarks, and whether the one of the last frame is kept.

The arithmetic of MediaPipe's AlignmentPointsRects, RectTransformation and RoiTracking calculators.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from engines.perception.region import Region


def pointing(
    centre: Float[ndarray, " 2"],
    tip: Float[ndarray, " 2"],
    *,
    up: bool,
    scale: float,
    shift: float = 0.0,
) -> Region:
    """Return the square about a point, turned by the direction of another.

    Args:
        centre: In pixels of the frame; half a side of the square, unscaled, from ``tip``.
        tip: Where it points to.
        up: Whether it points up in the crop, or down.
        scale: The side in units of twice the distance of the two.
        shift: How far the centre moves down in the crop, in the same units.
    """
    across, along = (tip - centre).tolist()
    # the angle from "up" (or "down") to the direction, clockwise; y grows downwards
    angle = math.atan2(across, -along) if up else math.atan2(-across, along)
    side = 2 * math.hypot(across, along)
    x, y = centre.tolist()
    return Region(
        x - math.sin(angle) * shift * side, y + math.cos(angle) * shift * side, side * scale, angle
    )


def turned_box(
    points: Float[ndarray, "N 2"], angle: float, *, scale: float, shift: float
) -> Region:
    """Return the square around points, turned by an angle.

    Args:
        points: In pixels of the frame.
        angle: Clockwise, in radians.
        scale: The side in units of the longer side of the turned bounding box.
        shift: How far the centre moves down in the crop, in units of the turned box's height.
    """
    axes = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = points @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    width, height = (high - low).tolist()
    middle = (low + high) / 2 + np.array([0.0, shift * height])
    x, y = (middle @ axes).tolist()
    return Region(x, y, max(width, height) * scale, angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadiness:
    """How far a suggested region may lie from the last one without replacing it.

    Attributes:
        angle_rad: How far it may be turned.
        place: How far away it may be, in units of its side, along its own axes.
        size: How much larger or smaller it may be, in units of its side.
        margin: By which share of its side it may have grown and still hold all the last landmarks.
    """

    angle_rad: float
    place: float
    size: float
    margin: float

    def keeps(self, last: Region, landmarks: Float[ndarray, "N 2"], suggested: Region) -> bool:
        """Return whether the region that the last landmarks gave is still good enough.

        Args:
            last: The region laid out from the last landmarks.
            landmarks: The last landmarks, in pixels of the frame.
            suggested: The region that was found in this frame, without memory.
        """
        x, y = last.x - suggested.x, last.y - suggested.y
        cos, sin = math.cos(suggested.angle), math.sin(suggested.angle)
        return (
            abs(math.remainder(last.angle - suggested.angle, math.tau)) <= self.angle_rad
            and max(abs(x * cos + y * sin), abs(y * cos - x * sin)) <= self.place * suggested.size
            and abs(last.size - suggested.size) <= self.size * suggested.size
            and suggested.holds(landmarks, margin=self.margin)
        )
