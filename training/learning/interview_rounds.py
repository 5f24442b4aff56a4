"""Rounds of learning from gold and a teacher, whose students are networks of interviews.

    FOLDER/rounds/LESSON/stages/...   of each student, as ``branches_then_joint`` leaves them
    FOLDER/rounds/rounds.json         what the rounds came to

A run that goes on finds the students that were done, asks them again, and so decides as before.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

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
from training.learning.taught_pool import TaughtPool
from training.pseudo_label.lesson import Lesson, Rows
from training.pseudo_label.rounds import Learned, Round, Rounds
from training.pseudo_label.task import Gold, Task, Teaching
from training.split import divide

ROUNDS: Final = "rounds"
SUMMARY: Final = "rounds.json"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNote:
    """What is kept of a round.

    Attributes:
        number: 0 is gold alone.
        auc: On the gold that its students had not seen.
        gained: Whether it is better than all before.
    """

    number: int
    auc: float
    gained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsNote:
    """What rounds came to.

    Attributes:
        rounds: All, in order.
        kept: The number of the one that counts; 0: the teacher's labels gained nothing.
        student: The folder of its stages, below the run's.
    """

    rounds: tuple[RoundNote, ...]
    kept: int
    student: str

    def told(self) -> str:
        """Return it in a line."""
        each = ", ".join(
            f"{'gold alone' if not own.number else f'round {own.number}'} {own.auc:.3f}"
            for own in self.rounds
        )
        kept = f"round {self.kept}" if self.kept else "gold alone, for the pool gained nothing"
        return f"AUC on the gold that was left out: {each}; kept: {kept}"


def read_rounds(folder: Path) -> RoundsNote | None:
    """Return what the rounds of a run came to; None if it had none."""
    path = folder / ROUNDS / SUMMARY
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return RoundsNote(
        rounds=tuple(RoundNote(**own) for own in found["rounds"]),
        kept=found["kept"],
        student=found["student"],
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
    learner = InterviewLearner(learning, everybody)
    rounds = Rounds(task, learner, recipe.pseudo.settings(), seed=recipe.seed)
    learned = rounds.run(_told)
    if is_first():
        _keep(learned, learning.folder)
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


def _keep(learned: Learned, folder: Path) -> None:
    note = RoundsNote(
        rounds=tuple(
            RoundNote(number=own.number, auc=round(own.score, 6), gained=own.gained)
            for own in learned.rounds
        ),
        kept=learned.best.number,
        student=f"{ROUNDS}/{learned.best.number}-all",
    )
    path = folder / ROUNDS / SUMMARY
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(note), indent=2) + "\n", encoding="utf-8")
    part.replace(path)
