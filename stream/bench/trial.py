"""One trial: the pipeline of a run, its engines open, on copies of a source for a while."""

import asyncio
import os
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stream.account import Meters
from stream.bench.footprint import EVERY_S, FootprintMeter
from stream.bench.item import Item
from stream.bench.report import EngineTimes, Pace, StageTimes, Trial
from stream.bench.sensors import Sensors
from stream.bench.spread import Spread, spread_of
from stream.bench.watch import SOURCE, Call, Watch, WatchedEyes, WatchedPublisher, WatchedWorker
from stream.channel import Overflow
from stream.config import Profile
from stream.errors import BenchmarkStoppedError
from stream.pipeline import Shared, run_source
from stream.publish.jsonl import JsonlWriter
from stream.publish.publisher import Publisher, Sink
from stream.records import EdgeCount
from stream.session import Opened
from stream.source.spec import SourceSpec
from stream.stop import Stop
from stream.supervisor import Outcome, supervise
from stream.tally import Tally

SETTLE_S: Final = 1.0
Reached = Callable[[float], None]
"""Takes how many seconds of the trial are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a trial lasts.

    Attributes:
        for_s: So long at most.
        items: Until there were so many readings; None for no such bound.
        once: Until the source ends, which else begins again.
    """

    for_s: float
    items: int | None = None
    once: bool = False

    def over(self, passed_s: float, items: int) -> bool:
        """Return whether it is over, after so long and so many readings."""
        return passed_s >= self.for_s or (self.items is not None and items >= self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasted:
    """How long a trial lasted.

    Attributes:
        pace: How files were read.
        wall_s: Until the end was asked for, or came.
        ended_s: Until what was on its way was finished, too.
    """

    pace: Pace
    wall_s: float
    ended_s: float


class Trials:
    """Runs trials, one after the other, with the engines of one run.

    Args:
        run: Everything opened.
        sensors: What tells of power and heat.
    """

    def __init__(self, run: Opened, sensors: Sensors) -> None:
        self._run = run
        self._sensors = sensors

    async def run(
        self,
        specs: Sequence[SourceSpec],
        bounds: Bounds,
        *,
        pace: Pace = "realtime",
        watch: Watch | None = None,
        without: Sequence[int] = (),
        sinks: Sequence[Sink] = (),
        reached: Reached = lambda _s: None,
    ) -> Trial:
        """Run sources side by side; a file that ends before the trial does begins again.

        In real time a full channel drops the oldest, of a file too: it stands for a camera. Records
        are written as JSON lines to nowhere.

        Args:
            specs: Each with a name of its own.
            bounds: How long.
            pace: ``fast`` for as fast as they can be read, every frame.
            watch: What follows the readings; by default one is made.
            without: Processes that are not the pipeline's.
            sinks: Take what is published.
            reached: Told how far it is.

        Raises:
            BenchmarkStoppedError: If it was interrupted.
            SubfaceError: If a source failed.
        """
        watch = watch or Watch(self._run.shared.clock)
        meter = FootprintMeter(self._sensors, without=without)
        stop, interrupt = Stop(), self._run.shared.stop
        async with JsonlWriter(Path(os.devnull), option="bench") as nowhere:
            publisher = WatchedPublisher([nowhere, *sinks], watch)
            shared = self._shared(publisher, watch, stop, pace)
            _clear(self._run.meters)
            meter.sample()
            started_s = time.monotonic()
            asked_s: list[float] = []

            def tick() -> None:
                meter.sample()
                passed_s = time.monotonic() - started_s
                reached(passed_s)
                if bounds.over(passed_s, len(watch.items)) or interrupt.requested:
                    asked_s.append(passed_s)
                    stop.request()

            outcomes = await _watched_over(_supervised(specs, shared, once=bounds.once), tick)
            ended_s = time.monotonic() - started_s
            await publisher.settle(SETTLE_S)
            meter.sample()
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        if interrupt.requested:
            msg = "the bench was stopped before it was over: nothing was written"
            raise BenchmarkStoppedError(msg)
        # what was on its way is finished after the end was asked for: that is no rate of anything
        lasted = Lasted(pace=pace, wall_s=asked_s[0] if asked_s else ended_s, ended_s=ended_s)
        return _trial(outcomes, watch, meter, self._run.meters, lasted)

    def _shared(self, publisher: Publisher, watch: Watch, stop: Stop, pace: Pace) -> Shared:
        """Return what the sources have in common: that of the run, seen through the watch."""
        shared = self._run.shared
        network = shared.network
        return replace(
            shared,
            profile=_paced(shared.profile, pace),
            eyes=WatchedEyes(shared.eyes, watch),
            network=(
                None
                if network is None
                else replace(network, worker=WatchedWorker(network.worker, watch.steps, watch))
            ),
            publisher=publisher,
            stop=stop,
            overload=None if pace == "fast" else Overflow.DROP_OLDEST,
        )


async def _watched_over(work: Awaitable[list[Outcome]], tick: Callable[[], None]) -> list[Outcome]:
    """Await the work, and do something small every quarter of a second meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=EVERY_S)
            if not task.done():
                tick()
        return task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})


async def _supervised(specs: Sequence[SourceSpec], shared: Shared, *, once: bool) -> list[Outcome]:
    async def run(spec: SourceSpec, tally: Tally) -> None:
        SOURCE.set(spec.name)
        await run_source(spec, shared, tally)
        while spec.kind == "file" and not once and not shared.stop.requested:
            await run_source(spec, shared, tally)

    return await supervise(specs, run, stop=shared.stop, monotonic_s=shared.clock.monotonic_s)


def _paced(profile: Profile, pace: Pace) -> Profile:
    return profile.model_copy(update={"source": profile.source.model_copy(update={"pace": pace})})


def _clear(meters: Meters) -> None:
    meters.engines.clear()
    if meters.ears is not None:
        meters.ears.meter.clear()


def _trial(
    outcomes: Sequence[Outcome],
    watch: Watch,
    meter: FootprintMeter,
    meters: Meters,
    lasted: Lasted,
) -> Trial:
    wall_s = lasted.wall_s
    summaries = [outcome.summary for outcome in outcomes]
    frames = sum(summary.frames_analysed for summary in summaries)
    readings = sum(summary.readings for summary in summaries)
    items = tuple(watch.items)
    return Trial(
        streams=len(summaries),
        pace=lasted.pace,
        wall_s=round(wall_s, 3),
        frames_decoded=sum(summary.frames_decoded for summary in summaries),
        frames_analysed=frames,
        frames_hz=round(frames / wall_s, 3),
        least_frames_hz=round(min(s.frames_analysed for s in summaries) / wall_s, 3),
        readings=readings,
        worst_p95_ms=_worst_p95_ms([summary.source for summary in summaries], items),
        total_ms=spread_of([item.total_ms for item in items]),
        queue_ms=spread_of([item.queue_ms for item in items]),
        compute_ms=spread_of([item.compute_ms for item in items]),
        age_ms=spread_of([item.age_ms for item in items if item.age_ms is not None]),
        engines=_engines(meters, wall_s),
        stages=_stages(watch, meters),
        edges=_merged([edge for summary in summaries for edge in summary.edges]),
        items=items,
        footprint=meter.footprint(wall_s=lasted.ended_s, frames=frames, readings=readings),
    )


def _worst_p95_ms(sources: Sequence[str], items: Sequence[Item]) -> float | None:
    """Return the p95 of the stream with the latest readings; None if one has none at all."""
    spreads = [spread_of([i.total_ms for i in items if i.source == name]) for name in sources]
    known = [spread.p95 for spread in spreads if spread is not None]
    return max(known) if len(known) == len(spreads) else None


def _engines(meters: Meters, wall_s: float) -> tuple[EngineTimes, ...]:
    eyes, ears = meters.engines, meters.ears
    told: list[EngineTimes] = []
    for prefix, meter in (("", eyes), *((("speech ", ears.meter),) if ears is not None else ())):
        for name in sorted(meter.calls):
            spread, calls = spread_of(meter.run_ms[name].samples), meter.calls[name]
            if spread is None:
                continue
            cpu_s = None if meter.cpu_s is None else meter.cpu_s[name]
            told.append(
                EngineTimes(
                    engine=prefix + name,
                    calls=calls,
                    calls_hz=round(calls / wall_s, 3),
                    ms=spread,
                    cpu_ms_a_call=None if cpu_s is None else round(1000 * cpu_s / calls, 4),
                )
            )
    return tuple(told)


def _stages(watch: Watch, meters: Meters) -> tuple[StageTimes, ...]:
    told = [_stage("perceive", *_waits(watch.looks)), _stage("network", *_waits(watch.steps))]
    heard = None if meters.ears is None else meters.ears.meter
    if heard is not None:
        for name in sorted(heard.calls):
            waited, ran = heard.wait_ms[name].samples, heard.run_ms[name].samples
            told.append(_stage(f"speech {name}", waited, ran))
    return tuple(stage for stage in told if stage is not None)


def _waits(calls: deque[Call]) -> tuple[list[float], list[float]]:
    return [call.queue_ms for call in calls], [call.compute_ms for call in calls]


def _stage(name: str, queue: Sequence[float], compute: Sequence[float]) -> StageTimes | None:
    total = [waited + ran for waited, ran in zip(queue, compute, strict=True)]
    spreads: Mapping[str, Spread | None] = {
        "queue_ms": spread_of(queue),
        "compute_ms": spread_of(compute),
        "total_ms": spread_of(total),
    }
    known = {key: spread for key, spread in spreads.items() if spread is not None}
    return StageTimes(stage=name, **known) if known else None


def _merged(edges: Sequence[EdgeCount]) -> tuple[EdgeCount, ...]:
    """Return one account for each edge, over all streams."""
    names = dict.fromkeys(edge.edge for edge in edges)
    merged = []
    for name in names:
        of_name = [edge for edge in edges if edge.edge == name]
        drops: Counter[str] = Counter()
        for edge in of_name:
            drops.update(edge.drops)
        merged.append(
            EdgeCount(
                edge=name,
                received=sum(edge.received for edge in of_name),
                delivered=sum(edge.delivered for edge in of_name),
                drops=dict(drops),
            )
        )
    return tuple(merged)
