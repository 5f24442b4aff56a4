"""The plain rival of both bodies: a logistic regression on pooled places and movements.

Per coordinate of each joint: mean, deviation, mean absolute offset and the means of four segments.
"""

from typing import Final

import numpy as np
import torch
from jaxtyping import Float64, Int64
from numpy import ndarray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.skeletons.clips import Clips
from training.skeletons.material import Material
from training.skeletons.skeleton_training import even_shares, placed

SEGMENTS: Final = 4


def regress(material: Material) -> list[Int64[ndarray, " N"]]:
    """Return what a regression says of each fold's test clips."""
    said = []
    for fold in material.folds:
        train, test = material.clips.of(fold.train), material.clips.of(fold.test)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
        model.fit(pooled(train, material.dataset.ticks), train.labels)
        said.append(model.predict(pooled(test, material.dataset.ticks)).astype(np.int64))
    return said


def pooled(clips: Clips, ticks: int) -> Float64[ndarray, "N C"]:
    """Return what the regression is told of clips."""
    rows = torch.arange(len(clips))
    frames = torch.from_numpy(clips.frames.copy())
    joints = placed(frames, clips, rows, even_shares(len(rows), ticks))[0].numpy()
    joints = joints.reshape(len(clips), ticks, -1).astype(np.float64)
    parts = [joints.mean(1), joints.std(1), np.abs(np.diff(joints, axis=1)).mean(1)]
    parts.extend(part.mean(1) for part in np.array_split(joints, SEGMENTS, axis=1))
    return np.concatenate(parts, axis=1)
