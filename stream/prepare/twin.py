"""One graph opened by two runtimes: the first is believed, the second runs beside it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.errors import EngineError
from engines.spec.tensors import Batch, EngineSpec

MS_PER_S: Final = 1000.0
SURE: Final = 0.1
"""A detection of a smaller score is nobody's: profiles take .4 and more."""


@dataclass(slots=True)
class OutputDifference:
    """How far two runtimes are apart on one output.

    Attributes:
        largest: The largest absolute difference; nan where only one has a number.
        scale: The largest absolute value of the first's.
    """

    largest: float = 0.0
    scale: float = 0.0

    def see(self, ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> None:
        """Take the output of one run."""
        if ours.size:
            apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
            self.largest = float(np.maximum(self.largest, apart.max()))
            self.scale = float(max(self.scale, np.abs(ours.astype(np.float64)).max()))


@dataclass(slots=True)
class Contest:
    """What two runtimes made of one network's inputs.

    Attributes:
        name: The network's.
        refused: Why the second cannot open it; None if it can.
        outputs: The difference by output.
        ms: What each run took, of both; the first run of each is not among them.
        runs: How many there were.
    """

    name: str
    refused: str | None = None
    outputs: dict[str, OutputDifference] = field(default_factory=dict)
    ms: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    runs: int = 0

    def medians_ms(self) -> tuple[float | None, float | None]:
        """Return the median time of a run of each; None where there was but one."""
        first, second = (float(np.median(each)) if each else None for each in self.ms)
        return first, second


class Twins:
    """Opens every graph by two runtimes (``OpenEngine``).

    Attributes:
        contests: What was found, in the order of opening.

    Args:
        first: Whose results are used.
        second: Which is held against it.
    """

    def __init__(self, first: RuntimeConfig, second: RuntimeConfig) -> None:
        self._first = first
        self._second = second
        self.contests: list[Contest] = []

    def __call__(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open a graph under a name."""
        contest = Contest(name)
        engine = open_engine(path, self._first, outputs=outputs, name=name)
        self.contests.append(contest)
        try:
            other = open_engine(path, self._second, outputs=outputs, name=name)
        except EngineError as error:
            contest.refused = str(error)
            return engine
        return _TwinEngine(engine, other, contest)


class _TwinEngine:
    def __init__(self, first: Engine, second: Engine, contest: Contest) -> None:
        self._first = first
        self._second = second
        self._contest = contest

    @property
    def spec(self) -> EngineSpec:
        return self._first.spec

    def run(self, batch: Batch) -> Batch:
        began_s = time.perf_counter()
        ours = self._first.run(batch)
        between_s = time.perf_counter()
        theirs = self._second.run(batch)
        ended_s = time.perf_counter()
        contest = self._contest
        if contest.runs:  # the first run of a shape prepares
            contest.ms[0].append(MS_PER_S * (between_s - began_s))
            contest.ms[1].append(MS_PER_S * (ended_s - between_s))
        contest.runs += 1
        # a .tflite's outputs have names that depend on who reads it; their order does not
        for (name, mine), other in zip(ours.items(), theirs.values(), strict=True):
            sure = _sure(mine, ours)
            contest.outputs.setdefault(name, OutputDifference()).see(mine[sure], other[sure])
        return ours

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._first.__exit__(exc_type, exc, traceback)
        self._second.__exit__(exc_type, exc, traceback)


def _sure(output: NDArray[np.generic], outputs: Batch) -> NDArray[np.bool_]:
    """Return which rows of a detector's boxes are compared: weak ones swap places."""
    scores = outputs.get("scores")
    if scores is None or output.ndim <= scores.ndim or output.shape[: scores.ndim] != scores.shape:
        return np.ones(output.shape[:1], np.bool_)
    return np.asarray(scores.astype(np.float64) > SURE)
