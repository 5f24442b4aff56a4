"""Classes of which one is rare: three quarters of the interviews in iMiGUE were won.

Left alone, a network says the frequent class of everybody and is right three times of four.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from training.errors import DatasetError
from training.learning.recipe import Recipe


def class_weights(labels: Sequence[int], *, classes: int) -> Float64[ndarray, " C"]:
    """Return how much an interview of each class counts, so that all classes count alike.

    The mean over the interviews is 1, so the learning rate need not change with it.

    Raises:
        DatasetError: If a class has no interview.
    """
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        msg = (
            f"class {int(np.argmin(counts))}: none of the {len(labels)} interviews to train on is "
            f"of it; expected some of each of the {classes} classes: divide otherwise"
        )
        raise DatasetError(msg)
    return len(labels) / (classes * counts)


def taken_prior(recipe: Recipe, labels: Sequence[int], *, classes: int) -> tuple[float, ...]:
    """Return the share of each class that a network so trained takes for granted."""
    if recipe.balance != "none":
        return (1 / classes,) * classes
    counts = np.bincount(labels, minlength=classes)
    return tuple(float(count) / len(labels) for count in counts)


def shuffled(labels: Sequence[int], random: np.random.Generator) -> Int64[ndarray, " N"]:
    """Return the rows of all interviews in a new order."""
    return random.permutation(len(labels))


def evenly_drawn(labels: Sequence[int], random: np.random.Generator) -> Int64[ndarray, " M"]:
    """Return rows in a new order, those of rare classes repeated until all are alike frequent."""
    by_class = [np.flatnonzero(np.asarray(labels) == label) for label in sorted(set(labels))]
    most = max(map(len, by_class))
    drawn = [_repeated(rows, most, random) for rows in by_class]
    return random.permutation(np.concatenate(drawn))


def _repeated(
    rows: Int64[ndarray, " N"], count: int, random: np.random.Generator
) -> Int64[ndarray, " M"]:
    rounds = [random.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count]
