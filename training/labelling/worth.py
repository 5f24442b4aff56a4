"""What labels are worth: how many there are, how far samples agree, how often they are right.

How often they are right is told on clips whose class is known (gold), with an interval over
people; of a teacher that labels only what is easy, coverage says so beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from calibration.reliability import Reliability, reliability
from training.errors import DatasetError
from training.evaluation.bootstrap import INTERVAL, resample_subjects
from training.evaluation.metrics import METRICS, MetricName
from training.extraction.label_sheet import LabelSheet
from training.interview import Entry
from training.labelling.sample import Sample
from training.labelling.table import ClipLabel, LabelTable

TOLD: tuple[MetricName, ...] = ("accuracy", "balanced_accuracy", "macro_f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the samples on a clip agree.

    Attributes:
        clips: With two votes or more; nothing below is told without any.
        pairs: The share of pairs of votes on the same clip that agree, over clips.
        unanimous: The share of clips in which all votes do.
        reflections: How often a first label was confirmed, revised, withdrawn.
    """

    clips: int
    pairs: float | None
    unanimous: float | None
    reflections: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure, and where 95 % of the resamples of people lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGold:
    """What the labels are worth on clips of which the class is known.

    Attributes:
        clips: In both files.
        labelled: Of them; the figures are of these.
        subjects: People in these.
        metrics: By name.
        confusion: Class by given label.
        confidence: How often labels are right, by the teacher's confidence.
        before: The share of samples that were right before they reflected, of those that have a
            label before and after; None without any.
        after: The same after.
    """

    clips: int
    labelled: int
    subjects: int
    metrics: Mapping[str, Interval]
    confusion: Int64[ndarray, "C C"]
    confidence: Reliability
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Everything that a report tells."""

    statuses: Mapping[str, int]
    agreement: Agreement
    gold: OnGold | None


def worth(table: LabelTable, sheet: LabelSheet | None) -> Worth:
    """Return what labels are worth.

    Args:
        table: The labels.
        sheet: The classes that are known; None without any.

    Raises:
        DatasetError: If the sheet has another class than the table, or none of its clips.
    """
    return Worth(
        statuses=dict(Counter(clip.status for clip in table.clips).most_common()),
        agreement=_agreement(table.clips),
        gold=None if sheet is None else _on_gold(table, sheet),
    )


def _agreement(clips: Sequence[ClipLabel]) -> Agreement:
    votes = np.array([clip.votes for clip in clips if sum(clip.votes) > 1], np.float64)
    reflections = Counter[str](
        sample.reflection for clip in clips for sample in clip.samples if sample.reflection
    )
    if not len(votes):
        return Agreement(clips=0, pairs=None, unanimous=None, reflections=dict(reflections))
    total = votes.sum(axis=1)
    same = (votes * (votes - 1)).sum(axis=1) / (total * (total - 1))
    return Agreement(
        clips=len(votes),
        pairs=float(same.mean()),
        unanimous=float((votes.max(axis=1) == total).mean()),
        reflections=dict(reflections),
    )


def _on_gold(table: LabelTable, sheet: LabelSheet) -> OnGold:
    foreign = sorted(set(sheet.labels) - set(table.labels))
    if foreign:
        msg = f"{sheet.path}: {', '.join(foreign)} is no class of the labels, {table.labels}"
        raise DatasetError(msg)
    entries = {entry.name: entry for entry in sheet.entries}
    both = [(clip, entries[clip.clip]) for clip in table.clips if clip.clip in entries]
    told = [(clip, entry) for clip, entry in both if clip.label is not None]
    if not told:
        msg = f"{sheet.path}: none of its {len(entries)} clips is labelled; names are the files'"
        raise DatasetError(msg)
    right = np.array([_class(table, sheet, entry) for _, entry in told])
    given = np.array([table.labels.index(clip.label or "") for clip, _ in told])
    sure = np.array([clip.confidence or 0.0 for clip, _ in told])
    confusion = np.zeros((len(table.labels),) * 2, np.int64)
    np.add.at(confusion, (right, given), 1)
    before, after = _reflected(both, sheet)
    return OnGold(
        clips=len(both),
        labelled=len(told),
        subjects=len({entry.subject for _, entry in told}),
        metrics=_metrics([entry.subject for _, entry in told], right, given, len(table.labels)),
        confusion=confusion,
        # one column that is always the highest: right or wrong is the class
        confidence=reliability(
            np.stack([sure, np.full(len(sure), -1.0)], axis=1), (right != given).astype(np.int64)
        ),
        before=before,
        after=after,
    )


def _metrics(
    subjects: Sequence[str], right: Int64[ndarray, " N"], given: Int64[ndarray, " N"], classes: int
) -> dict[str, Interval]:
    answers = np.eye(classes)[given]
    drawn = resample_subjects(subjects, right)
    once = np.ones((1, len(right)))
    found: dict[str, Interval] = {}
    for name in TOLD:
        value = float(METRICS[name](answers, right, once)[0])
        low, high = np.percentile(METRICS[name](answers, right, drawn.weights), INTERVAL)
        found[name] = Interval(value=value, low=float(low), high=float(high))
    return found


def _reflected(
    both: Sequence[tuple[ClipLabel, Entry]], sheet: LabelSheet
) -> tuple[float | None, float | None]:
    samples: list[tuple[Sample, str]] = [
        (sample, sheet.labels[entry.label])
        for clip, entry in both
        for sample in clip.samples
        if sample.label is not None and sample.first_label is not None
    ]
    if not samples:
        return None, None
    before = np.mean([sample.first_label == name for sample, name in samples])
    after = np.mean([sample.label == name for sample, name in samples])
    return float(before), float(after)


def _class(table: LabelTable, sheet: LabelSheet, entry: Entry) -> int:
    return table.labels.index(sheet.labels[entry.label])
