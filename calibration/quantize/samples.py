"""What each network is really given, kept while the perception runs, and gone when it is left.

These are pictures of people. They lie in a folder that only this user can read, which is removed
however the work ends; nothing is kept unless somebody asks for it.
"""

import hashlib
import tempfile
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from calibration.quantize.diversity import DiverseSet, thumbnail
from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.spec.tensors import Batch, EngineSpec
from engines.variants.record import CalibrationSet

HELD_OUT: Final = 0.4
"""The share of each source's time, its end, that nothing is calibrated on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One input of a network.

    Attributes:
        file: Where it lies, one array a tensor.
        source: The name of the source.
        time_s: Media time.
    """

    file: Path
    source: str
    time_s: float

    def batch(self) -> Batch:
        """Read it."""
        with np.load(self.file) as stored:
            return {name: stored[name] for name in stored.files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The inputs of one network.

    Attributes:
        name: The network, as the manifest calls it.
        path: Its graph.
        outputs: Those that are kept; None for all.
        calibration: What ranges are read off: the first part of each source.
        held_out: What is judged on: the rest.
    """

    name: str
    path: Path
    outputs: tuple[str, ...] | None
    calibration: tuple[Sample, ...]
    held_out: tuple[Sample, ...]

    def described(self) -> CalibrationSet:
        """Say what was calibrated on, without saying where it came from."""
        digest = hashlib.sha256()
        for sample in self.calibration:
            digest.update(sample.file.read_bytes())
        moments = {(one.source, one.time_s) for one in self.calibration}
        return CalibrationSet(
            samples=len(self.calibration),
            frames=len(moments),
            sources=len({source for source, _ in moments}),
            digest=digest.hexdigest(),
        )


class Recorder:
    """Opens engines in f32 and keeps the most different inputs of each.

    Leaving its context removes them.

    Args:
        runtime: What the engines are opened with; its precision does not count.
        at_most: So many inputs of each network.
        names: The networks that are wanted; None for all.
    """

    def __init__(
        self, runtime: RuntimeConfig, *, at_most: int, names: Container[str] | None = None
    ) -> None:
        self._runtime = runtime.model_copy(update={"precision": "f32"})
        self._at_most = at_most
        self._names = names
        self._moment = ("", 0.0)
        self._graphs: dict[str, tuple[Path, tuple[str, ...] | None]] = {}
        self._sets: dict[str, DiverseSet] = {}
        self._kept: dict[str, dict[int, Sample]] = {}

    def __enter__(self) -> "Recorder":
        self._folder = tempfile.TemporaryDirectory(prefix="subface-calibration-")
        self.folder = Path(self._folder.name)
        self.folder.chmod(0o700)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def open(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open a graph; fulfils ``OpenEngine``."""
        engine = open_engine(path, self._runtime, outputs=outputs)
        if self._names is not None and name not in self._names:
            return engine
        self._graphs[name] = path, None if outputs is None else tuple(outputs)
        self._sets.setdefault(name, DiverseSet(self._at_most))
        self._kept.setdefault(name, {})
        return _Recorded(name, engine, self)

    def at(self, source: str, time_s: float) -> None:
        """Say which moment what follows belongs to."""
        self._moment = source, time_s

    def keep(self, name: str, batch: Batch) -> None:
        """Keep an input if it differs from those kept."""
        place = self._sets[name].place(thumbnail(batch))
        if place is None:
            return
        file = self.folder / name / f"{place:05d}.npz"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        np.savez(file, **dict(batch))  # type: ignore[arg-type]  # arrays by name
        source, time_s = self._moment
        self._kept[name][place] = Sample(file=file, source=source, time_s=time_s)

    def counts(self) -> Mapping[str, int]:
        """Return how many inputs of each network are kept."""
        return {name: len(kept) for name, kept in self._kept.items()}

    def samples(self) -> list[Samples]:
        """Return what was kept, split by time: the end of each source is held out."""
        return [self._split(name) for name in self._graphs]

    def _split(self, name: str) -> Samples:
        calibration: list[Sample] = []
        held_out: list[Sample] = []
        kept = self._kept[name].values()
        for source in sorted({one.source for one in kept}):
            in_time = sorted((s for s in kept if s.source == source), key=lambda s: s.time_s)
            cut = round(len(in_time) * (1 - HELD_OUT))
            calibration += in_time[:cut]
            held_out += in_time[cut:]
        path, outputs = self._graphs[name]
        return Samples(
            name=name,
            path=path,
            outputs=outputs,
            calibration=tuple(calibration),
            held_out=tuple(held_out),
        )


class _Recorded:
    """An engine whose inputs are kept."""

    def __init__(self, name: str, engine: Engine, recorder: Recorder) -> None:
        self._name, self._engine, self._recorder = name, engine, recorder

    @property
    def spec(self) -> EngineSpec:
        return self._engine.spec

    def run(self, batch: Batch) -> Batch:
        self._recorder.keep(self._name, batch)
        return self._engine.run(batch)

    def __enter__(self) -> "_Recorded":
        self._engine.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.__exit__(exc_type, exc, traceback)
