"""One run: engines, sinks and sources opened in order, accounted for, and closed in reverse."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console

from engines.config import PerceptionConfig
from engines.errors import SubfaceError
from engines.models.store import ModelStore
from engines.perception.identity.descriptor import Descriptor
from engines.perception.identity.enrolment import enrol
from engines.perception.keypoints.network import KeypointNetwork
from engines.perception.networks import PerceptionNetworks, open_networks
from engines.spec.reading import ModelCard, PolicyNote
from engines.spec.timegrid import TimeGrid
from stream import policy
from stream.annotate.video import AnnotatedVideo, annotated_paths
from stream.clock import Clock
from stream.compose import Composer
from stream.config import Profile
from stream.console import ConsoleView
from stream.meter import EngineMeter
from stream.pipeline import Shared, run_source
from stream.publish.jsonl import JsonlWriter
from stream.publish.mqtt import MqttPublisher
from stream.publish.publisher import Publisher, Sink
from stream.records import Session, SourceNote, Summary
from stream.second_thread import SecondThread
from stream.source.spec import SourceSpec
from stream.stop import Stop
from stream.supervisor import Outcome, supervise
from stream.worker import Worker

logger = logging.getLogger(__name__)

MB = 2**20
INTERRUPTED = 130
PATIENCE_S = 30.0  # for a broker that is slow or away when the sources have ended
LAST_CHANCE_S = 1.0  # for it when we were asked to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        profile: Its configuration.
        sources: What to read.
        mqtt_url: The broker, resolved; None for none.
        jsonl: Where to write every record; None for nowhere; ``-`` is stdout.
        console: Where to show readings; None for nowhere.
        for_s: Stop after so long; None for never.
        annotated: Where the annotated video goes; None for nowhere.
    """

    profile: Profile
    sources: Sequence[SourceSpec]
    mqtt_url: str | None
    jsonl: Path | None
    console: Console | None
    for_s: float | None
    annotated: Path | None = None


async def run_session(plan: Plan, store: ModelStore) -> int:
    """Run all sources of a plan to their ends and return the exit code.

    Raises:
        SubfaceError: If the run cannot begin: a model is missing, the enrolment picture shows no
            face, the broker is not there.
    """
    note = policy.check(plan.profile.policy, plan.sources, plan.mqtt_url or "off")
    clock, stop = Clock(), Stop()
    meter = EngineMeter(plan.profile.perception.runtime)
    networks = _networks(plan.profile.perception, store, meter)
    enrolled = _enrolled(plan.profile, networks)
    perception: Worker[PerceptionNetworks] = Worker("perception", lambda: networks)
    card = _card(plan.profile, store, networks.keypoints)
    async with (
        _videos(plan) as videos,
        _sinks(plan, clock) as sinks,
        perception,
        _signals(stop),
    ):
        started_cpu_s = time.process_time()
        publisher = Publisher([*sinks, *videos.values()], clock)
        session = _session(plan, clock, note, card)
        await publisher.put(session)
        shared = Shared(
            profile=plan.profile,
            perception=perception,
            enrolled=enrolled,
            composer=Composer(
                grid=TimeGrid(plan.profile.reading.grid_hz),
                min_s=plan.profile.reading.surface_min_s,
                model=card,
                policy=note,
            ),
            publisher=publisher,
            clock=clock,
            stop=stop,
            videos=videos,
        )
        outcomes = await _watched(plan, shared)
        # In = out + drops is told by the summary, so everything is delivered or given up before it.
        await stop.cuts_short(publisher.settle(PATIENCE_S))
        await publisher.settle(LAST_CHANCE_S)
        cpu_s = time.process_time() - started_cpu_s
        summary = _summary(
            session.id, outcomes, publisher=publisher, meter=meter, clock=clock, cpu_s=cpu_s
        )
        await publisher.put(summary)
    return _exit_code(outcomes, stop)


async def _watched(plan: Plan, shared: Shared) -> list[Outcome]:
    """Supervise the sources, for no longer than the plan allows."""
    loop = asyncio.get_running_loop()
    timer = None if plan.for_s is None else loop.call_later(plan.for_s, shared.stop.request)
    try:
        return await supervise(
            plan.sources,
            lambda spec, tally: run_source(spec, shared, tally),
            stop=shared.stop,
            monotonic_s=shared.clock.monotonic_s,
        )
    finally:
        if timer is not None:
            timer.cancel()


@asynccontextmanager
async def _sinks(plan: Plan, clock: Clock) -> AsyncIterator[list[Sink]]:
    """Open every sink: a file that cannot be written is found before the broker is bothered."""
    async with AsyncExitStack() as stack:
        sinks: list[Sink] = []
        if plan.jsonl is not None:
            sinks.append(await stack.enter_async_context(JsonlWriter(plan.jsonl)))
        if plan.mqtt_url is not None:
            mqtt = MqttPublisher(
                plan.mqtt_url, config=plan.profile.mqtt, site=plan.profile.site, clock=clock
            )
            sinks.append(await stack.enter_async_context(mqtt))
        if plan.console is not None:
            sinks.append(ConsoleView(plan.console))
        yield sinks


@asynccontextmanager
async def _videos(plan: Plan) -> AsyncIterator[dict[str, AnnotatedVideo]]:
    """Open the annotated video of each source, by its name."""
    async with AsyncExitStack() as stack:
        videos: dict[str, AnnotatedVideo] = {}
        if plan.annotated is not None:
            paths = annotated_paths(plan.annotated, [spec.name for spec in plan.sources])
            for spec in plan.sources:
                video = AnnotatedVideo(paths[spec.name], source=spec.name, live=spec.kind == "live")
                videos[spec.name] = await stack.enter_async_context(video)
        yield videos


@asynccontextmanager
async def _signals(stop: Stop) -> AsyncIterator[None]:
    """Make SIGINT and SIGTERM a request to end; a second one cancels."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def interrupt() -> None:
        if stop.interrupted and main is not None:
            main.cancel()
        stop.request(interrupted=True)

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _networks(
    config: PerceptionConfig, store: ModelStore, meter: EngineMeter
) -> PerceptionNetworks:
    """Open the networks, and the thread in which half of them run; they are closed together."""
    if not config.runtime.beside:
        return open_networks(config, store, meter.open)
    second = SecondThread()
    networks = open_networks(config, store, meter.open, second)
    networks.engines.callback(second.close)
    return networks


def _enrolled(profile: Profile, networks: PerceptionNetworks) -> Descriptor | None:
    """Look at the enrolment picture, if there is one, before anything is opened or published."""
    picture = profile.reading.enrol
    if picture is None:
        return None
    try:
        return enrol(picture, networks, profile.perception)
    except SubfaceError:
        networks.engines.close()
        raise


def _card(profile: Profile, store: ModelStore, keypoints: KeypointNetwork | None) -> ModelCard:
    name = profile.perception.expression.model
    return ModelCard(
        name=name,
        digest=store.digest(name),
        keypoints=None if keypoints is None else keypoints.name,
        grid_hz=profile.reading.grid_hz,
    )


def _session(plan: Plan, clock: Clock, note: PolicyNote, card: ModelCard) -> Session:
    return Session(
        id=clock.new_id(),
        site=plan.profile.site,
        program=f"subface {version('subface')}",
        profile=plan.profile.name,
        started=clock.now(),
        sources=tuple(
            SourceNote(name=spec.name, address=spec.address, live=spec.kind == "live")
            for spec in plan.sources
        ),
        models=(card,),
        policy=note,
    )


def _summary(
    session: str,
    outcomes: list[Outcome],
    *,
    publisher: Publisher,
    meter: EngineMeter,
    clock: Clock,
    cpu_s: float,
) -> Summary:
    memory = psutil.Process().memory_info()
    return Summary(
        id=clock.new_id(),
        session=session,
        ended=clock.now(),
        sources=tuple(outcome.summary for outcome in outcomes),
        deliveries=publisher.counts,
        cpu_s=round(cpu_s, 3),
        engine_s=_rounded(meter.seconds),
        engine_cpu_s=None if meter.cpu_s is None else _rounded(meter.cpu_s),
        peak_memory_mb=round(memory.rss / MB, 1),
    )


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(spent, 3) for name, spent in sorted(seconds.items())}


def _exit_code(outcomes: list[Outcome], stop: Stop) -> int:
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for error in errors:
        logger.error("%s", error)
    if errors:
        return errors[0].exit_code
    return INTERRUPTED if stop.interrupted else 0
