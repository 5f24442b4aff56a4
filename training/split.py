"""Folds of interviews in which nobody appears twice.

A network that has seen a person knows them again, so a subject in two folds makes every figure too
good; and a fold of one class makes some figures mean nothing. Both are refused when a split is made
and not when it is used: there is no split that was not checked.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from training.errors import SplitError
from training.interview import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Named folds, disjoint in their subjects.

    Attributes:
        folds: What lies in each, such as ``train``, ``validation`` and ``test``.
        one_class: The folds in which a single class is as declared.

    Raises:
        SplitError: If a subject or an interview lies in two folds, or a fold is empty, or holds one
            class only and is not declared to.
    """

    protocol: ClassVar[str] = "own"
    """Figures are only compared within one."""

    folds: Mapping[str, tuple[Entry, ...]]
    one_class: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        folds = {name: tuple(entries) for name, entries in self.folds.items()}
        object.__setattr__(self, "folds", MappingProxyType(folds))
        _refuse_twice(folds, "interview", lambda entry: entry.name)
        _refuse_twice(folds, "subject", lambda entry: entry.subject)
        for name, entries in folds.items():
            classes = {entry.label for entry in entries}
            if not classes:
                msg = f"{name}: expected interviews, got none"
                raise SplitError(msg)
            if len(classes) == 1 and name not in self.one_class:
                msg = (
                    f"{name}: all {len(entries)} interviews are of class {classes.pop()}; expected "
                    "two classes at least, or nothing can be learned and measured: divide otherwise"
                )
                raise SplitError(msg)

    def counts(self, fold: str) -> dict[int, int]:
        """Return how many interviews of each class a fold has."""
        return dict(sorted(Counter(entry.label for entry in self.folds[fold]).items()))


def divide(entries: Sequence[Entry], shares: Mapping[str, float], *, seed: int) -> Split:
    """Divide whole subjects among folds, each class as evenly as the subjects allow.

    Args:
        entries: All interviews.
        shares: The share of the interviews that each fold is to have; they add up to 1.
        seed: Decides between subjects that fit equally well.

    Raises:
        SplitError: If the shares do not add up to 1, or a fold gets one class only.
    """
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values(), default=0) <= 0:  # noqa: PLR2004 (rounding)
        msg = f"shares: expected positive ones that add up to 1, got {dict(shares)}"
        raise SplitError(msg)
    labels = sorted({entry.label for entry in entries})
    people = defaultdict[str, list[Entry]](list)
    for entry in entries:
        people[entry.subject].append(entry)
    counts = {
        subject: np.array([sum(entry.label == label for entry in own) for label in labels])
        for subject, own in people.items()
    }
    total = np.sum(list(counts.values()), axis=0)
    wanted = {fold: share * total for fold, share in shares.items()}
    folds: dict[str, list[Entry]] = {fold: [] for fold in shares}
    for subject in _largest_first(counts, seed):
        # where they take away most of what is still wanted, the rare class weighing more
        fold = max(wanted, key=lambda name: float((wanted[name] * counts[subject] / total).sum()))
        wanted[fold] = wanted[fold] - counts[subject]
        folds[fold].extend(people[subject])
    return Split(folds={fold: tuple(own) for fold, own in folds.items()})


def _largest_first(counts: Mapping[str, np.ndarray], seed: int) -> list[str]:
    names = sorted(counts)
    order = np.random.default_rng(seed).permutation(len(names))
    return sorted((names[place] for place in order), key=lambda name: -int(counts[name].sum()))


def _refuse_twice(
    folds: Mapping[str, Iterable[Entry]], what: str, of: Callable[[Entry], str]
) -> None:
    found: dict[str, str] = {}
    for fold, entries in folds.items():
        for name in {of(entry) for entry in entries}:
            if name in found:
                msg = (
                    f"{what} {name} lies in {found[name]} and in {fold}; expected it in one fold: "
                    "a network knows again whom it has seen"
                )
                raise SplitError(msg)
            found[name] = fold
