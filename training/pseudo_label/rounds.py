"""Rounds of learning from gold and a teacher, until gold says that another one gains nothing.

Round 0 is gold alone. In each later one new students, from new weights, learn from gold and from
what was heard of the pool: in round 1 from the teachers, then from them and the students of the
round before. A round is judged by what its students say of gold that they have not seen: each fold
of gold is left out once, with everything that follows from it (its students, and the noise of
teachers), and nothing else is kept for choosing, for gold is dear. Only where a round gains is a
student taught on all of the gold; the last that was, counts. So a teacher that is worth nothing
costs nothing but time: gold alone is kept. A few dozen of gold judge rounds badly; there, teachers
whose answers may well be chance are not to be heard in the first place (``doubt``).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from training.evaluation.metrics import METRICS
from training.pseudo_label.lesson import Borrowed, Learner, Lesson, Student
from training.pseudo_label.noise import Noise, class_prior
from training.pseudo_label.settings import Settings
from training.pseudo_label.task import Task
from training.pseudo_label.vote import Heard, Read, Voice, hear, voices
from training.pseudo_label.weights import weigh
from training.pseudo_label.worth import chance_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round came to.

    Attributes:
        number: 0 is gold alone.
        score: On gold that its students had not seen.
        held: What they said of it.
        gained: Whether it is better than all before.
        student: Taught on all of the gold; None where nothing was gained.
        noise: Of what it was taught of the pool; None of gold alone, and where nothing was gained.
    """

    number: int
    score: float
    held: Read
    gained: bool
    student: Student | None
    noise: Noise | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What the rounds came to.

    Attributes:
        rounds: All, in order; the last may have gained nothing.
    """

    rounds: tuple[Round, ...]

    @property
    def best(self) -> Round:
        """The round that counts."""
        return [own for own in self.rounds if own.gained][-1]

    @property
    def student(self) -> Student:
        """Whom the rounds came to."""
        student = self.best.student
        assert student is not None  # noqa: S101 (a round that gains has one)
        return student


class Rounds:
    """Rounds of learning.

    Args:
        task: What is to be learned.
        learner: Makes the students.
        settings: How pseudo-labels are made.
        seed: Of every student, so that rounds are comparable.
        doubt: Teachers are heard whose answers on gold would be chance less often than this; 1:
            all.
    """

    def __init__(
        self, task: Task, learner: Learner, settings: Settings, *, seed: int, doubt: float = 1.0
    ) -> None:
        spoken = voices(task, settings)
        heard = [doubt >= 1 or _chance(own, task) < doubt for own in spoken]
        self._task = task
        if any(heard):
            self._task = replace(task, teachers=tuple(compress(task.teachers, heard)))
        self._learner = learner
        self._settings = settings
        self._seed = seed
        self._voices = tuple(compress(spoken, heard))
        self._folds: list[int] = np.unique(task.gold.folds).tolist()
        self._done: list[Round] = []
        self._students: dict[int | None, Student] = {}
        """Of the round before, by the fold that they have not seen."""

    def run(self, told: Callable[[Round], None] = lambda _: None) -> Learned:
        """Return what they come to.

        Args:
            told: Of each round as it ends.
        """
        last = self._settings.rounds if self._voices else 0
        while not self._done or (self._done[-1].gained and self._number <= last):
            self._done.append(self._round())
            told(self._done[-1])
        return Learned(rounds=tuple(self._done))

    @property
    def _number(self) -> int:
        return len(self._done)

    def _round(self) -> Round:
        gold, students = self._task.gold, dict[int | None, Student]()
        held = np.empty((len(gold), self._task.classes))
        for fold in self._folds:
            students[fold], _ = self._taught(fold)
            own = gold.folds == fold
            held[own] = students[fold].read(gold.rows[own])
        score = self._score(held)
        gained = not self._done or score > self._done[-1].score + self._settings.least_gain
        student, heard = self._taught(None) if gained else (None, None)
        if student is not None:
            students[None] = student
        self._students = students
        return Round(
            number=self._number,
            score=score,
            held=held,
            gained=gained,
            student=student,
            noise=None if heard is None else heard.noise,
        )

    def _taught(self, without: int | None) -> tuple[Student, Heard | None]:
        """Return a new student of all gold but a fold, and what it was taught of the pool."""
        gold, pool, classes = self._task.gold, self._task.pool, self._task.classes
        learned = np.ones(len(gold), np.bool_) if without is None else gold.folds != without
        heard, borrowed = None, None
        if self._number:
            before = self._before(without)
            heard = hear(self._task, self._voices, self._settings, learned=learned, before=before)
            borrowed = Borrowed(
                rows=pool,
                answers=heard.answers,
                noise=heard.noise,
                weights=weigh(
                    heard.probabilities, self._settings.weighing, sure=self._settings.sure
                ),
            )
        kept_back = "all" if without is None else f"without-{without}"
        lesson = Lesson(
            name=f"{self._number}-{kept_back}",
            gold=gold.rows[learned],
            labels=gold.labels[learned],
            prior=class_prior(gold.labels[learned], classes=classes),
            borrowed=borrowed,
        )
        return self._learner.taught(lesson, seed=self._seed), heard

    def _before(self, without: int | None) -> Read | None:
        return None if self._number == 1 else self._students[without].read(self._task.pool)

    def _score(self, held: Read) -> float:
        everybody = np.ones((1, len(held)))
        metric = METRICS[self._settings.metric]
        return float(metric(held, self._task.gold.labels, everybody)[0])


def _chance(voice: Voice, task: Task) -> float:
    asked = voice.gold.any(axis=1)
    return chance_of(voice.gold[asked], task.gold.labels[asked], classes=task.classes)
