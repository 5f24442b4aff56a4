"""The plain rival: a logistic regression on what is left of an interview without its time.

It is given the mean and the deviation of every feature, so it finds whatever lies in an amount, and
must find nothing here: order and lag are in neither.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engines.sequence.shape import Modality
from training.learning.dataset import Fold

COMPONENTS = 64


def regress(train: Fold, test: Fold, given: Sequence[Modality]) -> Float64[ndarray, " N"]:
    """Return by how much each interview of the test fold speaks for class 1.

    Args:
        train: To learn from.
        test: To be read.
        given: The modalities whose features are pooled.
    """
    features = pooled(train, given)
    model = make_pipeline(
        StandardScaler(),
        PCA(min(COMPONENTS, *features.shape), whiten=True, random_state=0),
        LogisticRegression(class_weight="balanced", max_iter=2_000),
    )
    model.fit(features, train.labels)
    return np.asarray(model.decision_function(pooled(test, given)))


def pooled(fold: Fold, given: Sequence[Modality]) -> Float64[ndarray, "N C"]:
    """Return means and deviations over the ticks that hold data."""
    rows = []
    for row in range(len(fold)):
        parts = []
        for track in fold.tracks(row, given).values():
            seen = track.features[track.valid].astype(np.float64)
            seen = seen.reshape(len(seen), -1)
            parts += [seen.mean(axis=0), seen.std(axis=0)]
        rows.append(np.concatenate(parts))
    return np.stack(rows)
