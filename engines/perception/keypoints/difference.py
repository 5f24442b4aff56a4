"""How far the keypoints of two networks lie apart, by part, in shoulder widths.

Shoulder widths, because pixels say nothing: a posture is the same whatever its size in the picture.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from engines.spec import skeleton

UnitOrigin = Literal["shoulders", "eyes"]

RUNNING: Final = 50
"""Frames that the running width is the median of: two seconds; a turn of the body is shorter."""
EYES_A_SHOULDER_WIDTH: Final = 5.0
"""Distances between the pupils: 5.0 to 5.3 on six clips of gestures, 4.5 on a portrait."""


def _places(*indices: int) -> Int64[ndarray, " K"]:
    return np.array(indices, dtype=np.int64)


def _range(part: slice) -> Int64[ndarray, " K"]:
    return np.arange(part.start, part.stop, dtype=np.int64)


PUPILS: Final = _places(skeleton.RIGHT_PUPIL, skeleton.LEFT_PUPIL)
SHOULDERS: Final = _places(skeleton.RIGHT_SHOULDER, skeleton.LEFT_SHOULDER)
EYES: Final = _places(skeleton.RIGHT_EYE, skeleton.LEFT_EYE)
PARTS: Final = {
    "body": _range(skeleton.BODY),
    "nose": _places(skeleton.NOSE),
    "shoulders": SHOULDERS,
    "left hand": _range(skeleton.LEFT_HAND),
    "right hand": _range(skeleton.RIGHT_HAND),
    "face": np.setdiff1d(_range(skeleton.FACE), PUPILS),
    "pupils": PUPILS,
}
"""Which of the 137 a part is made of. Nose and shoulders are of the body, too; pupils, which not
every network knows, are not of the face here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one shoulder width is.

    Attributes:
        px: Its pixels; positive.
        origin: Whether it was seen, or made of the distance between the eyes.
    """

    px: float
    origin: UnitOrigin


class RunningUnit:
    """The shoulder width of one person: the running median of what both networks see.

    Once shoulders were seen they count; before, and in a close-up, which has none, the eyes do.
    """

    def __init__(self) -> None:
        self._shoulders: deque[float] = deque(maxlen=RUNNING)
        self._eyes: deque[float] = deque(maxlen=RUNNING)

    def see(
        self, first: Float32[ndarray, "137 3"], second: Float32[ndarray, "137 3"]
    ) -> Unit | None:
        """Take one frame into account; return the width, or None while nothing tells it.

        Args:
            first: One network's keypoints, as in ``Keypoints``.
            second: The other's; which is which makes no difference.
        """
        both = (first, second)
        shoulders = _mean([_apart(points, SHOULDERS) for points in both])
        eyes = _mean([_apart(points, PUPILS) or _apart(points, EYES) for points in both])
        if shoulders is not None:
            self._shoulders.append(shoulders)
        if eyes is not None:
            self._eyes.append(eyes)
        if self._shoulders:
            return Unit(px=float(np.median(self._shoulders)), origin="shoulders")
        if self._eyes:
            return Unit(px=EYES_A_SHOULDER_WIDTH * float(np.median(self._eyes)), origin="eyes")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDifference:
    """How two networks differ in one part, over all frames.

    Attributes:
        part: As in ``PARTS``.
        frames: Persons in frames of which both networks saw a point of the part, and whose shoulder
            width is known.
        only_first: Of the points that either saw, the share that the second did not.
        only_second: And the share that the first did not.
        median: Of the mean distance of the part's points, in shoulder widths; None without frames.
        p95: Its 95th percentile.
        max: Its maximum.
    """

    part: str
    frames: int
    only_first: float
    only_second: float
    median: float | None
    p95: float | None
    max: float | None


@dataclass(slots=True)
class _Part:
    distances: list[float] = field(default_factory=list)
    both: int = 0
    only_first: int = 0
    only_second: int = 0


class Differences:
    """Adds up, frame by frame and person by person, how two networks differ."""

    def __init__(self) -> None:
        self._parts = {part: _Part() for part in PARTS}

    def add(
        self,
        first: Float32[ndarray, "137 3"] | None,
        second: Float32[ndarray, "137 3"] | None,
        unit: Unit | None,
    ) -> None:
        """Take one person in one frame.

        Args:
            first: The first network's keypoints; None if it found none.
            second: The second's.
            unit: The person's shoulder width; where it is not known no distance counts.
        """
        first, second = _or_unseen(first), _or_unseen(second)
        for name, places in PARTS.items():
            part, one, other = self._parts[name], first[places], second[places]
            in_one, in_other = one[:, 2] > 0, other[:, 2] > 0
            both = in_one & in_other
            part.both += int(both.sum())
            part.only_first += int((in_one & ~in_other).sum())
            part.only_second += int((in_other & ~in_one).sum())
            if unit is not None and both.any():
                apart = np.linalg.norm(one[both, :2] - other[both, :2], axis=1)
                part.distances.append(float(apart.mean()) / unit.px)

    def parts(self) -> tuple[PartDifference, ...]:
        """Return what came together so far, in the order of ``PARTS``."""
        return tuple(_summed_up(name, part) for name, part in self._parts.items())


def _summed_up(name: str, part: _Part) -> PartDifference:
    median, p95, top = (
        map(float, np.percentile(part.distances, (50, 95, 100)))
        if part.distances
        else (None, None, None)
    )
    either = max(1, part.both + part.only_first + part.only_second)
    return PartDifference(
        part=name,
        frames=len(part.distances),
        only_first=part.only_first / either,
        only_second=part.only_second / either,
        median=median,
        p95=p95,
        max=top,
    )


def _or_unseen(points: Float32[ndarray, "137 3"] | None) -> Float32[ndarray, "137 3"]:
    return np.zeros((skeleton.POINTS, 3), np.float32) if points is None else points


def _apart(points: Float32[ndarray, "137 3"], pair: Int64[ndarray, "2"]) -> float | None:
    """Return how far two keypoints lie apart, in pixels; None unless both are seen, apart."""
    one, other = points[pair]
    if one[2] <= 0 or other[2] <= 0:
        return None
    return float(np.linalg.norm(one[:2] - other[:2])) or None


def _mean(distances: list[float | None]) -> float | None:
    seen = [distance for distance in distances if distance is not None]
    return sum(seen) / len(seen) if seen else None
