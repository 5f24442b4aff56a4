"""The starter's figures, which are reckoned without torch, against the libraries' own."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.functional.classification import multiclass_calibration_error

from training.starter.score import auc, calibration_error


@pytest.mark.parametrize("digits", [1, 2, 8])
def test_auc_is_sklearns_with_ties_and_without(digits):
    random = np.random.default_rng(digits)
    scores, positive = random.random(500).round(digits), random.random(500) < 0.3
    assert auc(scores, positive=positive) == pytest.approx(roc_auc_score(positive, scores))


@pytest.mark.parametrize("classes", [3, 7])
def test_the_calibration_error_is_torchmetrics(classes):
    random = np.random.default_rng(classes)
    probabilities = random.dirichlet(np.ones(classes), size=500)
    labels = random.integers(classes, size=500)
    expected = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), num_classes=classes, n_bins=15
    )
    assert calibration_error(probabilities, labels) == pytest.approx(float(expected))
