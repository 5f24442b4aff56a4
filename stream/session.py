"""One run: engines, outlets and sources opened in order, accounted for, and closed in reverse."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engines.models.store import ModelStore
from engines.spec.reading import ModelCard
from engines.spec.timegrid import TimeGrid
from stream import policy
from stream.account import Meters, session_record, summary_record
from stream.clock import Clock
from stream.compose import Composer
from stream.config import Profile
from stream.listening import has_words, is_heard, models_of, open_ears, open_reader, script_of
from stream.meter import EngineMeter
from stream.network import network_of, open_network
from stream.outlets import open_sinks, open_videos
from stream.pipeline import Shared, run_source
from stream.plan import Plan
from stream.publish.publisher import Publisher
from stream.sight.eyes import Eyes
from stream.sight.opening import eyes_of
from stream.stop import Stop, signals
from stream.supervisor import Outcome, supervise
from stream.transcript.model import speech_card

logger = logging.getLogger(__name__)

INTERRUPTED = 130
PATIENCE_S = 30.0  # for a broker that is slow or away when the sources have ended
LAST_CHANCE_S = 1.0  # for it when we were asked to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a run has once everything is open.

    Attributes:
        shared: What its sources have in common.
        cards: The networks, as its first record names them.
        meters: What its work is measured by.
    """

    shared: Shared
    cards: tuple[ModelCard, ...]
    meters: Meters


async def run_session(plan: Plan, store: ModelStore) -> int:
    """Run all sources of a plan to their ends and return the exit code.

    Raises:
        SubfaceError: As ``opened``.
    """
    async with opened(plan, store) as run:
        outcomes = await _accounted(plan, run)
    return exit_code(outcomes, run.shared.stop)


@asynccontextmanager
async def opened(plan: Plan, store: ModelStore) -> AsyncIterator[Opened]:
    """Open all that the sources of a plan need, and close it in reverse; signals ask for the end.

    Raises:
        SubfaceError: If the run cannot begin: a model is missing, the enrolment picture shows no
            face, the broker is not there.
    """
    profile = plan.profile
    note = policy.check(profile.policy, plan.sources, plan.mqtt_url or "off")
    script = script_of(profile, plan.sources)
    store.require(models_of(profile, plan.sources))  # all that is missing is said at once
    named = network_of(profile, store, words=has_words(profile, plan.sources))
    clock, stop = Clock(), Stop()
    meter = EngineMeter(profile.perception.runtime)
    looks = eyes_of(profile, store, meter)
    hears = open_ears(profile, store, plan.sources)
    reads = open_reader(profile, store, meter, plan.sources)
    fuses = open_network(named, meter)
    async with (
        signals(stop),
        looks as eyes,
        hears as ears,
        reads as embed,
        fuses as network,
    ):
        surface = _card(eyes, profile, store)
        card = surface if named is None else named.card(surface)
        async with open_videos(plan) as videos, open_sinks(plan, clock) as sinks:
            shared = Shared(
                profile=profile,
                eyes=eyes,
                ears=ears,
                embed=embed,
                composer=Composer(
                    grid=TimeGrid(profile.reading.grid_hz),
                    min_s=profile.reading.surface_min_s,
                    text_s=profile.text.seconds,
                    model=card,
                    policy=note,
                    fuses=network is not None,
                ),
                publisher=Publisher([*sinks, *videos.values()], clock),
                clock=clock,
                stop=stop,
                videos=videos,
                network=network,
                script=script,
            )
            meters = Meters(engines=meter, eyes=eyes, ears=ears)
            cards = dict.fromkeys((card, surface, *_speech_cards(plan, store)))
            yield Opened(shared=shared, cards=tuple(cards), meters=meters)


async def _accounted(plan: Plan, run: Opened) -> list[Outcome]:
    """Run the sources between the first record and the last."""
    shared, meters = run.shared, run.meters
    publisher, clock = shared.publisher, shared.clock
    session = session_record(plan, clock, shared.composer.policy, *run.cards)
    meters.start()
    await publisher.put(session)
    outcomes = await _watched(plan, shared)
    # In = out + drops is told by the summary, so everything is delivered or given up before it.
    await shared.stop.cuts_short(publisher.settle(PATIENCE_S))
    await publisher.settle(LAST_CHANCE_S)
    summary = summary_record(
        session.id,
        outcomes,
        publisher=publisher,
        meters=meters,
        clock=clock,
    )
    await publisher.put(summary)
    return outcomes


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


def _card(eyes: Eyes, profile: Profile, store: ModelStore) -> ModelCard:
    name = profile.perception.expression.model
    return ModelCard(
        name=name,
        digest=store.digest(name),
        keypoints=eyes.keypoints,
        grid_hz=profile.reading.grid_hz,
    )


def _speech_cards(plan: Plan, store: ModelStore) -> list[ModelCard]:
    profile = plan.profile
    if not is_heard(profile, plan.sources):
        return []
    return [speech_card(profile.speech, store, grid_hz=profile.reading.grid_hz)]


def exit_code(outcomes: Sequence[Outcome], stop: Stop) -> int:
    """Log what failed and return the exit code of a run."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for error in errors:
        logger.error("%s", error)
    if errors:
        return errors[0].exit_code
    return INTERRUPTED if stop.interrupted else 0
