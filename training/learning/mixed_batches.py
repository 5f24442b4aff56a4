"""Batches of gold and of interviews of which only a teacher said anything, gold first.

An epoch goes once through the longer of the two, the other coming again in a new order each time.
Who learns from gold alone, to be compared, has as many steps with the same gold in each: or else it
would be the one that learns less.
As elsewhere a batch follows from the seed, the stage, the epoch and its number alone.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from torch.utils.data import Dataset

from engines.sequence.shape import Modality
from training.learning.batch import Batch, Taught, batch, early_ticks
from training.learning.dataset import ORDER, VARIED, Fold
from training.learning.imbalance import evenly_drawn, shuffled
from training.learning.recipe import Recipe
from training.pseudo_label.answers import Answers
from training.pseudo_label.batches import Mixture, mixed
from training.pseudo_label.noise import Noise

VARIED_TAUGHT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtFold:
    """Interviews with a teacher's answers.

    Attributes:
        fold: The interviews; their labels are not looked at.
        answers: What the teacher said of each.
        noise: How often it says what of which class.
        weights: How much each interview counts.
        prior: How frequent each class is.
    """

    fold: Fold
    answers: Answers
    noise: Noise
    weights: Float64[ndarray, " N"]
    prior: Float64[ndarray, " C"]


class MixedBatches(Dataset[Batch]):
    """The batches of one epoch of one stage, at least half of each gold.

    Args:
        gold: Whose labels are known.
        taught: The others; None: they are left out of the batches.
        pool: How many there are.
        modalities: That the stage reads.
        recipe: Its seed, batch, balance, prefixes and augmentation.
        stage: The number of the stage.
        epoch: The number of the epoch, from 0.

    Raises:
        ConfigError: If a batch of the recipe has no room for both.
    """

    def __init__(
        self,
        gold: Fold,
        taught: TaughtFold | None,
        modalities: Collection[Modality],
        recipe: Recipe,
        *,
        pool: int,
        stage: int,
        epoch: int,
    ) -> None:
        self._gold = gold
        self._taught = taught
        self._modalities = tuple(modalities)
        self._recipe = recipe
        self._seed = (recipe.seed, stage, epoch)
        random = np.random.default_rng([*self._seed, ORDER])
        drawn = evenly_drawn if recipe.balance == "sampler" else shuffled
        order, mixture = drawn(gold.labels, random), Mixture(size=recipe.batch)
        others = mixture.size - mixture.known
        steps = max(math.ceil(len(order) / mixture.known), math.ceil(pool / others))
        lent = 0 if taught is None else pool
        self._rows = [
            (order[known].tolist(), borrowed.tolist())
            for known, borrowed in mixed(
                mixture, gold=len(order), borrowed=lent, steps=steps, random=random
            )
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Batch:
        known, lent = self._rows[number]
        seed = (*self._seed, VARIED, number)
        tracks = [self._gold.varied(row, self._modalities, self._recipe, seed) for row in known]
        taught = self._taught
        if taught is not None:
            other = (*self._seed, VARIED_TAUGHT, number)
            fold = taught.fold
            tracks += [fold.varied(row, self._modalities, self._recipe, other) for row in lent]
        early = early_ticks(tracks, self._recipe, seed, grid_hz=self._gold.grid_hz)
        together = batch(tracks, [self._gold.labels[row] for row in known], early=early)
        if taught is None:
            return together
        return replace(
            together,
            taught=Taught(
                answers=torch.from_numpy(taught.answers[lent]).float(),
                weights=torch.from_numpy(taught.weights[lent]).float(),
            ),
        )
