"""Rounds of learning from gold and a teacher, whose students are networks of interviews.

    FOLDER/rounds/LESSON/stages/...   of each student, as ``branches_then_joint`` leaves them
    FOLDER/rounds/rounds.json         what the rounds came to

A run that goes on finds the students that were done, asks them again, and so decides as before.
"""

import sys
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float64, Int64
from numpy import ndarray

from engines.networks.interview_network import InterviewNetwork
from training.errors import DatasetError, SplitError
from training.interview import Entry
from training.learning.branches_then_joint import Learning, branches_then_joint
from training.learning.dataset import Fold, WholeInterviews
from training.learning.devices import is_first
from training.learning.imbalance import taken_prior
from training.learning.mixed_batches import TaughtFold
from training.learning.rounds_note import ROUNDS, keep_rounds
from training.learning.taught_pool import TaughtPool
from training.pseudo_label.lesson import Lesson, Rows
from training.pseudo_label.rounds import Round, Rounds
from training.pseudo_label.task import Gold, Task, Teaching
from training.split import divide


class InterviewStudent:
    """A network of interviews that has learned.

    Args:
        network: On the CPU.
        everybody: What it may be asked of.
        taken: How frequent it takes each class to be.
        size: Interviews at a time.
    """

    def __init__(
        self,
        network: InterviewNetwork,
        everybody: Fold,
        *,
        taken: tuple[float, ...],
        size: int,
    ) -> None:
        self.network = network.eval()
        self._everybody = everybody
        self._taken = torch.tensor(taken).double()
        self._size = size

    def read(self, rows: Rows) -> Float64[ndarray, "N C"]:
        """Return the probabilities at the end of interviews, classes being alike frequent."""
        fold = self._everybody.part(rows, name="asked")
        batches = WholeInterviews(fold, tuple(self.network.shape.branches), size=self._size)
        with torch.no_grad():
            logits = [
                self.network(own.histories, at=own.at)[:, -1].double() - self._taken.log()
                for own in (batches[number] for number in range(len(batches)))
            ]
        probabilities: Float64[ndarray, "N C"] = torch.cat(logits).softmax(1).numpy()
        return probabilities


class InterviewLearner:
    """Trains networks of interviews, each from new weights, in a folder of its own.

    Args:
        learning: What all of them share; its folder is that of the run.
        everybody: Gold, then the pool.
    """

    def __init__(self, learning: Learning, everybody: Fold) -> None:
        self._learning = learning
        self._everybody = everybody

    def taught(self, lesson: Lesson, *, seed: int) -> InterviewStudent:
        """Return a new student of a lesson, or one that was taught it before."""
        recipe = self._learning.recipe.model_copy(update={"seed": seed})
        gold = self._everybody.part(lesson.gold, name="gold")
        network = branches_then_joint(
            replace(
                self._learning,
                recipe=recipe,
                train=gold,
                taught=self._borrowed(lesson),
                folder=self._learning.folder / ROUNDS / lesson.name,
                told=f"{lesson.name}: ",
            )
        )
        classes = len(lesson.prior)
        return InterviewStudent(
            network,
            self._everybody,
            taken=taken_prior(recipe, gold.labels, classes=classes),
            size=recipe.batch,
        )

    def _borrowed(self, lesson: Lesson) -> TaughtFold | None:
        borrowed = lesson.borrowed
        if borrowed is None:
            return None
        return TaughtFold(
            fold=self._everybody.part(borrowed.rows, name="pool"),
            answers=borrowed.answers,
            noise=borrowed.noise,
            weights=borrowed.weights,
            prior=lesson.prior,
        )


def learned_in_rounds(learning: Learning, everybody: Fold, pool: TaughtPool) -> InterviewNetwork:
    """Return the network that the rounds came to; it may be that of gold alone.

    Args:
        learning: What all students share; ``train`` is the gold.
        everybody: The gold, then the pool.
        pool: With what its teacher said of the gold, in its order.

    Raises:
        DatasetError: If gold cannot be divided into folds that each miss no class.
    """
    gold, recipe = learning.train, learning.recipe
    task = Task(
        gold=Gold(
            rows=np.arange(len(gold)),
            labels=np.array(gold.labels),
            folds=_folds(gold.entries, recipe.pseudo.folds, seed=recipe.seed),
        ),
        pool=np.arange(len(gold), len(everybody)),
        teachers=(Teaching(gold=pool.of_gold, pool=pool.said, asked=pool.asked),),
        classes=pool.said.classes,
    )
    learner = InterviewLearner(replace(learning, pool=len(pool.entries)), everybody)
    pseudo = recipe.pseudo
    rounds = Rounds(task, learner, pseudo.settings(), seed=recipe.seed, doubt=pseudo.doubt)
    learned = rounds.run(_told)
    if is_first():
        keep_rounds(learned, learning.folder)
    student = learned.student
    assert isinstance(student, InterviewStudent)  # noqa: S101 (the learner makes no other)
    network: InterviewNetwork = student.network
    return network


def _folds(entries: tuple[Entry, ...], count: int, *, seed: int) -> Int64[ndarray, " G"]:
    """Return the fold of each interview: all of a person in one, classes as even as may be."""
    names = {str(number): 1 / count for number in range(count)}
    try:
        split = divide(entries, names, seed=seed)
    except SplitError as error:
        msg = (
            f"gold of {len(entries)} interviews: it cannot be divided into {count} folds by people "
            f"(fold {error}): label more, or --set pseudo.folds=2"
        )
        raise DatasetError(msg) from error
    fold_of = {entry.name: int(name) for name, own in split.folds.items() for entry in own}
    return np.array([fold_of[entry.name] for entry in entries])


def _told(own: Round) -> None:
    if not is_first():
        return
    what = f"round {own.number}" if own.number else "gold alone"
    gained = "" if not own.number else (", a gain" if own.gained else ", no gain")
    sys.stderr.write(f"{what}: AUC {own.score:.3f} on the gold that was left out{gained}\n")
