"""Ways of learning from the same gold and the same teacher, all by the same kind of student."""

import time
from dataclasses import replace

import numpy as np

from training.pseudo_label.lesson import Lesson, Rows, Student
from training.pseudo_label.noise import class_prior
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.rounds import Rounds
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import Examples, SteppedLearner, StepRecipe
from training.pseudo_label.task import Gold, Task, Teaching
from training.weak_to_strong.outcome import Outcome


class Ways:
    """The ways.

    Args:
        examples: To learn from.
        recipe: Of every student.
        settings: Of the rounds.
        test: What the outcome is of.
        seed: Of every student.
        classes: How many there are.
        doubt: Of the rounds.
    """

    def __init__(
        self,
        examples: Examples,
        recipe: StepRecipe,
        settings: Settings,
        *,
        test: Rows,
        seed: int,
        classes: int,
        doubt: float = 1.0,
    ) -> None:
        self._examples = examples
        self._recipe = recipe
        self._settings = settings
        self._test = test
        self._seed = seed
        self._classes = classes
        self._doubt = doubt

    def gold(self, gold: Gold) -> Outcome:
        """Learn from gold alone."""
        began_s = time.process_time()
        return self._outcome(self._simply(gold.rows, gold.labels, self._recipe), began_s)

    def naive(self, gold: Gold, pool: Rows, opinions: Opinions) -> Outcome:
        """Learn as if whatever the teacher said were gold.

        Args:
            gold: Examples whose class is known.
            pool: Others.
            opinions: The teacher's, of the pool.
        """
        began_s = time.process_time()
        rows = np.concatenate([gold.rows, pool[opinions.said]])
        labels = np.concatenate([gold.labels, opinions.hard[opinions.said]])
        as_long = replace(self._recipe, gold_steps=self._recipe.steps)
        return self._outcome(self._simply(rows, labels, as_long), began_s)

    def student(self, gold: Gold, pool: Rows, teacher: Teaching) -> Outcome:
        """Learn in rounds.

        Args:
            gold: Examples whose class is known.
            pool: Others.
            teacher: What it said of either.
        """
        began_s = time.process_time()
        task = Task(gold=gold, pool=pool, teachers=(teacher,), classes=self._classes)
        learner = SteppedLearner(self._examples, self._recipe)
        rounds = Rounds(task, learner, self._settings, seed=self._seed, doubt=self._doubt)
        learned = rounds.run()
        return replace(
            self._outcome(learned.student, began_s),
            scores=tuple(own.score for own in learned.rounds),
            best=learned.best.number,
        )

    def _simply(self, rows: Rows, labels: Rows, recipe: StepRecipe) -> Student:
        lesson = Lesson(gold=rows, labels=labels, prior=class_prior(labels, classes=self._classes))
        return SteppedLearner(self._examples, recipe).taught(lesson, seed=self._seed)

    def _outcome(self, student: Student, began_s: float) -> Outcome:
        return Outcome(
            probabilities=student.read(self._test),
            scores=(),
            cpu_s=time.process_time() - began_s,
        )
