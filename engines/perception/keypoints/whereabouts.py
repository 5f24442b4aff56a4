"""Whose body is meant: where the person, and the person's face, are in the frame.

The body's networks know no persons. In a crowd they take up whoever is clearest, and follow a
neighbour once two have overlapped: so each body is held against the box and the face of the person
it was looked for, and dropped where it belongs to somebody else.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from engines.perception.region import Region

_BOX_SCALE: Final = 1.25  # of a box: the detector wants to see some room around the person
_FACE_SCALE: Final = 7.0  # of a face: from above the head down to the hips
_FACE_SHIFT: Final = 2.0  # of a face, down: the face lies high in it
# In faces, from the face's middle: how far off the middle of a body's head may be. On the shared
# clips a detection is off by .82 at most, one of somebody else by 1.5 at least; a body laid out is
# off by .2 at most, somebody else's by .6 at least.
_DETECTED_REACH: Final = 1.0
_HEAD_REACH: Final = 0.5
_BOX_MARGIN: Final = 0.1
_MIN_INSIDE: Final = 0.5  # of the landmarks that are seen


@dataclass(frozen=True, slots=True, eq=False)
class Whereabouts:
    """Where a person is, as far as anybody looked.

    Attributes:
        box_xyxy: The person, in pixels of the frame; None if nobody looked.
        face_xyxy: The face, in pixels of the frame; None if none was found.
    """

    box_xyxy: Float32[ndarray, " 4"] | None = None
    face_xyxy: Float32[ndarray, " 4"] | None = None

    @property
    def is_known(self) -> bool:
        """Whether anybody looked for the person at all."""
        return self.box_xyxy is not None or self.face_xyxy is not None

    def squares(self, *, width: int, height: int) -> list[Region]:
        """Return where to look for the body, the most likely square first.

        Args:
            width: That of the frame, in pixels.
            height: That of the frame, in pixels.
        """
        squares = []
        if self.box_xyxy is not None:
            squares.append(_square(self.box_xyxy, _BOX_SCALE))
        if self.face_xyxy is not None:
            squares.append(_square(self.face_xyxy, _FACE_SCALE, shift=_FACE_SHIFT))
        return squares or [Region(width / 2, height / 2, float(max(width, height)))]

    def may_be_at(self, head: Float32[ndarray, " 2"], shoulders: Float32[ndarray, " 2"]) -> bool:
        """Return whether a detected body may be the person's.

        Args:
            head: The middle of its head, in pixels of the frame.
            shoulders: The middle between its shoulders, in pixels of the frame.
        """
        if self.face_xyxy is not None:
            return _near(head, self.face_xyxy, _DETECTED_REACH)
        return self.box_xyxy is None or bool(_inside(shoulders[None], self.box_xyxy)[0])

    def holds(self, head: Float32[ndarray, " 2"], seen: Float32[ndarray, "N 2"]) -> bool:
        """Return whether a body that was laid out is the person's.

        Args:
            head: The middle of its head, in pixels of the frame.
            seen: What is seen of it within the frame.
        """
        if self.face_xyxy is not None:
            return _near(head, self.face_xyxy, _HEAD_REACH)
        if self.box_xyxy is None or not len(seen):
            return True
        return float(_inside(seen, self.box_xyxy, _BOX_MARGIN).mean()) >= _MIN_INSIDE


def _square(box_xyxy: Float32[ndarray, " 4"], scale: float, *, shift: float = 0.0) -> Region:
    x1, y1, x2, y2 = box_xyxy.tolist()
    side = max(x2 - x1, y2 - y1)
    return Region((x1 + x2) / 2, (y1 + y2) / 2 + shift * side, side * scale)


def _near(point: Float32[ndarray, " 2"], face_xyxy: Float32[ndarray, " 4"], reach: float) -> bool:
    low, high = face_xyxy[:2], face_xyxy[2:]
    away = np.linalg.norm(point - (low + high) / 2)
    return float(away) <= reach * float((high - low).max())


def _inside(
    points: Float32[ndarray, "N 2"], box_xyxy: Float32[ndarray, " 4"], margin: float = 0.0
) -> Bool[ndarray, " N"]:
    low, high = box_xyxy[:2], box_xyxy[2:]
    grown = np.float32(margin) * (high - low)
    inside: Bool[ndarray, " N"] = np.all((points >= low - grown) & (points <= high + grown), axis=1)
    return inside
