"""Which inputs are kept where there is room for few: those that differ most from one another.

Neighbouring frames are almost one picture, and ranges read off a hundred of them are those of one.
Chosen while they pass, so that a stream without an end can be sampled: once it is full, a newcomer
takes the place of one of the two that are nearest to each other, if it is farther from all of them.
"""

import cv2
import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.spec.tensors import Batch

SIDE_PX = 8
AT_MOST = 256
"""Numbers of an input that is no picture."""

Thumbnail = Float32[ndarray, " F"]


def thumbnail(batch: Batch) -> Thumbnail:
    """Return a small colour picture of an input, or its first numbers if it is none."""
    largest = np.asarray(max(batch.values(), key=lambda array: array.size))
    while largest.ndim > 1 and largest.shape[0] == 1:
        largest = largest[0]
    if largest.ndim >= len(("H", "W")) and min(largest.shape[:2]) >= SIDE_PX:
        coloured = largest.ndim == len(("H", "W", "C"))
        picture = np.asarray(largest[..., :3] if coloured else largest, np.float32)
        small = cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32).reshape(-1)
    flat = largest.reshape(-1)[:AT_MOST].astype(np.float32)
    return np.pad(flat, (0, AT_MOST - len(flat)))


class DiverseSet:
    """The places of inputs that differ most; a place is given anew when its input is dropped.

    Args:
        places: How many.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._held: list[Thumbnail] = []
        self._distances = np.full((places, places), np.inf)

    def place(self, seen: Thumbnail) -> int | None:
        """Return where an input is to be kept; None if those held differ more without it."""
        away = np.array([float(np.linalg.norm(seen - one)) for one in self._held])
        if len(self._held) < self._places:
            if len(away) and away.min() == 0:
                return None
            self._held.append(seen)
            self._set(len(self._held) - 1, away)
            return len(self._held) - 1
        first, second = np.unravel_index(int(self._distances.argmin()), self._distances.shape)
        if away.min() <= self._distances[first, second]:
            return None
        # of the two, the one that the others are nearer to
        rest = np.sort(self._distances[[first, second]], axis=1)[:, 1:].min(axis=1, initial=np.inf)
        place = int((first, second)[int(rest.argmin())])
        self._held[place] = seen
        away[place] = np.inf
        self._set(place, away)
        return place

    def _set(self, place: int, away: Float64[ndarray, " N"]) -> None:
        self._distances[place, : len(away)] = away
        self._distances[: len(away), place] = away
        self._distances[place, place] = np.inf
