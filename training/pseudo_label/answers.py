"""A teacher's opinions as answers out of a short alphabet, whose noise a little gold can measure.

A teacher that is sure is right more often than one that is not, by how much nobody calibrated. So
the alphabet has a letter for each class and grade of sureness, and one for silence, and what a
letter is worth is counted on gold (``noise``).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from training.pseudo_label.opinions import Opinions

Answers = Float64[ndarray, "N J"]
"""A share for each letter; each row adds up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alphabet:
    """The letters of a teacher.

    Attributes:
        cuts: For each class, the shares at which one grade ends and a surer one begins; rising.
        soft: Whether a soft label stays one: the letters are the classes, and an answer is spread
            over them.
    """

    cuts: tuple[Float64[ndarray, " L"], ...]
    soft: bool = False

    @classmethod
    def of(cls, opinions: Opinions, *, grades: int) -> Self:
        """Return an alphabet whose letters are used about alike often for a class.

        Args:
            opinions: Many, whose truth need not be known.
            grades: Of sureness, for each class; fewer where a teacher knows fewer. 0: soft labels
                stay as they are.
        """
        cuts: list[Float64[ndarray, " L"]] = []
        ends = np.linspace(0, 1, grades + 1)[1:-1] if grades else np.zeros(0)
        for label in range(opinions.classes):
            own = opinions.soft[opinions.said & (opinions.hard == label), label]
            # of a teacher that is always as sure there is one grade
            cuts.append(np.unique(np.quantile(own, ends)) if len(own) else np.zeros(0))
        return cls(cuts=tuple(cuts), soft=not grades)

    @property
    def letters(self) -> int:
        """How many there are; the last is silence."""
        return sum(len(own) + 1 for own in self.cuts) + 1

    def spell(self, opinions: Opinions) -> Answers:
        """Return opinions as answers."""
        spoken = opinions.said
        if self.soft:
            return np.concatenate([opinions.soft, ~spoken[:, None]], axis=1)
        return np.asarray(np.eye(self.letters)[self._places(opinions)])

    def _places(self, opinions: Opinions) -> Int64[ndarray, " N"]:
        places: Int64[ndarray, " N"] = np.full(len(opinions), self.letters - 1, np.int64)
        first, hard = 0, opinions.hard
        for label, own in enumerate(self.cuts):
            rows = np.flatnonzero(opinions.said & (hard == label))
            places[rows] = first + np.searchsorted(own, opinions.soft[rows, label], side="right")
            first += len(own) + 1
        return places
