"""What a teacher said of examples, whoever it is: soft labels, and silence where it abstained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from training.errors import DatasetError
from training.labelling.sample import Sample

ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a teacher said.

    Attributes:
        soft: A share for each class; a row of zeros where it abstained. Read-only.

    Raises:
        DatasetError: If a row is neither shares that add up to 1 nor zeros.
    """

    soft: Float64[ndarray, "N C"]

    def __post_init__(self) -> None:
        totals = self.soft.sum(axis=1)
        right = (np.abs(totals - 1) < ROUNDING) | (totals == 0)
        right &= (self.soft >= 0).all(axis=1)
        if not right.all():
            row = int(np.argmin(right))
            msg = f"row {row}: expected shares that add up to 1, or zeros; got {self.soft[row]}"
            raise DatasetError(msg)
        self.soft.setflags(write=False)

    def __len__(self) -> int:
        return len(self.soft)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.soft.shape[1])

    @property
    def said(self) -> Bool[ndarray, " N"]:
        """Of which examples it said anything."""
        spoken: Bool[ndarray, " N"] = self.soft.sum(axis=1) > 0
        return spoken

    @property
    def hard(self) -> Int64[ndarray, " N"]:
        """The likeliest class of each; it means nothing where nothing was said."""
        return np.asarray(self.soft.argmax(axis=1), np.int64)

    def of(self, rows: Int64[ndarray, " M"]) -> "Opinions":
        """Return what was said of some examples."""
        return Opinions(self.soft[rows])


def opinions_in(judged: Sequence[Sequence[Sample]], labels: Sequence[str]) -> Opinions:
    """Return the opinions of a teacher of ``training.labelling``, such as of a table's clips.

    Each sample is a vote, spread over the classes by its confidence; what that is worth is measured
    on gold, so nobody need have calibrated it. A sample without a label abstains.

    Args:
        judged: The samples of each example.
        labels: The classes.
    """
    soft = np.zeros((len(judged), len(labels)))
    for row, samples in enumerate(judged):
        votes = [_vote(own, labels) for own in samples if own.label is not None]
        if votes:
            soft[row] = np.mean(votes, axis=0)
    return Opinions(soft)


def _vote(sample: Sample, labels: Sequence[str]) -> Float64[ndarray, " C"]:
    confidence = 1.0 if sample.confidence is None else sample.confidence
    own = max(confidence, 1 / len(labels))  # it did choose this class
    vote = np.full(len(labels), (1 - own) / (len(labels) - 1))
    vote[labels.index(sample.label or "")] = own
    return vote
