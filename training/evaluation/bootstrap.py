"""Resamples of subjects: what a figure would have been with other people of the same kind.

Whole subjects are drawn, not interviews: somebody's interviews resemble each other, and to count
them as so many people makes every interval too narrow. A resample is a weight for each interview,
so that a metric goes over all of them in one pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int
from numpy import ndarray

RESAMPLES: Final = 2_000
SEED: Final = 0
INTERVAL: Final = (2.5, 97.5)  # percentiles
MOST_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Resamples:
    """Weighted interviews.

    Attributes:
        weights: How often each interview was drawn, by resample.
        subjects: How many different people the interviews are of.
        redrawn: How many resamples lacked a class that the interviews have, and were drawn again.
    """

    weights: Float64[ndarray, "R N"]
    subjects: int
    redrawn: int


def resample_subjects(
    subjects: Sequence[str],
    labels: Int[ndarray, " N"],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Resamples:
    """Draw as many subjects as there are, with replacement, again and again.

    A resample without one of the classes has no AUC and half a balanced accuracy; it is drawn again
    and counted: many redraws say that the interval hangs on few people.

    Args:
        subjects: Who each interview is of.
        labels: The class of each.
        resamples: How many; fewer come back if nearly all lack a class.
        seed: The same gives the same resamples, so that two networks can be compared on them.

    Raises:
        ValueError: If there are no interviews.
    """
    if not len(labels):
        msg = "no interviews: nothing can be drawn"
        raise ValueError(msg)
    random = np.random.default_rng(seed)
    names, of_subject = np.unique(np.asarray(subjects), return_inverse=True)
    _, kinds = np.unique(labels, return_inverse=True)
    has = np.zeros((len(names), kinds.max() + 1))
    np.add.at(has, (of_subject, kinds), 1)
    kept: list[Float64[ndarray, "R S"]] = []
    found = redrawn = 0
    for _ in range(MOST_ROUNDS):
        drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
        whole = np.asarray(((drawn @ has) > 0).all(axis=1))
        # only those before the last one that is needed were drawn at all
        needed = min(int(np.searchsorted(np.cumsum(whole), resamples - found)) + 1, resamples)
        kept.append(drawn[:needed][whole[:needed]].astype(np.float64))
        found += len(kept[-1])
        redrawn += needed - len(kept[-1])
        if found >= resamples:
            break
    return Resamples(
        weights=np.concatenate(kept)[:, of_subject], subjects=len(names), redrawn=redrawn
    )
