"""What a trial cost on a Jetson board, the whole of which is measured, whoever uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from engines.spec.wire import CLOSED
from stream.bench.quantity import NO_READING, Quantity, most
from stream.bench.tegrastats import Board, BoardSample

NOT_HEARD: Final = "not available: tegrastats does not tell it"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCost:
    """What a trial cost on the board."""

    __pydantic_config__: ClassVar = CLOSED

    memory_mb: Quantity
    """In use by everything, processor and GPU: the most that was sampled."""
    busy: Quantity
    """The GPU's load at its clock, on average, in percent."""
    power_w: Quantity
    """Of the module, on average."""
    joules_a_reading: Quantity
    temperature_c: Quantity
    """Of the hottest sensor, the highest sampled."""
    rails: tuple[str, ...] = ()
    """Those that the power is the sum of."""


class BoardMeter:
    """Samples the board.

    Args:
        board: The board, or why there is none.
    """

    def __init__(self, board: Board | str) -> None:
        self._board = board
        self._samples: list[BoardSample] = []

    def sample(self) -> None:
        """Take one sample."""
        newest = None if isinstance(self._board, str) else self._board.sample()
        if newest is not None:
            self._samples.append(newest)

    def cost(self, *, wall_s: float, readings: int) -> BoardCost:
        """Return what was sampled."""
        samples = self._samples
        why = self._board if isinstance(self._board, str) else NOT_HEARD
        power_w = _mean([sample.power_w for sample in samples], "W", why)
        return BoardCost(
            memory_mb=most([sample.memory_mb for sample in samples], "MB", why),
            busy=_mean([sample.gpu_busy for sample in samples], "%", why),
            power_w=power_w,
            joules_a_reading=_joules(power_w, wall_s, readings),
            temperature_c=most(
                [s.temperature_c for s in samples if s.temperature_c is not None], "C", why
            ),
            rails=samples[-1].rails if samples else (),
        )


def _mean(values: Sequence[float | None], unit: str, why: str) -> Quantity:
    known = [value for value in values if value is not None]
    return Quantity.of(float(np.mean(known)), unit) if known else Quantity.absent(why, unit)


def _joules(power_w: Quantity, wall_s: float, readings: int) -> Quantity:
    if power_w.value is None:
        return Quantity.absent(power_w.missing or NOT_HEARD, "J")
    if not readings:
        return Quantity.absent(NO_READING, "J")
    return Quantity.of(power_w.value * wall_s / readings, "J")
