"""What a network is worth on interviews: figures early and late, and by slices.

Every figure says of how many interviews and subjects it is, and how far it would go astray with
other people of the same kind; where it means nothing it is not given, and says why.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final, Protocol

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from calibration.answer import probabilities
from engines.sequence.checkpoint import Calibration
from training.errors import DatasetError
from training.evaluation.bootstrap import INTERVAL, Resamples, resample_subjects
from training.evaluation.metrics import METRICS, OF_SEVERAL_CLASSES, Labels
from training.prediction import Predictions

FEWEST_SUBJECTS: Final = 5  # fewer give no interval, and a slice of fewer no figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % interval over subjects.

    Attributes:
        value: None where it means nothing.
        low: Lower end; None where there is no interval.
        high: Upper end.
        n: Of how many interviews.
        subjects: Of how many people.
        why: Why the value or the interval is missing.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    subjects: int
    why: str | None = None


class Told(Protocol):
    """Whatever has a value and perhaps an interval."""

    @property
    def value(self) -> float | None:
        """None where it means nothing."""
        ...

    @property
    def low(self) -> float | None:
        """None where there is no interval."""
        ...

    @property
    def high(self) -> float | None:
        """Upper end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Figures after so much of each interview.

    Attributes:
        after_s: Seconds; None is all of it.
        figures: By the metric's name. With a threshold also ``answered``, the share that is, and
            ``wrong_of_answered``.
    """

    after_s: float | None
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Figures of some of the people, after all of each interview.

    Attributes:
        of: What divides them, such as ``gender``.
        value: What they have in common.
        n: How many interviews.
        subjects: How many people.
        figures: By the metric's name; none where they are too few.
        why: Why there are none.
    """

    of: str
    value: str
    n: int
    subjects: int
    figures: Mapping[str, Figure]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Everything that a card, a table or a page says of a fold.

    Attributes:
        n: How many interviews.
        subjects: How many people.
        counts: Interviews by class.
        majority: The accuracy of always answering with the most frequent class.
        resamples: Of how many the intervals are.
        redrawn: How many lacked a class and were drawn again.
        moments: Early and late; the last is of everything.
        slices: By what is known of the people.
    """

    n: int
    subjects: int
    counts: Mapping[str, int]
    majority: float
    resamples: int
    redrawn: int
    moments: tuple[Moment, ...]
    slices: tuple[Slice, ...]


def score(
    predictions: Predictions,
    *,
    calibration: Calibration | None = None,
    shift: Float64[ndarray, " C"] | None = None,
) -> Scores:
    """Score what a network said of a fold.

    Args:
        predictions: Of the fold.
        calibration: Of the domain; fitted on other people.
        shift: Of the declared prior.

    Raises:
        DatasetError: If there are no interviews, or a logit is not finite.
    """
    resamples = resampled(predictions)
    labels = labels_of(predictions)
    counts = np.bincount(labels, minlength=len(predictions.labels))
    return Scores(
        n=len(labels),
        subjects=resamples.subjects,
        counts=dict(zip(predictions.labels, counts.tolist(), strict=True)),
        majority=float(counts.max() / counts.sum()),
        resamples=len(resamples.weights),
        redrawn=resamples.redrawn,
        moments=tuple(
            Moment(
                after_s=None if after_s == inf else after_s,
                figures=_figures(predictions, place, resamples, calibration, shift),
            )
            for place, after_s in enumerate(predictions.after_s)
        ),
        slices=tuple(_slices(predictions, calibration, shift)),
    )


def told(figure: Told) -> str:
    """Return a figure as a table shows it: ``.692 (.600 to .770)``."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def moment_name(after_s: float | None) -> str:
    """Return how much was seen, in words."""
    if after_s is None:
        return "all"
    return f"{after_s:g} s"


def labels_of(predictions: Predictions) -> Labels:
    """Return the right classes."""
    return np.array([entry.label for entry in predictions.entries], np.int64)


def resampled(*runs: Predictions) -> Resamples:
    """Return resamples of the subjects of runs, which are of the same interviews.

    Raises:
        DatasetError: If they are not, there are none, or a logit is not finite.
    """
    first = runs[0]
    if not first.entries:
        msg = "no interviews: expected some to score a network on"
        raise DatasetError(msg)
    for run in runs:
        if run.entries != first.entries or run.labels != first.labels:
            msg = "runs that are compared: expected the same interviews in the same order"
            raise DatasetError(msg)
        wrong = ~np.isfinite(run.logits).all(axis=(1, 2))
        if wrong.any():
            name = run.entries[int(np.argmax(wrong))].name
            msg = f"{name}: the network made logits of it that are not finite"
            raise DatasetError(msg)
    return resample_subjects([entry.subject for entry in first.entries], labels_of(first))


def with_interval(
    point: float, values: Float64[ndarray, " R"], n: int, resamples: Resamples
) -> Figure:
    """Return a figure with its interval, or why it has none.

    Args:
        point: Of everybody.
        values: By resample.
        n: Of how many interviews.
        resamples: Of whom.
    """
    if resamples.subjects < FEWEST_SUBJECTS:
        few = f"too few people for an interval ({resamples.subjects})"
        return replace(_nothing(n, resamples, few), value=point)
    if not len(values):
        few = "hardly any resample has all classes: no interval"
        return replace(_nothing(n, resamples, few), value=point)
    low, high = np.percentile(values, INTERVAL)
    return Figure(value=point, low=float(low), high=float(high), n=n, subjects=resamples.subjects)


def _figures(
    predictions: Predictions,
    place: int,
    resamples: Resamples,
    calibration: Calibration | None,
    shift: Float64[ndarray, " C"] | None,
) -> dict[str, Figure]:
    labels = labels_of(predictions)
    found = probabilities(predictions.logits[:, place], calibration, shift=shift)
    weights, everybody = resamples.weights, np.ones((1, len(labels)))
    one_class = len(np.unique(labels)) == 1
    figures: dict[str, Figure] = {}
    for name, metric in METRICS.items():
        if one_class and name in OF_SEVERAL_CLASSES:
            only = predictions.labels[labels[0]]
            figures[name] = _nothing(len(labels), resamples, f"all are {only}")
            continue
        point = float(metric(found, labels, everybody)[0])
        values = metric(found, labels, weights)
        figures[name] = with_interval(point, values, len(labels), resamples)
    if calibration is not None and calibration.risk is not None:
        given = (found.max(axis=1) >= calibration.min_confidence).astype(np.float64)
        wrong = given * (found.argmax(axis=1) != labels)
        figures["answered"] = _share(given, np.ones_like(given), resamples)
        figures["wrong_of_answered"] = _share(wrong, given, resamples)
    return figures


def _share(
    counted: Float64[ndarray, " N"], of: Float64[ndarray, " N"], resamples: Resamples
) -> Figure:
    """Return the share of some interviews among others, by subjects."""
    n = int(of.sum())
    if not n:
        return _nothing(n, resamples, "it abstains on all of them")
    totals = resamples.weights @ of
    if not totals.all():
        found = _nothing(n, resamples, "some resamples have no answer at all: no interval")
        return replace(found, value=float(counted.sum() / n))
    values = (resamples.weights @ counted) / totals
    return with_interval(float(counted.sum() / n), values, n, resamples)


def _nothing(n: int, resamples: Resamples, why: str) -> Figure:
    return Figure(value=None, low=None, high=None, n=n, subjects=resamples.subjects, why=why)


def _slices(
    predictions: Predictions,
    calibration: Calibration | None,
    shift: Float64[ndarray, " C"] | None,
) -> list[Slice]:
    groups = Counter(item for entry in predictions.entries for item in entry.slices.items())
    found = []
    for of, value in sorted(groups):
        rows = [
            row for row, entry in enumerate(predictions.entries) if entry.slices.get(of) == value
        ]
        own = replace(
            predictions,
            entries=tuple(predictions.entries[row] for row in rows),
            logits=predictions.logits[rows],
        )
        subjects = len({entry.subject for entry in own.entries})
        few = subjects < FEWEST_SUBJECTS
        found.append(
            Slice(
                of=of,
                value=value,
                n=len(rows),
                subjects=subjects,
                figures={} if few else _figures(own, -1, resampled(own), calibration, shift),
                why="too few people" if few else None,
            )
        )
    return found
