"""FER-2013 as it is learned from here: each picture once, fer's network the teacher."""

from pathlib import Path

import numpy as np
import torch

from engines.spec.labels import EXPRESSIONS
from training.starter.faces import read_faces
from training.weak_to_strong.face_examples import FaceExamples
from training.weak_to_strong.face_opinions import TEST, TRAIN, read_opinions
from training.weak_to_strong.material import Material


def read_pictures(folder: Path, said: Path) -> Material:
    """Read pictures and what the teacher said of them.

    To learn from are those of training that the test does not repeat, each once, under the label
    that its first copy has: that copies disagree is no reason to leave one out, for of the pool
    nobody knows it.

    Args:
        folder: Of FER-2013.
        said: What ``face_opinions`` wrote.

    Raises:
        ConfigError: If either is not what is expected.
    """
    test = read_faces(folder / TEST)
    train = read_faces(folder / TRAIN).once().without(test)
    images = np.concatenate([train.images, test.images])
    return Material(
        classes=EXPRESSIONS,
        labels=np.concatenate([train.labels, test.labels]),
        examples=FaceExamples(torch.from_numpy(images)),
        opinions=read_opinions(said, images),
        learned=len(train),
    )
