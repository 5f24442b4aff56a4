"""Measurement: what the engines took, and the spread of a latency over the newest samples.

Memory is bounded, so that a run of weeks costs what a run of minutes does.
"""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engines.backends import open_engine
from engines.backends.spare import SPARE, SpareEngine
from engines.config import RuntimeConfig
from engines.engine import Engine, KeptInput, keep
from engines.spec.tensors import Batch, EngineSpec
from stream.records import Quantiles

MS_PER_S = 1000.0
NEWEST = 4096  # samples kept: half an hour of readings at two a second


class Recent:
    """The newest samples of one quantity."""

    def __init__(self, newest: int = NEWEST) -> None:
        self._samples: deque[float] = deque(maxlen=newest)

    def add(self, value: float) -> None:
        """Take one sample."""
        self._samples.append(value)

    @property
    def samples(self) -> tuple[float, ...]:
        """What is kept, the oldest first."""
        return tuple(self._samples)

    def quantiles(self) -> Quantiles | None:
        """Return median, 95th percentile and maximum; None without samples."""
        if not self._samples:
            return None
        p50, p95, top = np.percentile(self._samples, (50, 95, 100))
        return Quantiles(
            n=len(self._samples),
            p50=round(float(p50), 3),
            p95=round(float(p95), 3),
            max=round(float(top), 3),
        )


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One run of an engine: wall seconds, and processor seconds of the thread that asked."""

    name: str
    wall_s: float
    cpu_s: float


class EngineMeter:
    """Opens engines and adds up the time spent inside each.

    Where the eyes are a process of their own, to be started anew when its card is lost, the engines
    that are opened here go on without a card then (``SpareEngine``).

    An engine of one thread computes in the thread that calls it, so that thread's own CPU time is
    the engine's; with more threads the CPU time inside is not known, and none is given.

    Args:
        runtime: What the engines are opened with.

    Attributes:
        seconds: Wall seconds inside each engine.
        cpu_s: CPU seconds inside each engine; None with more than one thread.
        calls: Runs of each engine.
        run_ms: Wall milliseconds of the newest runs of each engine.
    """

    def __init__(self, runtime: RuntimeConfig) -> None:
        self._runtime = runtime
        self._outlives_card = runtime.is_apart and runtime.backend in {"tensorrt", "torch"}
        self.lock = threading.Lock()  # engines of one name may run in two threads
        self.cpu_s: defaultdict[str, float] | None = (
            defaultdict(float) if runtime.threads == 1 else None
        )
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.run_ms: defaultdict[str, Recent] = defaultdict(Recent)

    def clear(self) -> None:
        """Forget what was measured so far: what comes now is to be measured by itself."""
        with self.lock:
            self.seconds.clear()
            self.calls.clear()
            self.run_ms.clear()
            if self.cpu_s is not None:
                self.cpu_s.clear()

    def add(self, run: EngineRun) -> None:
        """Take one run."""
        with self.lock:
            self.seconds[run.name] += run.wall_s
            self.calls[run.name] += 1
            self.run_ms[run.name].add(MS_PER_S * run.wall_s)
            if self.cpu_s is not None:
                self.cpu_s[run.name] += run.cpu_s

    def open(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open the graph at a path; its time is added up under the name."""
        open_one = partial(open_engine, path, outputs=outputs, name=name)
        engine = open_one(self._runtime)
        if self._outlives_card:
            on_cpu = RuntimeConfig(backend=SPARE, threads=self._runtime.threads)
            engine = SpareEngine(name, engine, partial(open_one, on_cpu))
        return _MeteredEngine(name, engine, self)


class RunLog(EngineMeter):
    """Keeps every run until it is taken, to be added up in another process."""

    def __init__(self, runtime: RuntimeConfig) -> None:
        super().__init__(runtime)
        self._outlives_card = False  # the process ends, and is started anew
        self._runs: list[EngineRun] = []

    def add(self, run: EngineRun) -> None:
        """Take one run."""
        with self.lock:
            self._runs.append(run)

    def taken(self) -> tuple[EngineRun, ...]:
        """Return the runs since this was asked last."""
        with self.lock:
            runs = tuple(self._runs)
            self._runs.clear()
            return runs


class _MeteredEngine:
    def __init__(self, name: str, engine: Engine, meter: EngineMeter) -> None:
        self._name = name
        self._engine = engine
        self._meter = meter

    @property
    def spec(self) -> EngineSpec:
        return self._engine.spec

    def run(self, batch: Batch) -> Batch:
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        try:
            return self._engine.run(batch)
        finally:
            spent_s = time.perf_counter() - wall_s
            self._meter.add(EngineRun(self._name, spent_s, time.thread_time() - cpu_s))

    def keep(self, name: str, array: NDArray[np.generic], *, axis: int) -> KeptInput | None:
        return keep(self._engine, name, array, axis=axis)

    def __enter__(self) -> Self:
        self._engine.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.__exit__(exc_type, exc, traceback)
