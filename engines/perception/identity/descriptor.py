"""What a person is known again by: the face as a vector, and the colours of face and figure.

The face decides. Colours hold as long as clothes and light do, so they only settle a doubt.
Descriptors are biometric data: they live in memory, with the source, and are never written,
logged or published.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

_SAMPLE_PX: Final = 48  # a side: colours need no detail, and a histogram of a close-up would
_BINS: Final = [4, 8, 8]  # lightness is coarse: it is the first to change with the light
_RANGES: Final = [0, 256, 64, 192, 64, 192]  # of Lab in 8 bits; people and rooms lie within

Colours = Float32[ndarray, "2 256"]
"""Of the face's box and of the person's, each the roots of the shares of 256 colours."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """How a person looked in one frame.

    Attributes:
        face: The embedding of the face.
        colours: Of face and figure; None where they say nothing about now (an enrolment picture).
    """

    face: Float32[ndarray, " D"]
    colours: Colours | None


def colours(
    image: UInt8[ndarray, "H W 3"],
    face_xyxy: Float32[ndarray, " 4"],
    person_xyxy: Float32[ndarray, " 4"],
) -> Colours:
    """Return the colours of a person, read-only.

    Args:
        image: The frame.
        face_xyxy: In its pixels; it may reach over the edge.
        person_xyxy: Likewise.
    """
    found = np.stack([_histogram(image, face_xyxy), _histogram(image, person_xyxy)])
    found.setflags(write=False)
    return found


def colour_distance(one: Colours | None, other: Colours | None) -> float | None:
    """Return how the colours differ, 0..1.41, in the mean of face and figure; None if unknown."""
    if one is None or other is None:
        return None
    return float(np.linalg.norm(one - other, axis=1).mean())


def face_distances(
    faces: Float[ndarray, "N D"], face: Float[ndarray, " D"]
) -> Float[ndarray, " N"]:
    """Return how far a face is from each of several."""
    distances: Float[ndarray, " N"] = np.linalg.norm(faces - face, axis=1)
    return distances


def middle(descriptors: list[Descriptor]) -> Descriptor:
    """Return one descriptor for a person seen several times, with the colours seen last."""
    faces = np.stack([descriptor.face for descriptor in descriptors])
    face: Float32[ndarray, " D"] = faces.mean(axis=0, dtype=np.float32)
    return Descriptor(face, descriptors[-1].colours)


def _histogram(
    image: UInt8[ndarray, "H W 3"], box_xyxy: Float32[ndarray, " 4"]
) -> Float32[ndarray, " 256"]:
    height, width = image.shape[:2]
    x1, y1 = np.clip(np.floor(box_xyxy[:2]), 0, [width - 1, height - 1]).astype(int)
    x2, y2 = np.clip(np.ceil(box_xyxy[2:]), [x1 + 1, y1 + 1], [width, height]).astype(int)
    sample = cv2.resize(image[y1:y2, x1:x2], (_SAMPLE_PX, _SAMPLE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(sample, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, _BINS, _RANGES).ravel()
    shares: Float32[ndarray, " 256"] = np.sqrt(counts / max(float(counts.sum()), 1.0))
    return shares
