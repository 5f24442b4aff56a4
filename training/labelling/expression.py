"""The expression network as a teacher: what the largest face of each frame shows, on average."""

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float64, UInt8
from numpy import ndarray

from engines.perception.detector import PersonDetector
from engines.perception.expression import ExpressionReader
from engines.perception.face import FaceFinder
from engines.perception.facemesh import Mesh
from engines.spec.labels import EXPRESSION_VALENCES, VALENCES
from training.labelling.material import Material
from training.labelling.sample import Sample
from training.labelling.valence import check_valences, judged

_OF: Final = np.array([VALENCES.index(valence) for valence in EXPRESSION_VALENCES])


class ExpressionTeacher:
    """Labels by faces; one judgement a clip.

    Args:
        labels: Negative and positive, with neutral between or without.
        persons: Finds people.
        min_person: The least score of a person.
        faces: Finds their faces.
        expressions: Reads them.
        model: Which network that is.

    Raises:
        ConfigError: If the classes are not of these.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        persons: PersonDetector,
        min_person: float,
        faces: FaceFinder,
        expressions: ExpressionReader,
        model: str,
    ) -> None:
        check_valences(labels, who="an expression network")
        self._labels = tuple(labels)
        self._persons = persons
        self._min_person = min_person
        self._faces = faces
        self._expressions = expressions
        self._model = model

    @property
    def identity(self) -> Mapping[str, str]:
        """The network's name and digest."""
        return {"provider": "expression", "endpoint": "", "model": self._model, "prompts": ""}

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Label a clip by its frames; without any face in them, it abstains."""
        seen = [
            found
            for picture in material.pictures
            if (found := self._look(_image(picture.jpeg))) is not None
        ]
        if not seen:
            reason = f"no face in {len(material.pictures)} frames"
            return (Sample(number=0, outcome="withdrawn", reason=reason),)
        mean = np.mean(seen, axis=0)
        told = ", ".join(f"{name} {own:.3f}" for name, own in zip(VALENCES, mean, strict=True))
        reasoning = f"faces in {len(seen)} of {len(material.pictures)} frames: {told}"
        return (judged(mean, self._labels, reasoning=reasoning, model=self._model),)

    def _look(self, image: UInt8[ndarray, "H W 3"]) -> Float64[ndarray, " 3"] | None:
        found = self._persons.detect(image)
        persons = found.boxes_xyxy[found.scores >= self._min_person]
        faces = self._faces.find(image, persons, [None] * len(persons))
        meshes = [face.mesh for face in faces if face is not None]
        if not meshes:
            return None
        largest = max(meshes, key=_area)
        shown = self._expressions.read(image, largest).expression
        return np.bincount(_OF, weights=shown, minlength=len(VALENCES))


def _area(mesh: Mesh) -> float:
    return float(np.prod(mesh.box_xyxy[2:] - mesh.box_xyxy[:2]))


def _image(jpeg: bytes) -> UInt8[ndarray, "H W 3"]:
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(decoded, np.uint8)
