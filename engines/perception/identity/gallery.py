"""The people known in one source, each by a few descriptors.

A person's descriptors are kept apart rather than averaged: a face in profile and one in front are
two points, and the middle is neither. The gallery is bounded: of a person it keeps the faces that
differ most, of people those seen last.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.perception.identity.descriptor import (
    Colours,
    Descriptor,
    colour_distance,
    face_distances,
)

FACES_HELD: Final = 12  # of one person; those of the most lively clip stay within .46 of twelve
NOVEL: Final = 0.3  # a face closer than this to a known one of the person adds nothing


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a person of the gallery somebody looks.

    Attributes:
        person_id: Who it is held against.
        face: The distance to the nearest of the person's faces.
        colours: The distance to the person's colours when seen last; None if these are unknown.
    """

    person_id: str
    face: float
    colours: float | None


@dataclass(slots=True)
class _Person:
    faces: Float32[ndarray, "N D"]
    colours: Colours | None
    seen: int
    kept: bool
    met: set[str] = field(default_factory=set)


class Gallery:
    """Who was seen in one source.

    Args:
        max_persons: The one not seen for longest makes room; enrolled ones never do.
    """

    def __init__(self, max_persons: int) -> None:
        self._max_persons = max_persons
        self._persons: dict[str, _Person] = {}
        self._clock = 0

    def __contains__(self, person_id: str) -> bool:
        return person_id in self._persons

    def __len__(self) -> int:
        return len(self._persons)

    def admit(self, person_id: str, descriptor: Descriptor, *, enrolled: bool = False) -> None:
        """Take in a person by a first descriptor.

        Args:
            person_id: Not in the gallery yet.
            descriptor: How the person looks.
            enrolled: Whether the person stays, however long unseen.
        """
        self._clock += 1
        self._persons[person_id] = _Person(
            descriptor.face[None].copy(), descriptor.colours, self._clock, enrolled
        )
        passing = [name for name, person in self._persons.items() if not person.kept]
        if len(passing) > self._max_persons:
            self._drop(min(passing, key=lambda name: self._persons[name].seen))

    def learn(self, person_id: str, descriptor: Descriptor) -> None:
        """Add to a person's faces one that differs from them, and take the colours of now."""
        person = self._persons[person_id]
        self._clock += 1
        person.seen = self._clock
        person.colours = descriptor.colours
        if face_distances(person.faces, descriptor.face).min() < NOVEL:
            return
        faces = np.concatenate([person.faces, descriptor.face[None]])
        person.faces = _most_different(faces) if len(faces) > FACES_HELD else faces

    def likenesses(self, descriptor: Descriptor) -> list[Likeness]:
        """Hold a descriptor against everybody; the likest first."""
        found = [
            Likeness(
                name,
                float(face_distances(person.faces, descriptor.face).min()),
                colour_distance(person.colours, descriptor.colours),
            )
            for name, person in self._persons.items()
        ]
        return sorted(found, key=lambda likeness: likeness.face)

    def meet(self, person_ids: Collection[str]) -> None:
        """Note that these, all in the gallery, were seen in one frame, and so are not the same."""
        for name in person_ids:
            self._persons[name].met.update(set(person_ids) - {name})

    def met(self, one: str, other: str) -> bool:
        """Return whether two were seen in one frame."""
        return other in self._persons[one].met or one in self._persons[other].met

    def by_age(self, person_ids: Collection[str]) -> list[str]:
        """Return these of the gallery, the one known longest first."""
        return [name for name in self._persons if name in person_ids]

    def apart(self, one: str, other: str) -> float:
        """Return the distance of the two faces that are nearest to each other."""
        faces, others = self._persons[one].faces, self._persons[other].faces
        return float(np.linalg.norm(faces[:, None] - others[None], axis=2).min())

    def fold(self, person_id: str, into: str) -> None:
        """Give one person's faces to another: they turned out to be the same."""
        gone, person = self._persons[person_id], self._persons[into]
        for face in gone.faces:
            self.learn(into, Descriptor(face, person.colours))
        person.met |= gone.met
        self._drop(person_id)

    def _drop(self, person_id: str) -> None:
        del self._persons[person_id]
        for person in self._persons.values():
            person.met.discard(person_id)


def _most_different(faces: Float32[ndarray, "N D"]) -> Float32[ndarray, "M D"]:
    """Drop one of the two faces that are nearest to each other, the later; the first stays."""
    between = np.linalg.norm(faces[:, None] - faces[None], axis=2)
    between[np.tril_indices(len(faces))] = np.inf
    _, later = np.unravel_index(int(between.argmin()), between.shape)
    kept: Float32[ndarray, "M D"] = np.delete(faces, int(later), axis=0)
    return kept
