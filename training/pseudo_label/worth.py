"""Whether a teacher's answers on gold have anything to do with the class at all.

Left-out gold is so little that a student of a useless teacher is now and then, by chance, better on
it than one of gold alone. Whether the answers go with the classes is seen by all the gold at once
and without any student, so it is seen far better: who is like one that answers at random is not
listened to.
"""

from typing import Final

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from training.pseudo_label.answers import Answers

ORDERS: Final = 999


def chance_of(
    answers: Answers, labels: Int64[ndarray, " N"], *, classes: int, seed: int = 0
) -> float:
    """Return how often answers at random would go with the classes as well as these do.

    The chi-squared statistic among random orders of the labels; never less than 1 of 1,000.

    Args:
        answers: Of the gold examples.
        labels: Their classes.
        classes: How many there are.
        seed: Of the orders.
    """
    used = answers[:, answers.sum(axis=0) > 0]
    # how often each is there no order changes, so the statistic is this sum and a constant
    by_answer = used / np.sqrt(used.sum(axis=0))
    of_class = np.eye(classes)[labels] / np.sqrt(
        np.maximum(np.bincount(labels, minlength=classes), 1)
    )

    def together(order: Int64[ndarray, " N"]) -> float:
        return float(((of_class[order].T @ by_answer) ** 2).sum())

    random, found = np.random.default_rng(seed), together(np.arange(len(labels)))
    # sums in another order differ by a rounding
    least = found - 1e-9
    at_random = sum(together(random.permutation(len(labels))) >= least for _ in range(ORDERS))
    return (1 + at_random) / (1 + ORDERS)
