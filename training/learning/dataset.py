"""Interviews in memory, and the batches that training takes of them.

They are kept raw: each epoch varies them anew and normalises what came of it. What is not varied is
normalised once. A batch follows from the seed, the stage, the epoch and its number alone, so that
it is the same in a run that goes on after an interruption, and whoever prepares it.
"""

import copy
import hashlib
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import Final, Self, TypeVar

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from torch.utils.data import Dataset
from tqdm import tqdm  # type: ignore[import-untyped]

from engines.sequence.shape import Modality
from training.errors import DatasetError
from training.interview import Entry, Interview, InterviewSet
from training.learning.augment import augmented
from training.learning.batch import Batch, batch, early_ticks
from training.learning.features import Track, track, widths
from training.learning.imbalance import evenly_drawn, shuffled
from training.learning.recipe import Recipe

Value = TypeVar("Value")

ORDER: Final = 0
VARIED: Final = 1


class Fold:
    """The interviews of one fold, read once.

    Args:
        interviews: The set.
        entries: Which of them; the labels are these entries' own.

    Attributes:
        name: Of the fold, for messages.
        labels: In the order of the entries.
        features: Numbers of one tick, by modality that some interview has.

    Raises:
        DatasetError: If the set lacks an entry, or its interviews do not fit together.
    """

    def __init__(
        self, interviews: InterviewSet, entries: Sequence[Entry], *, name: str = "fold"
    ) -> None:
        self.name = name
        self.entries = tuple(entries)
        self.labels = [entry.label for entry in entries]
        read = chosen(interviews, entries)
        self.interviews = tuple(
            tqdm(
                read,
                desc=f"reading {name}",
                total=len(self.entries),
                unit="interview",
                leave=False,
                disable=None,  # shown on a terminal
            )
        )
        if not self.interviews:
            msg = f"{name}: expected interviews, got none"
            raise DatasetError(msg)
        for own in self.interviews:
            if not len(own):
                msg = f"{own.entry.name}: expected ticks, got none"
                raise DatasetError(msg)
        self.grid_hz = _one(self.interviews, "grid_hz", {own.grid_hz for own in self.interviews})
        found = [widths(own) for own in self.interviews]
        self.features: dict[Modality, int] = {
            modality: _one(self.interviews, modality, {own[modality] for own in having})
            for modality in ("image", "keypoints", "text")
            if (having := [own for own in found if modality in own])
        }
        self._tracks: dict[tuple[str, Modality], Track] = {}

    def __len__(self) -> int:
        return len(self.interviews)

    def part(self, rows: Int64[ndarray, " N"] | Sequence[int], *, name: str) -> Self:
        """Return some of the interviews as a fold of their own; nothing is copied.

        Args:
            rows: Which, in their new order.
            name: Of the part.
        """
        own = copy.copy(self)
        own.name = name
        own.entries = tuple(self.entries[row] for row in rows)
        own.labels = [self.labels[row] for row in rows]
        own.interviews = tuple(self.interviews[row] for row in rows)
        return own

    def tracks(self, row: int, modalities: Iterable[Modality]) -> dict[Modality, Track]:
        """Return what branches are fed of an interview as it is."""
        who = self.entries[row].name
        for name in modalities:
            if (who, name) not in self._tracks:
                own = track(self.interviews[row], name, width=self.features[name])
                self._tracks[who, name] = own
        return {name: self._tracks[who, name] for name in modalities}

    def varied(
        self, row: int, modalities: Iterable[Modality], recipe: Recipe, seed: Sequence[int]
    ) -> dict[Modality, Track]:
        """Return what branches are fed of an interview that was varied."""
        if not recipe.augment.varies and not len(self.interviews[row].notes):
            return self.tracks(row, modalities)
        random = np.random.default_rng([*seed, row])
        interview = augmented(self.interviews[row], recipe.augment, random)
        return {name: track(interview, name, width=self.features[name]) for name in modalities}

    def digest(self) -> str:
        """Return the SHA-256 of all that is learned from, labels included."""
        total = hashlib.sha256()
        for entry, interview in zip(self.entries, self.interviews, strict=True):
            total.update(f"{entry.name}|{entry.subject}|{entry.label}|".encode())
            for item in fields(interview):
                value = getattr(interview, item.name)
                if isinstance(value, ndarray):
                    total.update(np.ascontiguousarray(value).tobytes())
        return total.hexdigest()


class EpochBatches(Dataset[Batch]):
    """The batches of one epoch of one stage.

    Args:
        fold: To learn from.
        modalities: That the stage reads.
        recipe: Its seed, batch, balance, prefixes and augmentation.
        stage: The number of the stage.
        epoch: The number of the epoch, from 0.
    """

    def __init__(
        self,
        fold: Fold,
        modalities: Collection[Modality],
        recipe: Recipe,
        *,
        stage: int,
        epoch: int,
    ) -> None:
        self._fold = fold
        self._modalities = tuple(modalities)
        self._recipe = recipe
        self._seed = (recipe.seed, stage, epoch)
        drawn = evenly_drawn if recipe.balance == "sampler" else shuffled
        order = drawn(fold.labels, np.random.default_rng([*self._seed, ORDER]))
        self._rows = [
            order[first : first + recipe.batch].tolist()
            for first in range(0, len(order), recipe.batch)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Batch:
        rows, seed = self._rows[number], (*self._seed, VARIED, number)
        tracks = [self._fold.varied(row, self._modalities, self._recipe, seed) for row in rows]
        early = early_ticks(tracks, self._recipe, seed, grid_hz=self._fold.grid_hz)
        return batch(tracks, [self._fold.labels[row] for row in rows], early=early)


class WholeInterviews(Dataset[Batch]):
    """The batches of a fold as it is, read at its end.

    Args:
        fold: To be scored on.
        modalities: That are read.
        size: Interviews a batch.
    """

    def __init__(self, fold: Fold, modalities: Collection[Modality], *, size: int) -> None:
        self._fold = fold
        self._modalities = tuple(modalities)
        self._size = size

    def __len__(self) -> int:
        return math.ceil(len(self._fold) / self._size)

    def __getitem__(self, number: int) -> Batch:
        first = number * self._size
        rows = range(first, min(first + self._size, len(self._fold)))
        tracks = [self._fold.tracks(row, self._modalities) for row in rows]
        return batch(tracks, [self._fold.labels[row] for row in rows])


def chosen(interviews: InterviewSet, entries: Sequence[Entry]) -> Iterable[Interview]:
    """Read some interviews of a set, in the order of the entries.

    Raises:
        DatasetError: If the set has none of such a name.
    """
    places = {entry.name: place for place, entry in enumerate(interviews.entries)}
    for entry in entries:
        if entry.name not in places:
            msg = f"{entry.name}: {interviews.name} has no interview of this name"
            raise DatasetError(msg)
        yield interviews[places[entry.name]]


def _one(interviews: Sequence[Interview], what: str, found: set[Value]) -> Value:
    if len(found) > 1:
        names = f"{interviews[0].entry.name} ... {interviews[-1].entry.name}"
        msg = (
            f"{names}: {what}: expected one width or rate in all interviews, got "
            f"{', '.join(map(str, sorted(found, key=str)))}: extract them with one profile"
        )
        raise DatasetError(msg)
    return found.pop()
