"""Interviews that nobody labelled, and what a teacher said of them: beside gold, to learn from."""

from dataclasses import dataclass

from training.errors import DatasetError
from training.interview import Entry
from training.pseudo_label.opinions import Opinions


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtPool:
    """A pool and its teacher.

    Attributes:
        teacher: What a card calls the teacher, such as its model, its prompts and the digest of its
            table.
        entries: Of the pool, of the same set as the gold. Their labels are nobody's to look at:
            those of interviews without one stand for nothing.
        said: Of the pool, in the order of ``entries``.
        of_gold: Of the gold, in the order of the fold ``train``; silence where it was not asked.
        transductive: Whether interviews of the test are in the pool; a figure on that test is to
            say so.

    Raises:
        DatasetError: If opinions are not of these interviews, or there is no pool.
    """

    teacher: str
    entries: tuple[Entry, ...]
    said: Opinions
    of_gold: Opinions
    transductive: bool = False

    def __post_init__(self) -> None:
        if not self.entries or len(self.said) != len(self.entries):
            msg = (
                f"pool of {self.teacher}: expected an opinion on each of {len(self.entries)} "
                f"interviews and one or more of them, got {len(self.said)}"
            )
            raise DatasetError(msg)
