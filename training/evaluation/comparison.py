"""Networks compared on the same people: several runs of each, and the difference between them.

Both are resampled alike, so what a person makes hard or easy for either drops out of the
difference; and the runs of a network, which differ in their seed, count as their mean. The interval
is over people. It says nothing of other seeds than these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from calibration.answer import probabilities
from training.errors import DatasetError
from training.evaluation.bootstrap import Resamples
from training.evaluation.metrics import METRICS, MetricName
from training.evaluation.scores import Figure, labels_of, resampled, with_interval
from training.prediction import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much the first is above the second, on the same people.

    Attributes:
        value: The difference.
        low: Lower end of the 95 % interval over subjects; None where there is no interval.
        high: Upper end.
        p: Two-sided: how often the resamples have the other sign, twice.
        n: Of how many interviews.
        subjects: Of how many people.
        why: Why there is no interval.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None
    n: int
    subjects: int
    why: str | None = None


def figure(runs: Sequence[Predictions], metric: MetricName, *, after_s: float = inf) -> Figure:
    """Return a metric's mean over runs that differ in their seed, uncalibrated.

    Args:
        runs: Of the same interviews in the same order.
        metric: Its name.
        after_s: After how much of each interview.

    Raises:
        DatasetError: If the runs are not of the same interviews, or do not know this moment.
    """
    resamples = resampled(*runs)
    values, point = _over_runs(runs, metric, after_s, resamples)
    return with_interval(point, values, len(runs[0].entries), resamples)


def difference(
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    metric: MetricName,
    *,
    after_s: float = inf,
) -> Difference:
    """Compare two networks on the same people, resample by resample, uncalibrated.

    Args:
        first: A network's runs, which differ in their seed; their mean counts.
        second: The other's; of the same interviews in the same order.
        metric: What is compared.
        after_s: After how much of each interview.

    Raises:
        DatasetError: If the runs are not of the same interviews, or do not know this moment.
    """
    resamples = resampled(*first, *second)
    above, value = _over_runs(first, metric, after_s, resamples)
    below, other = _over_runs(second, metric, after_s, resamples)
    gaps = above - below
    found = with_interval(value - other, gaps, len(first[0].entries), resamples)
    p = None
    if found.low is not None:
        p = 2 * min(float((gaps <= 0).mean()), float((gaps >= 0).mean()))
        # that no resample has the other sign says less than one in so many, not never
        p = min(1.0, max(p, 1 / len(gaps)))
    return Difference(
        value=value - other,
        low=found.low,
        high=found.high,
        p=p,
        n=found.n,
        subjects=found.subjects,
        why=found.why,
    )


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several test folds as one, such as of one subject each.

    Raises:
        DatasetError: If an interview is in two of them, or they differ in classes or moments.
    """
    entries = tuple(entry for part in parts for entry in part.entries)
    if len({entry.name for entry in entries}) != len(entries):
        msg = "an interview lies in two of the folds; expected each once"
        raise DatasetError(msg)
    if len({(part.labels, part.after_s) for part in parts}) != 1:
        msg = "folds of one experiment: expected the same classes and moments in each"
        raise DatasetError(msg)
    return replace(
        parts[0], entries=entries, logits=np.concatenate([part.logits for part in parts])
    )


def _over_runs(
    runs: Sequence[Predictions], metric: MetricName, after_s: float, resamples: Resamples
) -> tuple[Float64[ndarray, " R"], float]:
    """Return a metric by resample, and of everybody; the mean over the runs."""
    labels = labels_of(runs[0])
    everybody = np.ones((1, len(labels)))
    values, points = [], []
    for run in runs:
        if after_s not in run.after_s:
            msg = f"after {after_s} s: the predictions are of {list(run.after_s)}"
            raise DatasetError(msg)
        found = probabilities(run.logits[:, run.after_s.index(after_s)], None)
        values.append(METRICS[metric](found, labels, resamples.weights))
        points.append(float(METRICS[metric](found, labels, everybody)[0]))
    return np.mean(values, axis=0), float(np.mean(points))
