"""What several judgements of one clip come to: a soft label, and how far they disagree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.labelling.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The judgements on a clip, counted.

    Attributes:
        label: The class with most votes, by confidence where votes are equal; None if nobody
            votes, or both are equal.
        votes: For each class.
        soft: Votes as shares; None if nobody votes.
        confidence: The mean of those who voted for the label.
        disagreement: The entropy of the shares, from 0 (all agree) to 1 (all classes equal).
    """

    label: str | None
    votes: tuple[int, ...]
    soft: tuple[float, ...] | None
    confidence: float | None
    disagreement: float | None


def count(samples: Sequence[Sample], labels: Sequence[str]) -> Vote:
    """Count the samples that have a label; a withdrawn one abstains.

    Args:
        samples: Of one clip.
        labels: The classes.
    """
    votes = np.zeros(len(labels), np.int64)
    sure = np.zeros(len(labels))
    for sample in samples:
        if sample.label is not None:
            votes[labels.index(sample.label)] += 1
            sure[labels.index(sample.label)] += sample.confidence or 0.0
    total = int(votes.sum())
    if not total:
        return Vote(
            label=None,
            votes=tuple(votes.tolist()),
            soft=None,
            confidence=None,
            disagreement=None,
        )
    shares = votes / total
    chosen = max(range(len(labels)), key=lambda place: (votes[place], sure[place]))
    equal = (votes == votes[chosen]) & np.isclose(sure, sure[chosen])
    some = shares[shares > 0]
    return Vote(
        label=None if equal.sum() > 1 else labels[chosen],
        votes=tuple(votes.tolist()),
        soft=tuple(shares.tolist()),
        confidence=None if equal.sum() > 1 else float(sure[chosen] / votes[chosen]),
        disagreement=float(-(some * np.log(some)).sum() / np.log(len(labels))) + 0.0,
    )
