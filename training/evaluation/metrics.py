"""Metrics of weighted answers, over all resamples in one pass.

They are scikit-learn's and torchmetrics' own, which the tests hold them to; those take one resample
at a time, which for the intervals of one table is an hour. A resample must hold all classes that
are given (``training.evaluation.bootstrap``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from calibration.reliability import BINS

Probabilities = Float64[ndarray, "N C"]
Labels = Int64[ndarray, " N"]
Weights = Float64[ndarray, "R N"]
Values = Float64[ndarray, " R"]
Metric = Callable[[Probabilities, Labels, Weights], Values]
MetricName = Literal["accuracy", "balanced_accuracy", "macro_f1", "auc", "ece"]


def accuracy(probabilities: Probabilities, labels: Labels, weights: Weights) -> Values:
    """Return the share whose likeliest class is theirs."""
    right = probabilities.argmax(axis=1) == labels
    return np.asarray(weights @ right / weights.sum(axis=1))


def balanced_accuracy(probabilities: Probabilities, labels: Labels, weights: Weights) -> Values:
    """Return the mean over the classes of the share that is recognised."""
    table = confusion(probabilities, labels, weights)
    given = np.unique(labels)
    right = np.diagonal(table, axis1=1, axis2=2)[:, given]
    return np.asarray((right / table.sum(axis=2)[:, given]).mean(axis=1))


def macro_f1(probabilities: Probabilities, labels: Labels, weights: Weights) -> Values:
    """Return the mean F1 over the classes that occur or are answered."""
    table = confusion(probabilities, labels, weights)
    right = np.diagonal(table, axis1=1, axis2=2)
    occurs = table.sum(axis=1) + table.sum(axis=2)
    scores = np.divide(2 * right, occurs, out=np.zeros_like(occurs), where=occurs > 0)
    return np.asarray(scores.sum(axis=1) / (occurs > 0).sum(axis=1))


def auc(probabilities: Probabilities, labels: Labels, weights: Weights) -> Values:
    """Return the area under the ROC curve; of several, each against the rest."""
    # of two classes one tells all, and of several those that occur
    two = probabilities.shape[1] == 2  # noqa: PLR2004 (negative and positive)
    classes = [1] if two else np.unique(labels).tolist()
    return np.asarray(
        np.mean([_area(probabilities[:, k], labels == k, weights) for k in classes], axis=0)
    )


def ece(probabilities: Probabilities, labels: Labels, weights: Weights) -> Values:
    """Return the expected calibration error; see ``calibration.reliability``."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.digitize(confidence, np.linspace(0, 1, BINS + 1)[1:-1], right=True)
    gap = np.zeros((len(labels), BINS))
    gap[np.arange(len(labels)), place] = confidence - right
    return np.asarray(np.abs(weights @ gap).sum(axis=1) / weights.sum(axis=1))


METRICS: Final[Mapping[MetricName, Metric]] = MappingProxyType(
    {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": macro_f1,
        "auc": auc,
        "ece": ece,
    }
)

OF_SEVERAL_CLASSES: Final[tuple[MetricName, ...]] = ("balanced_accuracy", "macro_f1", "auc")
"""They say nothing where all interviews are of one class."""


def confusion(
    probabilities: Probabilities, labels: Labels, weights: Weights
) -> Float64[ndarray, "R C C"]:
    """Return how much of each class (rows) was answered with each (columns)."""
    classes = probabilities.shape[1]
    cell = labels * classes + probabilities.argmax(axis=1)
    lies_in = np.eye(classes**2)[cell]
    return np.asarray((weights @ lies_in).reshape(-1, classes, classes))


def _area(score: Float64[ndarray, " N"], positive: ndarray, weights: Weights) -> Values:
    above, below = score[positive, None], score[None, ~positive]
    wins = (above > below) + 0.5 * (above == below)
    ups, downs = weights[:, positive], weights[:, ~positive]
    return np.asarray(((ups @ wins) * downs).sum(axis=1) / (ups.sum(axis=1) * downs.sum(axis=1)))
