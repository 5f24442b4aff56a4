"""Interviews that nobody labelled, and what a teacher said of them: beside gold, to learn from."""

import hashlib
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from training.errors import DatasetError
from training.interview import Entry
from training.pseudo_label.opinions import Opinions
from training.split import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtPool:
    """A pool and its teacher.

    Attributes:
        teacher: What a card calls the teacher, such as its model, its prompts and the digest of its
            table.
        entries: Of the pool, of the same set as the gold. Their labels are nobody's to look at:
            those of interviews without one stand for nothing.
        said: Of the pool, in the order of ``entries``.
        of_gold: Of the gold, in the order of the fold ``train``.
        asked: Of which gold it was asked, in that order; None: of all. On the others ``of_gold`` is
            not looked at.
        transductive: Whether interviews of the test are in the pool; a figure on that test is to
            say so.

    Raises:
        DatasetError: If opinions are not of these interviews, or there is no pool.
    """

    teacher: str
    entries: tuple[Entry, ...]
    said: Opinions
    of_gold: Opinions
    asked: Bool[ndarray, " G"] | None = None
    transductive: bool = False

    def __post_init__(self) -> None:
        if not self.entries or len(self.said) != len(self.entries):
            msg = (
                f"pool of {self.teacher}: expected an opinion on each of {len(self.entries)} "
                f"interviews and one or more of them, got {len(self.said)}"
            )
            raise DatasetError(msg)

    def of(self, gold: tuple[Entry, ...], before: tuple[Entry, ...]) -> Self:
        """Return it for other gold.

        Args:
            gold: Some of the interviews whose opinions are at hand, in any order.
            before: All of them, in the order of ``of_gold``.
        """
        places = {entry.name: place for place, entry in enumerate(before)}
        rows = np.array([places[entry.name] for entry in gold])
        asked = None if self.asked is None else self.asked[rows]
        return replace(self, of_gold=self.of_gold.of(rows), asked=asked)

    def digest(self) -> str:
        """Return the SHA-256 of what the teacher said."""
        total = hashlib.sha256()
        asked = np.ones(len(self.of_gold), np.bool_) if self.asked is None else self.asked
        for own in (self.said.soft, self.of_gold.soft, asked):
            total.update(np.ascontiguousarray(own).tobytes())
        return total.hexdigest()

    def check(self, split: Split, *, train: str, classes: int) -> None:
        """Refuse a pool that does not go with the folds.

        Args:
            split: All folds; those beside ``train`` and ``validation`` are of tests.
            train: The name of the gold's.
            classes: How many there are.

        Raises:
            DatasetError: If opinions are not of the gold or of these classes, an interview is in
                the pool and in a fold that is learned or chosen by, or, unless that is declared,
                anybody of a test is in the pool.
        """
        expected = len(split.folds[train]), classes, classes
        got = len(self.of_gold), self.of_gold.classes, self.said.classes
        if got != expected or (self.asked is not None and len(self.asked) != expected[0]):
            msg = (
                f"pool of {self.teacher}: expected opinions of (gold, classes, classes) {expected}"
                f", got {got}"
            )
            raise DatasetError(msg)
        names = {entry.name for entry in self.entries}
        people = {entry.subject for entry in self.entries}
        for fold, entries in split.folds.items():
            test = fold not in {train, "validation"}
            if test and self.transductive:
                continue
            for entry in entries:
                if entry.name in names or (test and entry.subject in people):
                    self._refuse(entry, fold)

    def _refuse(self, entry: Entry, fold: str) -> None:
        who = f"{entry.name} of {entry.subject}"
        msg = (
            f"pool of {self.teacher}: {who} lies in the fold {fold}; expected nobody of a test in "
            "the pool unless that is declared (transductive), and no gold"
        )
        raise DatasetError(msg)
