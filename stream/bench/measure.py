"""The bench of one source: cold start, real time, full speed, glass to publication, capacity."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av

from engines.errors import ConfigError
from engines.models.store import ModelStore, sha256
from stream.bench.accuracy import ReadThrough, accuracy_of, in_f32, read_through, why_not
from stream.bench.capacity import LIMIT, largest, needed_hz
from stream.bench.card import Card
from stream.bench.engine_setup import EngineSetup, build_s, setups
from stream.bench.glass import OPENING_S, glass_to_publish
from stream.bench.machine import this_machine, versions
from stream.bench.quantity import Quantity
from stream.bench.report import Accuracy, Capacity, ColdStart, Glass, Report, Subject, Trial
from stream.bench.sensors import Sensors, open_sensors
from stream.bench.trial import Bounds, Reached, Trials
from stream.bench.watch import Watch
from stream.clock import Clock
from stream.config import Profile
from stream.demo_clip import demo_clip
from stream.errors import SourceFormatError
from stream.plan import Plan
from stream.session import opened
from stream.source.spec import SourceSpec

WARM_UP_S: Final = 2.0
FIRST_READING_S: Final = 20.0
"""After so long without a reading none is waited for."""
NO_FIRST: Final = f"not available: no reading within {FIRST_READING_S:g} s"

Phase = Callable[[str, float], AbstractContextManager[Reached]]
"""Shows a part of the bench, which lasts so many seconds, and takes how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPlan:
    """What a bench is to do.

    Attributes:
        profile: What is measured.
        spec: On which source.
        streams: So many copies of it side by side.
        for_s: How long each part lasts.
        budget_ms: Within which the largest number of streams is looked for; None: it is not.
        glass: Whether glass to publication is measured.
        command: How the bench was asked for.
    """

    profile: Profile
    spec: SourceSpec
    streams: int
    for_s: float
    budget_ms: float | None
    glass: bool
    command: str

    def __post_init__(self) -> None:
        """Refuse what has no duration.

        Raises:
            ConfigError: If the source is a picture.
        """
        if self.spec.kind == "picture":
            msg = f"{self.spec.address}: a picture is over at once: expected a film or a stream"
            raise ConfigError(msg)

    def copies(self, streams: int) -> list[SourceSpec]:
        """Return so many copies of the source, each with a name of its own."""
        return [
            replace(self.spec, name=f"{self.spec.name}-{number}")
            for number in range(1, streams + 1)
        ]


def subject_of(plan: BenchPlan) -> Subject:
    """Return what a plan measures; its networks are told once they are open."""
    spec = plan.spec
    path = Path(spec.url) if spec.scheme == "file" else None
    settings = plan.profile.model_dump(mode="json", exclude={"mqtt"})
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    return Subject(
        profile=plan.profile.name,
        profile_digest=digest.hexdigest(),
        source=spec.address if path is None else path.name,
        source_digest=None if path is None else sha256(path),
        streams=plan.streams,
        for_s=plan.for_s,
        models=(),
    )


async def measure(plan: BenchPlan, subject: Subject, store: ModelStore, phase: Phase) -> Report:
    """Run the bench.

    Args:
        plan: What to do.
        subject: As ``subject_of``.
        store: Where the models are.
        phase: Shows how far it is.

    Raises:
        BenchmarkStoppedError: If it was interrupted.
        SubfaceError: If the run cannot begin, or a source fails.
    """
    async with open_sensors(plan.profile) as sensors:
        card = sensors.card
        async with AsyncExitStack() as stack:
            started_s = time.monotonic()
            with phase("opening the engines", 0.0):
                run = await stack.enter_async_context(opened(_run_plan(plan), store))
            load_s = time.monotonic() - started_s
            parts = _Parts(plan=plan, trials=Trials(run, sensors), phase=phase)
            first_reading_s = await parts.warm_up(started_s)
            live = await parts.live()
            fast = await parts.fast()
            glass = await parts.glass(store)
            capacity = await parts.capacity(live)
            network = run.shared.network
            engines = setups(
                plan.profile,
                store,
                None if network is None else network.network.checkpoint,
                [engine.engine for engine in live.engines],
                card=isinstance(card, Card),
            )
            read = await parts.accuracy(engines)
        accuracy = (
            Accuracy(missing=read)
            if isinstance(read, str)
            else accuracy_of(read, await _reference(plan, store, sensors, phase), engines)
        )
        names, driver = (card.names, card.driver) if isinstance(card, Card) else ((), None)
        return Report(
            made=Clock().now(),
            command=plan.command,
            subject=replace(subject, models=run.cards),
            machine=this_machine(names),
            versions=versions() | ({} if driver is None else {"nvidia driver": driver}),
            cold_start=ColdStart(
                load_s=Quantity.of(load_s, "s"),
                first_reading_s=first_reading_s,
                build_s=build_s(engines),
            ),
            engines=engines,
            accuracy=accuracy,
            live=live,
            fast=fast,
            glass=glass,
            capacity=capacity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of a bench, each a trial or several."""

    plan: BenchPlan
    trials: Trials
    phase: Phase

    async def warm_up(self, started_s: float) -> Quantity:
        """Run one copy until its first reading, then a little more, which nobody counts."""
        one = self.plan.copies(1)
        with self.phase("first reading", FIRST_READING_S) as reached:
            watch = Watch(Clock())
            first = Bounds(for_s=FIRST_READING_S, items=1)
            trial = await self.trials.run(one, first, watch=watch, reached=reached)
        if not trial.frames_analysed:
            msg = f"{self.plan.spec.address}: no picture came: expected a film or a stream of one"
            raise SourceFormatError(msg)
        if watch.first_s is None:
            return Quantity.absent(NO_FIRST, "s")
        with self.phase("warm-up", WARM_UP_S) as reached:
            await self.trials.run(one, Bounds(for_s=WARM_UP_S), reached=reached)
        return Quantity.of(watch.first_s - started_s, "s")

    async def live(self) -> Trial:
        """Run the copies in real time."""
        streams, for_s = self.plan.streams, self.plan.for_s
        with self.phase(f"in real time, {streams} side by side", for_s) as reached:
            return await self._live(streams, reached)

    async def fast(self) -> Trial | None:
        """Run the copies as fast as they can be read, if they can."""
        streams, for_s = self.plan.streams, self.plan.for_s
        if self.plan.spec.kind != "file":
            return None
        with self.phase("as fast as it can be read", for_s) as reached:
            return await self.trials.run(
                self.plan.copies(streams), Bounds(for_s=for_s), pace="fast", reached=reached
            )

    async def glass(self, store: ModelStore) -> Glass | None:
        """Measure from glass to publication, if that is asked for."""
        if not self.plan.glass:
            return None
        spec, for_s = self.plan.spec, self.plan.for_s
        film = Path(spec.url) if spec.kind == "file" and spec.scheme == "file" else demo_clip(store)
        with self.phase("glass to publication", for_s + OPENING_S) as reached:
            return await glass_to_publish(self.trials, film, for_s, reached=reached)

    async def capacity(self, live: Trial) -> Capacity | None:
        """Look for the largest number of streams, if a budget is given."""
        plan = self.plan
        if plan.budget_ms is None:
            return None
        source_hz = await asyncio.to_thread(_pictures_hz, plan.spec)
        observed_hz = live.frames_decoded / live.streams / live.wall_s

        async def run(streams: int) -> Trial:
            with self.phase(f"holding {streams} streams", plan.for_s) as reached:
                return await self._live(streams, reached)

        return await largest(
            run,
            budget_ms=plan.budget_ms,
            frames_hz=needed_hz(plan.profile.reading.grid_hz, source_hz or observed_hz),
            limit=max(LIMIT, plan.streams),
        )

    async def accuracy(self, engines: Sequence[EngineSetup]) -> ReadThrough | str:
        """Read the source once, to be held against f32; or return why that is not done."""
        plan = self.plan
        why = why_not(plan.profile, plan.spec, engines)
        if why is not None:
            return why
        with self.phase("reading it once", plan.for_s) as reached:
            return await read_through(self.trials, plan.copies(1)[0], plan.for_s, reached=reached)

    async def _live(self, streams: int, reached: Reached) -> Trial:
        bounds = Bounds(for_s=self.plan.for_s)
        return await self.trials.run(self.plan.copies(streams), bounds, reached=reached)


async def _reference(
    plan: BenchPlan, store: ModelStore, sensors: Sensors, phase: Phase
) -> ReadThrough:
    """Read the source once in f32, with engines of its own."""
    profile = in_f32(plan.profile)
    with phase("the same in f32", plan.for_s) as reached:
        async with opened(_run_plan(plan, profile), store) as run:
            trials = Trials(run, sensors)
            return await read_through(trials, plan.copies(1)[0], plan.for_s, reached=reached)


def _run_plan(plan: BenchPlan, profile: Profile | None = None) -> Plan:
    return Plan(
        profile=profile or plan.profile,
        sources=plan.copies(plan.streams),
        mqtt_url=None,
        jsonl=None,
        console=None,
        for_s=None,
    )


def _pictures_hz(spec: SourceSpec) -> float | None:
    """Return how many pictures a second a file has; None where it does not say so. It blocks."""
    if spec.kind != "file" or spec.scheme != "file":
        return None
    try:
        with av.open(spec.url) as container:
            rate = container.streams.video[0].average_rate
    except (av.FFmpegError, IndexError):
        return None
    return None if rate is None else float(rate)
