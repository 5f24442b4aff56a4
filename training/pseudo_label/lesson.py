"""What a student is given to learn from, and what any student has to be able to do."""

from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float64, Int64
from numpy import ndarray

from training.pseudo_label.answers import Answers
from training.pseudo_label.noise import Noise

Rows = Int64[ndarray, " N"]
"""Which examples, of all that a learner knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """Examples of which only a teacher said anything.

    Attributes:
        rows: Which.
        answers: What it said.
        noise: How often it says what of which class.
        weights: How much each counts.
    """

    rows: Rows
    answers: Answers
    noise: Noise
    weights: Float64[ndarray, " N"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """All that one student learns from.

    Attributes:
        name: Among the lessons of all rounds, such as ``1-all``: of round 1, on all of the gold, or
            ``1-without-2``, on all but fold 2. Who keeps students keeps them under it.
        gold: Examples whose class is known.
        labels: Their classes.
        prior: How frequent each class is taken to be, in gold and elsewhere.
        borrowed: None for a student that learns from gold alone.
    """

    name: str = "lesson"
    gold: Rows
    labels: Int64[ndarray, " N"]
    prior: Float64[ndarray, " C"]
    borrowed: Borrowed | None = None


class Student(Protocol):
    """Has learned."""

    def read(self, rows: Rows) -> Float64[ndarray, "N C"]:
        """Return the probabilities of the classes, all being taken for alike frequent."""
        ...


class Learner(Protocol):
    """Makes students of one kind, each from new weights."""

    def taught(self, lesson: Lesson, *, seed: int) -> Student:
        """Return a new student of a lesson.

        Args:
            lesson: To learn from.
            seed: Of its first weights and of the order in which it sees examples.
        """
        ...
