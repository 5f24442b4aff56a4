"""What a trial costs beside time: processor, memory, energy, heat. The child processes count.

Sampled four times a second: what lives shorter than that is in the processor time and not in the
memory. Resident memory is that of all processes added up, so pages that they share count twice.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import psutil

from engines.spec.wire import CLOSED
from stream.bench.board_cost import BoardCost, BoardMeter
from stream.bench.card_cost import CardCost, CardMeter
from stream.bench.quantity import NO_READING, Quantity, most
from stream.bench.rapl import NO_COUNTER as NO_ENERGY
from stream.bench.sensors import Sensors

MB: Final = 2**20
EVERY_S: Final = 0.25
NO_SENSOR: Final = "not available: the system shows no sensor of the processor"
NO_COUNTER: Final = "not available: the system does not count it"
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
    packages_power_w: Quantity
    """Of the processor's packages, on average, whoever keeps them busy."""
    packages_joules_a_reading: Quantity
    card: CardCost
    """An NVIDIA card."""
    board: BoardCost
    """A Jetson."""


class FootprintMeter:
    """Samples this process, its children and what tells of power and heat.

    Args:
        sensors: What there is of the latter.
        without: Processes that are not of the pipeline, such as the bench's own camera.
    """

    def __init__(self, sensors: Sensors, *, without: Collection[int] = ()) -> None:
        self._card = CardMeter(sensors.card, is_used=sensors.card_is_used)
        self._board = BoardMeter(sensors.board)
        self._packages = sensors.packages
        self._energy_j: list[float] = []
        self._without = frozenset(without)
        self._process = psutil.Process()
        self._first_s: dict[int, float] = {}
        self._last_s: dict[int, float] = {}
        self._memory_mb: list[float] = []
        self._temperatures: list[float] = []
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
        energy_j = None if isinstance(self._packages, str) else self._packages.energy_j()
        if energy_j is not None:
            self._energy_j.append(energy_j)
        self._card.sample(self._last_s.keys())
        self._board.sample()

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
            temperature_c=most(self._temperatures, "C", NO_SENSOR),
            throttled=self._throttled_since(),
            packages_power_w=self._packages_energy(wall_s, "W"),
            packages_joules_a_reading=(
                self._packages_energy(readings, "J")
                if readings
                else Quantity.absent(NO_READING, "J")
            ),
            card=self._card.cost(wall_s=wall_s, readings=readings),
            board=self._board.cost(wall_s=wall_s, readings=readings),
        )

    def _family(self) -> list[psutil.Process]:
        family = [self._process, *self._process.children(recursive=True)]
        return [process for process in family if process.pid not in self._without]

    def _throttled_since(self) -> Quantity:
        now = _throttle_count()
        if now is None or self._throttled is None:
            return Quantity.absent(NO_COUNTER, "times")
        return Quantity.of(now - self._throttled, "times")

    def _packages_energy(self, parts: float, unit: str) -> Quantity:
        """Return the energy of the packages, a part: of the seconds, of the readings."""
        if not parts:
            return Quantity.absent(NO_READING, unit)
        if len(self._energy_j) > 1:
            return Quantity.of((self._energy_j[-1] - self._energy_j[0]) / parts, unit)
        why = self._packages if isinstance(self._packages, str) else NO_ENERGY
        return Quantity.absent(why, unit)


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
