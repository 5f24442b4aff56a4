"""How well each body does, how sure that is, and whether one is better.

What is drawn again and again are the seeds of each body and the test recordings, the same for both
(for windows: whole recordings, because neighbouring windows are nearly the same). An interval
therefore says how much a figure hangs on these recordings and on chance in training; of other
people it says little, for five or three subjects are few.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray
from scipy.stats import binomtest

BOOTSTRAPS: Final = 10_000
SEED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Of one body, or of the regression.

    Attributes:
        mean: Over the seeds.
        low: Lower end of the 95 % interval over test recordings and seeds.
        high: Upper end.
        seeds: Of each seed.
    """

    mean: float
    low: float
    high: float
    seeds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The perceptron's accuracy less the graph convolution's, on the same clips.

    Attributes:
        mean: Over the seeds.
        low: Lower end of the paired 95 % interval.
        high: Upper end.
        p: That of a paired bootstrap: twice the smaller share of the samples beyond zero.
        mcnemar: Exact McNemar's p of the two majorities over the seeds; None for windows, which
            are not independent.
        only_first: Clips that only the perceptron's majority gets right.
        only_second: Clips that only the other's does.
    """

    mean: float
    low: float
    high: float
    p: float
    mcnemar: float | None
    only_first: int
    only_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of one data set.

    Attributes:
        n: Test clips.
        drawn: Test recordings.
        accuracies: By ``mlp``, ``gcn`` and ``regression``.
        difference: Of the two bodies.
    """

    n: int
    drawn: int
    accuracies: Mapping[str, Accuracy]
    difference: Difference


def compare(
    predicted: Mapping[str, Int64[ndarray, "S N"]],
    labels: Int64[ndarray, " N"],
    recordings: Int64[ndarray, " N"],
) -> Comparison:
    """Compare what was predicted of the same clips.

    Args:
        predicted: By ``mlp``, ``gcn`` and others; one row a seed.
        labels: The right classes.
        recordings: Which recording each clip is of.
    """
    right = {name: said == labels for name, said in predicted.items()}
    units = np.unique(recordings)
    whole = len(units) == len(labels)
    random = np.random.default_rng(SEED)
    taken = random.multinomial(len(units), np.full(len(units), 1 / len(units)), BOOTSTRAPS)
    drawn = {name: _drawn(some, recordings, taken, random) for name, some in right.items()}
    accuracies = {
        name: Accuracy(
            mean=_rounded(some.mean()),
            low=_rounded(np.percentile(drawn[name], 2.5)),
            high=_rounded(np.percentile(drawn[name], 97.5)),
            seeds=tuple(_rounded(share) for share in some.mean(axis=1)),
        )
        for name, some in right.items()
    }
    apart = drawn["mlp"] - drawn["gcn"]
    first, second = (majority(predicted[name]) == labels for name in ("mlp", "gcn"))
    only = int((first & ~second).sum()), int((second & ~first).sum())
    difference = Difference(
        mean=_rounded(right["mlp"].mean() - right["gcn"].mean()),
        low=_rounded(np.percentile(apart, 2.5)),
        high=_rounded(np.percentile(apart, 97.5)),
        p=_rounded(min(1.0, 2 * min((apart <= 0).mean(), (apart >= 0).mean()))),
        mcnemar=_mcnemar(*only) if whole else None,
        only_first=only[0],
        only_second=only[1],
    )
    return Comparison(n=len(labels), drawn=len(units), accuracies=accuracies, difference=difference)


def majority(predicted: Int64[ndarray, "S N"]) -> Int64[ndarray, " N"]:
    """Return the class that most seeds say; of several the first."""
    counts = np.stack([(predicted == label).sum(axis=0) for label in range(predicted.max() + 1)])
    most: Int64[ndarray, " N"] = counts.argmax(axis=0)
    return most


def _drawn(
    right: Bool[ndarray, "S N"],
    recordings: Int64[ndarray, " N"],
    taken: Int64[ndarray, "R U"],
    random: np.random.Generator,
) -> Float64[ndarray, " R"]:
    _, places = np.unique(recordings, return_inverse=True)
    sums = np.stack([np.bincount(places, weights=some) for some in right])
    shares = (taken @ sums.T) / (taken @ np.bincount(places))[:, None]
    seeds = random.integers(len(right), size=shares.shape)
    means: Float64[ndarray, " R"] = np.take_along_axis(shares, seeds, axis=1).mean(axis=1)
    return means


def _mcnemar(only_first: int, only_second: int) -> float:
    told = only_first + only_second
    return _rounded(binomtest(only_first, told).pvalue) if told else 1.0


def _rounded(number: float) -> float:
    return round(float(number), 4)
