"""Labelled data as it is learned from here: gold is drawn from it, a teacher spoke of it all."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from training.evaluation.metrics import METRICS, MetricName
from training.pseudo_label.lesson import Rows
from training.pseudo_label.noise import class_prior
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.stepped_learner import Examples
from training.pseudo_label.task import Gold
from training.weak_to_strong.comparison import gold_threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Examples; those to learn from come first, those of the test after them.

    Attributes:
        classes: Their names.
        labels: Indices into these.
        examples: As a student takes them.
        opinions: The teacher's, which has seen no label.
        learned: How many are to learn from.
    """

    classes: tuple[str, ...]
    labels: Int64[ndarray, " N"]
    examples: Examples
    opinions: Opinions
    learned: int

    @property
    def test(self) -> Rows:
        """Those of the test."""
        return np.arange(self.learned, len(self.labels))

    def draw(self, share: float, seed: int, folds: int) -> tuple[Gold, Rows]:
        """Return gold, and the others to learn from.

        Args:
            share: Of those to learn from.
            seed: Decides which; gold of a smaller share is gold of a larger one.
            folds: That gold is divided into, alike in their classes.
        """
        random = np.random.default_rng(seed)
        order = random.permutation(self.learned)
        count = round(share * self.learned)
        rows, pool = np.sort(order[:count]), np.sort(order[count:])
        labels = self.labels[rows]
        places = np.empty(count, np.int64)
        for label in np.unique(labels).tolist():
            own = random.permutation(np.flatnonzero(labels == label))
            places[own] = np.arange(len(own)) % folds
        return Gold(rows=rows, labels=labels, folds=places), pool

    def teacher(self, gold: Gold) -> Float64[ndarray, "T C"]:
        """Return what the teacher says of the test, its leaning taken back by gold.

        Of two classes gold says above which odds the second is meant. Of more, each is divided by
        how frequent it is among gold: students take classes for alike frequent, too.
        """
        soft = self.opinions.soft
        if len(self.classes) == 2:  # noqa: PLR2004 (there is one threshold)
            odds = soft[:, 1] - soft[:, 0]
            over = odds[self.test] - gold_threshold(odds[gold.rows], gold.labels)
            second = 1 / (1 + np.exp(-over))
            return np.stack([1 - second, second], axis=1)
        even = soft[self.test] / class_prior(gold.labels, classes=len(self.classes))
        return np.asarray(even / even.sum(axis=1, keepdims=True))

    def as_it_is(self, metric: MetricName) -> float:
        """Return a metric of what the teacher says of the test, no gold having been asked."""
        everybody = np.ones((1, len(self.test)))
        soft = self.opinions.soft[self.test]
        return float(METRICS[metric](soft, self.labels[self.test], everybody)[0])
