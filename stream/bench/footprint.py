"""What a trial costs beside time: processor, memory, the card, heat. The child processes count.

Sampled four times a second: what lives shorter than that is in the processor time and not in the
memory. Resident memory is that of all processes added up, so pages that they share count twice.
"""

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import psutil

from engines.spec.wire import CLOSED
from stream.bench.card import Card, CardSample
from stream.bench.quantity import Quantity

MB: Final = 2**20
EVERY_S: Final = 0.25
NOT_ON_CARD: Final = "not available: the driver names none of this run's processes on the card"
NOT_TOLD: Final = "not available: the card's driver does not tell it"
NO_SENSOR: Final = "not available: the system shows no sensor of the processor"
NO_COUNTER: Final = "not available: the system does not count it"
NO_READING: Final = "not available: there was no reading"
SENSORS: Final = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal")
COUNTERS: Final = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a trial cost."""

    __pydantic_config__: ClassVar = CLOSED

    cpu_cores: Quantity
    """Kept busy on average, by the program and its children."""
    cpu_others_cores: Quantity
    """Kept busy by everything else on the machine: above a few tenths the times are not quiet."""
    cpu_ms_a_frame: Quantity
    """Processor time for each analysed frame."""
    memory_mb: Quantity
    """Resident, the median."""
    memory_peak_mb: Quantity
    """Resident, the most that was sampled."""
    processes: int
    """The most there were: the program itself, the recogniser."""
    temperature_c: Quantity
    """Of the processor, the highest sampled."""
    throttled: Quantity
    """How often the processor was slowed for its heat."""
    card_memory_mb: Quantity
    """Of the card, held by the run's processes: the most that was sampled."""
    card_power_w: Quantity
    """Of the whole card, on average."""
    card_joules_a_reading: Quantity
    """Of the whole card, for each reading."""
    card_temperature_c: Quantity
    card_throttled: Quantity
    """Part of the samples in which the card was slowed, in percent."""
    card_slowed_by: tuple[str, ...] = ()


class FootprintMeter:
    """Samples this process, its children and the card.

    Args:
        card: The card, or why there is none.
        without: Processes that are not of the pipeline, such as the bench's own camera.
    """

    def __init__(self, card: Card | str, *, without: Collection[int] = ()) -> None:
        self._card = card
        self._without = frozenset(without)
        self._process = psutil.Process()
        self._first_s: dict[int, float] = {}
        self._last_s: dict[int, float] = {}
        self._memory_mb: list[float] = []
        self._temperatures: list[float] = []
        self._cards: list[CardSample] = []
        self._processes = 0
        self._throttled = _throttle_count()
        self._busy_s: list[float] = []

    def sample(self) -> None:
        """Take one sample."""
        times = psutil.cpu_times()
        self._busy_s.append(sum(times) - times.idle - getattr(times, "iowait", 0.0))
        resident = 0
        present = 0
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
                own = process.cpu_times()
                self._first_s.setdefault(process.pid, own.user + own.system)
                self._last_s[process.pid] = own.user + own.system
                resident += process.memory_info().rss
                present += 1
        self._memory_mb.append(resident / MB)
        self._processes = max(self._processes, present)
        temperature_c = _temperature_c()
        if temperature_c is not None:
            self._temperatures.append(temperature_c)
        if isinstance(self._card, Card):
            self._cards.append(self._card.sample(self._last_s.keys()))

    def footprint(self, *, wall_s: float, frames: int, readings: int) -> Footprint:
        """Return what was sampled; a trial is at least two samples, its first moment and its last.

        Args:
            wall_s: Between the first sample and the last.
            frames: Analysed in that time.
            readings: Published in that time.
        """
        cpu_s = sum(last_s - self._first_s[pid] for pid, last_s in self._last_s.items())
        return Footprint(
            cpu_cores=Quantity.of(cpu_s / wall_s, "cores"),
            cpu_others_cores=Quantity.of(
                max(0.0, self._busy_s[-1] - self._busy_s[0] - cpu_s) / wall_s, "cores"
            ),
            cpu_ms_a_frame=(
                Quantity.of(1000 * cpu_s / frames, "ms")
                if frames
                else Quantity.absent("not available: no frame was analysed", "ms")
            ),
            memory_mb=Quantity.of(float(np.median(self._memory_mb)), "MB"),
            memory_peak_mb=Quantity.of(max(self._memory_mb), "MB"),
            processes=self._processes,
            temperature_c=_most(self._temperatures, "C", NO_SENSOR),
            throttled=self._throttled_since(),
            card_memory_mb=self._card_memory(),
            card_power_w=self._card_mean([sample.power_w for sample in self._cards], "W"),
            card_joules_a_reading=self._joules_a_reading(wall_s, readings),
            card_temperature_c=self._card_quantity(
                [sample.temperature_c for sample in self._cards], "C"
            ),
            card_throttled=self._card_throttled(),
            card_slowed_by=tuple(sorted({r for s in self._cards for r in s.slowed or ()})),
        )

    def _family(self) -> list[psutil.Process]:
        family = [self._process, *self._process.children(recursive=True)]
        return [process for process in family if process.pid not in self._without]

    def _throttled_since(self) -> Quantity:
        now = _throttle_count()
        if now is None or self._throttled is None:
            return Quantity.absent(NO_COUNTER, "times")
        return Quantity.of(now - self._throttled, "times")

    @property
    def _on_card(self) -> bool:
        """Whether the run computes on the card: then the card's figures are the run's."""
        return any(sample.memory_mb for sample in self._cards)

    def _card_memory(self) -> Quantity:
        return self._card_quantity([sample.memory_mb for sample in self._cards], "MB")

    def _card_quantity(self, values: Sequence[float | None], unit: str) -> Quantity:
        why = self._why_no_card()
        known = [value for value in values if value is not None]
        return Quantity.absent(why, unit) if why else _most(known, unit, NOT_TOLD)

    def _card_mean(self, values: Sequence[float | None], unit: str) -> Quantity:
        why = self._why_no_card()
        known = [value for value in values if value is not None]
        if why or not known:
            return Quantity.absent(why or NOT_TOLD, unit)
        return Quantity.of(float(np.mean(known)), unit)

    def _joules_a_reading(self, wall_s: float, readings: int) -> Quantity:
        why = self._why_no_card() or (None if readings else NO_READING)
        if why:
            return Quantity.absent(why, "J")
        first_j, last_j = self._cards[0].energy_j, self._cards[-1].energy_j
        if first_j is not None and last_j is not None and last_j > first_j:
            return Quantity.of((last_j - first_j) / readings, "J")
        power = self._card_mean([sample.power_w for sample in self._cards], "W")  # older cards
        if power.value is None:
            return Quantity.absent(NOT_TOLD, "J")
        return Quantity.of(power.value * wall_s / readings, "J")

    def _card_throttled(self) -> Quantity:
        known = [sample.slowed for sample in self._cards if sample.slowed is not None]
        why = self._why_no_card() or (None if known else NOT_TOLD)
        if why:
            return Quantity.absent(why, "%")
        return Quantity.of(100 * sum(1 for slowed in known if slowed) / len(known), "%")

    def _why_no_card(self) -> str | None:
        if isinstance(self._card, str):
            return self._card
        return None if self._on_card else NOT_ON_CARD


def _most(values: Sequence[float], unit: str, why: str) -> Quantity:
    return Quantity.of(max(values), unit) if values else Quantity.absent(why, unit)


def _temperature_c() -> float | None:
    """Return the temperature of the processor; None where the system shows none."""
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    shown = [entry.current for name in SENSORS for entry in sensors.get(name, ())]
    return max(shown, default=None)


def _throttle_count() -> int | None:
    """Return how often the processor was slowed since it was started; None where nobody counts."""
    paths = list(COUNTERS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    try:
        return sum(int(path.read_text(encoding="ascii")) for path in paths) if paths else None
    except (OSError, ValueError):
        return None
