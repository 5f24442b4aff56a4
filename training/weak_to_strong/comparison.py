"""Students against gold alone, the teacher and naive pseudo-labels, on the same test examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from training.evaluation.comparison import Difference, difference, figure
from training.evaluation.metrics import METRICS, MetricName
from training.evaluation.scores import Figure
from training.interview import Entry
from training.prediction import Predictions

TOLD: Final[tuple[MetricName, ...]] = ("auc", "balanced_accuracy")
STUDENT: Final = "student"
TRANSDUCTIVE: Final = "transductive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A metric of one way, over its seeds.

    Attributes:
        mean: Over the seeds, with the 95 % interval over test examples, or over people.
        seeds: Of each seed.
        above: By how much the student is above it, paired; None of the student itself.
        each_above: The same, of each seed.
    """

    mean: Figure
    seeds: tuple[float, ...]
    above: Difference | None
    each_above: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of all ways with the same gold.

    Attributes:
        ways: By way and metric.
    """

    ways: Mapping[str, Mapping[MetricName, Told]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What is tested on.

    Attributes:
        labels: The right classes.
        subjects: Whom each is of; each of its own where nobody knows.
        classes: Their names.
    """

    labels: Int64[ndarray, " N"]
    subjects: Sequence[str]
    classes: tuple[str, ...]

    def said(self, probabilities: Float64[ndarray, "N C"]) -> Predictions:
        """Return what somebody says of it."""
        logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        return Predictions(
            labels=self.classes,
            entries=tuple(
                Entry(name=str(row), subject=subject, label=int(label))
                for row, (subject, label) in enumerate(zip(self.subjects, self.labels, strict=True))
            ),
            after_s=(inf,),
            logits=logs[:, None].astype(np.float32),
        )


def compare(
    test: Exam,
    said: Mapping[str, Sequence[Float64[ndarray, "N C"]]],
    metrics: Sequence[MetricName] = TOLD,
) -> Comparison:
    """Compare ways.

    Args:
        test: What was tested on.
        said: By way, the probabilities of each seed, in the order of the seeds; ``student`` is
            one of them.
        metrics: What is told; the intervals of the AUC of many thousands take minutes.
    """
    runs = {way: [test.said(own) for own in each] for way, each in said.items()}
    student = {name: _each(said[STUDENT], test, name) for name in metrics}
    ways: dict[str, dict[MetricName, Told]] = {}
    for way, own in runs.items():
        ways[way] = {}
        for name in metrics:
            seeds = _each(said[way], test, name)
            ways[way][name] = Told(
                mean=figure(own, name),
                seeds=tuple(seeds.tolist()),
                above=None if way == STUDENT else difference(runs[STUDENT], own, name),
                each_above=() if way == STUDENT else tuple((student[name] - seeds).tolist()),
            )
    return Comparison(ways=ways)


def gold_threshold(odds: Float64[ndarray, " N"], labels: Int64[ndarray, " N"]) -> float:
    """Return above which odds to say class 1, for the best balanced accuracy on gold."""
    values = np.unique(odds)
    between = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2])
    right = [
        (odds[labels == 1] > own).mean() + (odds[labels == 0] <= own).mean() for own in between
    ]
    return float(between[int(np.argmax(right))])


def _each(
    said: Sequence[Float64[ndarray, "N C"]], test: Exam, name: MetricName
) -> Float64[ndarray, " S"]:
    everybody = np.ones((1, len(test.labels)))
    return np.array([float(METRICS[name](own, test.labels, everybody)[0]) for own in said])
