"""Interviews side by side, as a network takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from engines.networks.interview_network import History
from engines.sequence.shape import Modality
from training.learning.features import Track
from training.learning.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What a teacher said of the last interviews of a batch.

    Attributes:
        answers: A share for each letter, [P J].
        weights: How much each counts, [P].
    """

    answers: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Interviews side by side, the shorter ones padded with ticks without data.

    Attributes:
        histories: By modality.
        at: The ticks that are read, [B N]; the last of them ends the interview.
        labels: Of the interviews, [B]; where a teacher is asked, of the first ones, [G].
        taught: Of those that follow; None where there are none.
    """

    histories: Mapping[Modality, History]
    at: Tensor
    labels: Tensor
    taught: Taught | None = None

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device."""
        histories = {
            name: History(features=own.features.to(device), valid=own.valid.to(device))
            for name, own in self.histories.items()
        }
        taught = self.taught
        if taught is not None:
            taught = Taught(answers=taught.answers.to(device), weights=taught.weights.to(device))
        return replace(
            self,
            histories=histories,
            at=self.at.to(device),
            labels=self.labels.to(device),
            taught=taught,
        )


def early_ticks(
    tracks: Sequence[Mapping[Modality, Track]],
    recipe: Recipe,
    seed: Sequence[int],
    *,
    grid_hz: float,
) -> list[list[int]]:
    """Draw the ticks of each interview that are read before its end."""
    random, prefixes = np.random.default_rng(seed), recipe.prefixes
    least = int(prefixes.from_s * grid_hz)
    lengths = [_length(own) for own in tracks]
    return [
        random.integers(min(least, length - 1), length, size=prefixes.count).tolist()
        for length in lengths
    ]


def batch(
    tracks: Sequence[Mapping[Modality, Track]],
    labels: Sequence[int],
    *,
    early: Sequence[Sequence[int]] | None = None,
) -> Batch:
    """Put interviews side by side.

    Args:
        tracks: Of each interview, by modality; the same modalities of all.
        labels: Of each; where a teacher is asked, of the first ones.
        early: The ticks of each that are read before its end; none if left out.
    """
    lengths = [_length(own) for own in tracks]
    early = early or [[] for _ in tracks]
    at = [[*own, length - 1] for own, length in zip(early, lengths, strict=True)]
    return Batch(
        histories={
            name: _history([own[name] for own in tracks], max(lengths)) for name in tracks[0]
        },
        at=torch.tensor(at, dtype=torch.int64),
        labels=torch.tensor(list(labels), dtype=torch.int64),
    )


def _history(tracks: Sequence[Track], ticks: int) -> History:
    extents = tracks[0].features.shape[1:]
    features = np.zeros((len(tracks), ticks, *extents), np.float32)
    valid = np.zeros((len(tracks), ticks), np.bool_)
    for row, own in enumerate(tracks):
        features[row, : len(own.valid)] = own.features
        valid[row, : len(own.valid)] = own.valid
    return History(features=torch.from_numpy(features), valid=torch.from_numpy(valid))


def _length(tracks: Mapping[Modality, Track]) -> int:
    return len(next(iter(tracks.values())).valid)
