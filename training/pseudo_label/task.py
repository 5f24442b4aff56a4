"""What is to be learned: gold in folds, a pool without labels, and teachers who spoke of both."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from training.errors import DatasetError
from training.pseudo_label.lesson import Rows
from training.pseudo_label.opinions import Opinions

FEWEST_FOLDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """Examples whose class is known.

    Attributes:
        rows: Which, of all that a learner knows.
        labels: Their classes.
        folds: Which fold each lies in; of people, all examples of one lie in the same.

    Raises:
        DatasetError: If there are fewer than two folds, or outside a fold a class is missing.
    """

    rows: Rows
    labels: Int64[ndarray, " G"]
    folds: Int64[ndarray, " G"]

    def __post_init__(self) -> None:
        if len(np.unique(self.folds)) < FEWEST_FOLDS:
            msg = f"gold: expected {FEWEST_FOLDS} folds or more, got {len(np.unique(self.folds))}"
            raise DatasetError(msg)
        classes = set(np.unique(self.labels).tolist())
        for fold in np.unique(self.folds).tolist():
            missing = classes - set(self.labels[self.folds != fold].tolist())
            if missing:
                msg = (
                    f"gold: outside fold {fold} there is none of class {missing.pop()}; expected "
                    "some of each, or its noise cannot be measured: label more, or divide otherwise"
                )
                raise DatasetError(msg)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """What one teacher said, who has learned from none of the gold.

    Attributes:
        gold: Of the gold, in its order.
        pool: Of the pool, in its order.
        asked: Of which gold it was asked; its noise is counted on that. None: of all.

    Raises:
        DatasetError: If it was asked of none.
    """

    gold: Opinions
    pool: Opinions
    asked: Bool[ndarray, " G"] | None = None

    def __post_init__(self) -> None:
        if self.asked is not None and not self.asked.any():
            msg = "teacher: it was asked of no gold; its noise cannot be measured without"
            raise DatasetError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """All that is there to learn from.

    Attributes:
        gold: Examples whose class is known.
        pool: Others; where those of a test are among them, a figure on that test is transductive.
        teachers: One or more; several vote.
        classes: How many there are.

    Raises:
        DatasetError: If an example is gold and in the pool, or opinions are not of these examples.
    """

    gold: Gold
    pool: Rows
    teachers: tuple[Teaching, ...]
    classes: int

    def __post_init__(self) -> None:
        both = np.intersect1d(self.gold.rows, self.pool)
        if len(both):
            msg = f"row {both[0]} is gold and in the pool; expected it in one of them"
            raise DatasetError(msg)
        if not self.teachers:
            msg = "no teacher: expected one or more"
            raise DatasetError(msg)
        for number, own in enumerate(self.teachers):
            got = len(own.gold), own.gold.classes, len(own.pool), own.pool.classes
            expected = len(self.gold), self.classes, len(self.pool), self.classes
            if got != expected:
                msg = (
                    f"teacher {number}: expected opinions of (gold, classes, pool, classes) "
                    f"{expected}, got {got}"
                )
                raise DatasetError(msg)
