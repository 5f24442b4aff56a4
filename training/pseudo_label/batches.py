"""Batches in which gold is never outnumbered by what was borrowed from a teacher.

Gold is little, so it comes again and again; each side goes through all it has, in a new order each
time, before anything is repeated.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from engines.errors import ConfigError

LEAST_GOLD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What a batch is made of.

    Attributes:
        size: Examples.
        gold: The share of gold, at least.

    Raises:
        ConfigError: If gold would be outnumbered, or a batch has no room for both.
    """

    size: int = 128
    gold: float = LEAST_GOLD

    def __post_init__(self) -> None:
        if not LEAST_GOLD <= self.gold <= 1 or self.size < 2:  # noqa: PLR2004 (one of each)
            msg = (
                f"batch of {self.size}, {self.gold:g} gold: expected 2 examples or more, and "
                f"{LEAST_GOLD} to 1 of them gold: a teacher must not outvote what is known"
            )
            raise ConfigError(msg)

    @property
    def known(self) -> int:
        """Gold examples of a batch."""
        return math.ceil(self.size * self.gold)


def mixed(
    mixture: Mixture, *, gold: int, borrowed: int, steps: int, random: np.random.Generator
) -> Iterator[tuple[Int64[ndarray, " G"], Int64[ndarray, " P"]]]:
    """Yield, for each step, places among the gold and among the borrowed examples.

    Args:
        mixture: Of a batch.
        gold: How many there are.
        borrowed: How many there are; of none, none are yielded, and a batch is as much smaller.
        steps: Batches.
        random: Draws the orders.
    """
    known = _rounds(gold, mixture.known, random)
    others = _rounds(borrowed, mixture.size - mixture.known, random)
    for _ in range(steps):
        yield next(known), next(others)


def _rounds(count: int, size: int, random: np.random.Generator) -> Iterator[Int64[ndarray, " N"]]:
    waiting = np.zeros(0, np.int64)
    while True:
        while len(waiting) < size and count:
            waiting = np.concatenate([waiting, random.permutation(count)])
        yield waiting[:size]
        waiting = waiting[size:]
