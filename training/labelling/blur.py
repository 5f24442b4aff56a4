"""Faces made unrecognisable, so that what a teacher knows of the famous cannot decide.

A face that is missed would be shown, so where a person is seen without one, as from the side, all
of the part of the picture that would hold the head goes.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from engines.config import PerceptionConfig
from engines.engine import OpenEngine
from engines.models.store import ModelStore
from engines.perception.detector import PersonDetector
from engines.perception.face import FaceFinder, head_square

CELLS: Final = 6
"""Of a face's longer side: what is left has no eyes."""
MARGIN: Final = 0.35
"""Of a face's side, on each side: the mesh ends at the forehead."""

Image = UInt8[ndarray, "H W 3"]
Box = Float[ndarray, " 4"]


class FaceBlur:
    """Hides faces in frames; leaving its context closes the engines.

    Args:
        config: The models, and thresholds.
        store: Where they are.
        open_engine: Opens the file of a model under its name.

    Raises:
        ModelError: If a model is missing, or not the one that the manifest names.
        EngineError: If the runtime cannot load one.
    """

    def __init__(
        self, config: PerceptionConfig, store: ModelStore, open_engine: OpenEngine
    ) -> None:
        names = (config.detector.model, config.face.detector, config.face.mesh)
        store.require(names)
        with ExitStack() as opened:
            person, face, mesh = (
                opened.enter_context(open_engine(name, store.path(name))) for name in names
            )
            self._persons = PersonDetector(person)
            self._faces = FaceFinder(face, mesh, config.face)
            self._engines = opened.pop_all()
        self._min_person = config.detector.min_score

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engines.close()

    def hide(self, image: Image) -> Image:
        """Return a frame without faces."""
        hidden = image.copy()
        for box in self.find(image):
            hide_box(hidden, box)
        return hidden

    def find(self, image: Image) -> list[Box]:
        """Return what is to be hidden in a frame, as corners (x1, y1, x2, y2) in pixels."""
        found = self._persons.detect(image)
        persons = found.boxes_xyxy[found.scores >= self._min_person]
        boxes: list[Box] = []
        faces = self._faces.find(image, persons, [None] * len(persons))
        for person, face in zip(persons, faces, strict=True):
            if face is None:
                head = head_square(person)
                middle, half = np.array([head.x, head.y]), head.size / 2
                boxes.append(np.concatenate([middle - half, middle + half]))
            else:
                box = face.mesh.box_xyxy
                margin = MARGIN * float((box[2:] - box[:2]).max())
                boxes.append(box + np.array([-margin, -margin, margin, margin]))
        return boxes


def hide_box(image: Image, box_xyxy: Box) -> None:
    """Make what is in a box a few cells of one colour each."""
    height, width = image.shape[:2]
    x1, y1 = np.maximum(np.floor(box_xyxy[:2]), 0).astype(int)
    x2, y2 = np.minimum(np.ceil(box_xyxy[2:]), (width, height)).astype(int)
    if x2 <= x1 or y2 <= y1:
        return
    part = image[y1:y2, x1:x2]
    scale = CELLS / max(part.shape[:2])
    cells = tuple(max(round(side * scale), 1) for side in (x2 - x1, y2 - y1))
    few = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    image[y1:y2, x1:x2] = cv2.resize(few, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
