"""Faces, by a rule of three: a person, a face in the person's crop, a mesh that agrees.

Any two of them invent faces: BlazeFace alone sees one in every third frame of an empty room, and
BlazeFace with the mesh, but without a person, sees one in a cartoon. All three are asked in every
frame, so a face that is gone is gone in that very frame.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from engines.config import FaceConfig
from engines.engine import Engine
from engines.perception.assignment import assign
from engines.perception.blazeface import KEYPOINTS, MAX_IOU, BlazeFace
from engines.perception.boxes import iou
from engines.perception.facemesh import FaceMesh, Mesh
from engines.perception.region import Region
from engines.perception.ssd import SsdDetections

# Where the mesh looks, and when the region that the last mesh suggests is kept for the one that the
# detector suggests: MediaPipe's holistic face graphs (0.10.21), as their expanded text prints them.
_FROM_KEYPOINTS_SCALE: Final = 2.0
_FROM_KEYPOINTS_SHIFT: Final = -0.1
_FROM_MESH_SCALE: Final = 1.5
_SAME_ANGLE_RAD: Final = math.radians(15)
_SAME_PLACE: Final = 0.1
_SAME_SIZE: Final = 0.3
_SAME_MARGIN: Final = -0.2


@dataclass(frozen=True, slots=True)
class Face:
    """One face that all three agreed on.

    Attributes:
        mesh: Its 468 points.
        score: The face detector's, in [0, 1].
    """

    mesh: Mesh
    score: float


class FaceFinder:
    """Finds the face of each person; it remembers nothing between frames.

    Args:
        detector: The engine of ``BlazeFace``.
        mesh: The engine of ``FaceMesh``.
        config: The two thresholds.

    Raises:
        EngineError: If an engine is not of its kind.
    """

    def __init__(self, detector: Engine, mesh: Engine, config: FaceConfig) -> None:
        self._detector = BlazeFace(detector, min_score=config.min_detection)
        self._mesh = FaceMesh(mesh)
        self._min_presence = config.min_presence

    def find(
        self,
        image: UInt8[ndarray, "H W 3"],
        persons_xyxy: Float32[ndarray, "N 4"],
        before: Sequence[Face | None],
    ) -> list[Face | None]:
        """Return the face of each person, or None; no face is given to two.

        Args:
            image: The frame.
            persons_xyxy: The boxes of persons that the detector is sure of, in its pixels.
            before: Each person's face in the previous frame, or None.
        """
        squares = [head_square(box) for box in persons_xyxy]
        seen = each_once([self._detector.detect(image, square) for square in squares])
        chosen = assign(_costs(seen, persons_xyxy, squares, before))
        return [
            None if which is None else self._align(image, seen, which, last)
            for which, last in zip(chosen, before, strict=True)
        ]

    def _align(
        self, image: UInt8[ndarray, "H W 3"], seen: SsdDetections, which: int, last: Face | None
    ) -> Face | None:
        keypoints = seen.points[which, 2:]
        region = Region.around(
            keypoints,
            left=keypoints[0],
            right=keypoints[1],
            scale=_FROM_KEYPOINTS_SCALE,
            shift=_FROM_KEYPOINTS_SHIFT,
        )
        if last is not None and _lies_in(last.mesh, region):
            rough = last.mesh
        else:
            # keypoints give the region only roughly: the mesh judges itself on the one it gives
            rough = self._mesh.fit(image, region)
        mesh = self._mesh.fit(image, rough.region(_FROM_MESH_SCALE))
        return Face(mesh, float(seen.scores[which])) if mesh.presence > self._min_presence else None


def head_square(person_xyxy: Float32[ndarray, " 4"]) -> Region:
    """Return the part of a person's box that holds the head, in a close-up and at full length.

    The proportions were chosen on the shared clips; each of their faces is found in its square.
    """
    x1, y1, x2, y2 = person_xyxy.tolist()
    width, height = x2 - x1, y2 - y1
    size = 1.2 * max(min(width, height), 0.35 * height)
    return Region((x1 + x2) / 2, y1 + 0.45 * size, size)


def each_once(sightings: Sequence[SsdDetections]) -> SsdDetections:
    """Join what was seen in several squares, dropping the weaker sightings of the same face.

    A person's square holds the neighbour's face too.

    Args:
        sightings: In pixels of the frame.
    """
    points = np.concatenate(
        [np.zeros((0, 2 + KEYPOINTS, 2), np.float32)] + [s.points for s in sightings]
    )
    scores = np.concatenate([np.zeros(0, np.float32)] + [s.scores for s in sightings])
    order = np.argsort(-scores, kind="stable")
    boxes = points[:, :2].reshape(-1, 4)
    overlaps = iou(boxes, boxes) > MAX_IOU
    kept: list[int] = []
    for place in order.tolist():
        if not overlaps[place, kept].any():
            kept.append(place)
    return SsdDetections(points[kept], scores[kept])


def _costs(
    seen: SsdDetections,
    persons_xyxy: Float32[ndarray, "N 4"],
    squares: Sequence[Region],
    before: Sequence[Face | None],
) -> Float[ndarray, "N M"]:
    """Return how ill each face fits each person: its distance from where it should be.

    That is where the person's face was, or else the middle of the square, in units of the square's
    side. A face whose centre is outside the person's box or square is not the person's.
    """
    centres = seen.points[:, :2].mean(axis=1)
    costs = np.full((len(persons_xyxy), len(centres)), np.inf)
    for row, (box, square, last) in enumerate(zip(persons_xyxy, squares, before, strict=True)):
        middle = np.array([square.x, square.y]) if last is None else _centre(last.mesh.box_xyxy)
        distances = np.linalg.norm(centres - middle, axis=1) / square.size
        for column, centre in enumerate(centres):
            inside = (box[:2] <= centre).all() and (centre <= box[2:]).all()
            if inside and square.holds(centre[None]):
                costs[row, column] = distances[column]
    return costs


def _centre(box_xyxy: Float32[ndarray, " 4"]) -> Float32[ndarray, " 2"]:
    centre: Float32[ndarray, " 2"] = (box_xyxy[:2] + box_xyxy[2:]) / np.float32(2)
    return centre


def _lies_in(last: Mesh, suggested: Region) -> bool:
    """Return whether the last mesh still lies where the detector now suggests a face."""
    region = last.region(_FROM_MESH_SCALE)
    turned = math.remainder(region.angle - suggested.angle, math.tau)
    moved = max(abs(region.x - suggested.x), abs(region.y - suggested.y))
    return (
        abs(turned) < _SAME_ANGLE_RAD
        and moved < _SAME_PLACE * suggested.size
        and abs(region.size - suggested.size) < _SAME_SIZE * suggested.size
        and suggested.holds(last.landmarks, margin=_SAME_MARGIN)
    )
