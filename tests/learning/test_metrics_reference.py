"""Metrics over weighted resamples, against the libraries that take one resample at a time."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_auroc,
    multiclass_calibration_error,
    multiclass_f1_score,
)

from training.evaluation.bootstrap import resample_subjects
from training.evaluation.metrics import METRICS


def answers(classes, n=60, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=n)
    labels[:classes] = range(classes)
    # in eighths, so that there are ties to the bit, which lie on no edge of a bin
    logits = np.round(8 * (random.normal(size=(n, classes)) + np.eye(classes)[labels])) / 8
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True), labels


def taken(probabilities, labels, weights):
    """Return the interviews of a resample one after another, as a library wants them."""
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    return probabilities[rows], labels[rows]


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_each_metric_of_each_resample_is_the_library_s(classes):
    probabilities, labels = answers(classes)
    subjects = [str(row // 2) for row in range(len(labels))]
    weights = resample_subjects(subjects, labels, resamples=8).weights
    found = {name: metric(probabilities, labels, weights) for name, metric in METRICS.items()}
    for place, row in enumerate(weights):
        own, truth = taken(probabilities, labels, row)
        scores, target = torch.from_numpy(own), torch.from_numpy(truth)
        expected = {
            "accuracy": multiclass_accuracy(scores, target, classes, average="micro"),
            "balanced_accuracy": multiclass_accuracy(scores, target, classes, average="macro"),
            "macro_f1": multiclass_f1_score(scores, target, classes, average="macro"),
            "auc": multiclass_auroc(scores, target, classes, average="macro"),
            "ece": multiclass_calibration_error(scores, target, classes, n_bins=15),
        }
        for name, value in expected.items():
            assert found[name][place] == pytest.approx(float(value), abs=2e-6), name


def test_two_classes_are_as_scikit_learn_has_them():
    probabilities, labels = answers(2, seed=3)
    everybody = np.ones((1, len(labels)))
    found = {
        name: float(metric(probabilities, labels, everybody)[0]) for name, metric in METRICS.items()
    }
    read = probabilities.argmax(1)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, read))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, read, average="macro"))
    assert found["auc"] == pytest.approx(roc_auc_score(labels, probabilities[:, 1]))


def test_a_class_that_does_not_occur_takes_no_part_in_auc_and_balanced_accuracy():
    probabilities, labels = answers(3, seed=4)
    kept = labels != 1
    probabilities, labels = probabilities[kept], labels[kept]
    everybody = np.ones((1, len(labels)))
    recalls = [(probabilities[labels == k].argmax(1) == k).mean() for k in (0, 2)]
    areas = [roc_auc_score(labels == k, probabilities[:, k]) for k in (0, 2)]
    balanced = METRICS["balanced_accuracy"](probabilities, labels, everybody)
    assert balanced == pytest.approx(np.mean(recalls))
    assert METRICS["auc"](probabilities, labels, everybody) == pytest.approx(np.mean(areas))
