"""What a trial cost on the card: memory, power, energy for a reading, heat."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from engines.spec.wire import CLOSED
from stream.bench.card import Card, CardSample
from stream.bench.quantity import NO_READING, Quantity, most

NOT_ON_CARD: Final = "not available: the driver names none of this run's processes on the card"
NOT_TOLD: Final = "not available: the card's driver does not tell it"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCost:
    """What a trial cost on the card; energy, power, heat and load are the whole card's."""

    __pydantic_config__: ClassVar = CLOSED

    memory_mb: Quantity
    """Held by the run's processes: the most that was sampled."""
    busy: Quantity
    """Part of the time in which anything ran on it, on average, in percent."""
    power_w: Quantity
    """On average."""
    joules_a_reading: Quantity
    temperature_c: Quantity
    """The highest sampled."""
    throttled: Quantity
    """Part of the samples in which it was slowed, in percent."""
    slowed_by: tuple[str, ...] = ()


class CardMeter:
    """Samples the card.

    Args:
        card: The card, or why there is none.
        is_used: Whether the run computes on it, whatever the driver says of processes.
    """

    def __init__(self, card: Card | str, *, is_used: bool = False) -> None:
        self._card = card
        self._is_used = is_used
        self._samples: list[CardSample] = []

    def sample(self, pids: Collection[int]) -> None:
        """Take one sample, of what these processes hold."""
        if isinstance(self._card, Card):
            self._samples.append(self._card.sample(pids))

    def cost(self, *, wall_s: float, readings: int) -> CardCost:
        """Return what was sampled."""
        return CardCost(
            memory_mb=self._memory(),
            busy=self._mean(lambda sample: sample.busy, "%"),
            power_w=self._mean(lambda sample: sample.power_w, "W"),
            joules_a_reading=self._joules_a_reading(wall_s, readings),
            temperature_c=self._most(lambda sample: sample.temperature_c, "C"),
            throttled=self._throttled(),
            slowed_by=tuple(sorted({r for s in self._samples for r in s.slowed or ()})),
        )

    def _why_none(self) -> str | None:
        if isinstance(self._card, str):
            return self._card
        return None if self._is_used or self._is_named else NOT_ON_CARD

    @property
    def _is_named(self) -> bool:
        return any(sample.memory_mb for sample in self._samples)

    def _memory(self) -> Quantity:
        if not isinstance(self._card, str) and not self._is_named:
            return Quantity.absent(NOT_ON_CARD, "MB")
        return self._most(lambda sample: sample.memory_mb, "MB")

    def _most(self, of: Callable[[CardSample], float | None], unit: str) -> Quantity:
        why = self._why_none()
        return Quantity.absent(why, unit) if why else most(self._known(of), unit, NOT_TOLD)

    def _mean(self, of: Callable[[CardSample], float | None], unit: str) -> Quantity:
        why, known = self._why_none(), self._known(of)
        if why or not known:
            return Quantity.absent(why or NOT_TOLD, unit)
        return Quantity.of(float(np.mean(known)), unit)

    def _known(self, of: Callable[[CardSample], float | None]) -> list[float]:
        return [value for value in map(of, self._samples) if value is not None]

    def _joules_a_reading(self, wall_s: float, readings: int) -> Quantity:
        why = self._why_none() or (None if readings else NO_READING)
        if why:
            return Quantity.absent(why, "J")
        first_j, last_j = self._samples[0].energy_j, self._samples[-1].energy_j
        if first_j is not None and last_j is not None and last_j > first_j:
            return Quantity.of((last_j - first_j) / readings, "J")
        power = self._mean(lambda sample: sample.power_w, "W")  # older cards count no energy
        if power.value is None:
            return Quantity.absent(NOT_TOLD, "J")
        return Quantity.of(power.value * wall_s / readings, "J")

    def _throttled(self) -> Quantity:
        known = [sample.slowed for sample in self._samples if sample.slowed is not None]
        why = self._why_none() or (None if known else NOT_TOLD)
        if why:
            return Quantity.absent(why, "%")
        return Quantity.of(100 * sum(1 for slowed in known if slowed) / len(known), "%")
