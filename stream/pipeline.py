"""One source, from its first packet to its last reading: channels, stages, one task group."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

from engines.config import TextConfig
from engines.spec.frame import Frame, Sound
from engines.spec.transcript import Utterance
from stream.annotate.video import AnnotatedVideo
from stream.announcer import Announcer
from stream.channel import Channel, Overflow
from stream.clock import Clock
from stream.compose import Composer
from stream.config import Profile
from stream.episodes import Episodes
from stream.following import Following, OnTicks
from stream.hearing import Hearing
from stream.listening import channels_of, listeners_of, pacing_of, patience_of
from stream.lockstep import Lockstep
from stream.network import OpenNetwork
from stream.publish.publisher import Publisher
from stream.sight.eyes import Eyes
from stream.sight.watching import watching
from stream.source.media import media
from stream.source.spec import SourceSpec
from stream.stages import Perceived, gather, ignore, listen, perceive, pull, read
from stream.stop import Stop
from stream.subject import SubjectRule
from stream.tally import Tally
from stream.text_evidence import Embed, TextMemory
from stream.ticks import Ticks
from stream.transcript.speaker import SpeakerRule
from stream.transcript.speech_process import SpeechProcess
from stream.windows import Hop, WindowCutter

FRAMES_HELD = 2  # more would only be older
SOUNDS_HELD = 1500  # 30 s of 20 ms packets
SCENES_HELD = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all sources of a run have in common."""

    profile: Profile
    eyes: Eyes
    ears: SpeechProcess | None
    """What hears; None if nobody listens."""
    embed: Embed | None
    """Turns words into a vector; None if they are no evidence."""
    composer: Composer
    publisher: Publisher
    clock: Clock
    stop: Stop
    videos: Mapping[str, AnnotatedVideo]
    """The annotated videos, by source."""
    network: OpenNetwork | None = None
    """What fuses; None where nothing does."""
    script: tuple[Utterance, ...] | None = None
    """What was said, where it is given and not heard."""
    on_ticks: OnTicks | None = None
    """Takes what is observed, tick by tick; None if nobody does."""
    frames_held: int = FRAMES_HELD
    """So many pictures of a source may wait; more than few where each counts, not the newest."""
    overload: Overflow | None = None
    """What a full channel does; None: a live source's drops the oldest, a file's waits."""


async def run_source(spec: SourceSpec, shared: Shared, tally: Tally) -> None:
    """Read one source to its end, or until the stop.

    Args:
        spec: Which source.
        shared: Engines, publisher and configuration of the run.
        tally: The account that this run of the source adds to.

    Raises:
        ExceptionGroup: With the errors of the stages that failed.
    """
    # A live source goes on without us, so only the present counts; of a file every frame does.
    by_kind = Overflow.DROP_OLDEST if spec.kind == "live" else Overflow.WAIT
    overload = shared.overload or by_kind
    frames: Channel[Frame] = Channel("decode -> perceive", shared.frames_held, overload)
    sounds_held = SOUNDS_HELD * channels_of(shared.profile)
    sounds: Channel[Sound] = Channel("decode -> listen", sounds_held, overload)
    scenes: Channel[Perceived] = Channel("perceive -> gather", SCENES_HELD, Overflow.WAIT)
    hops: Channel[Hop] = Channel("gather -> read", 1, overload)
    channels = (frames, sounds, scenes, hops)
    tally.watch(*channels)
    publisher, clock, reading = shared.publisher, shared.clock, shared.profile.reading
    hearing = _hearing(spec, shared, tally, frames, sounds)
    still = spec.kind == "picture"
    try:
        async with (
            watching(shared.eyes, spec.name, publisher, clock),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(
                _pull_until_stopped(spec, frames, sounds, shared, tally), name=f"{spec.name} pull"
            )
            tasks.create_task(
                perceive(
                    frames,
                    scenes,
                    eyes=shared.eyes,
                    subject=SubjectRule.of(reading),
                    everyone=reading.subject == "all",
                    hearing=hearing,
                    clock=clock,
                    tally=tally,
                    video=shared.videos.get(spec.name),
                ),
                name=f"{spec.name} perceive",
            )
            tasks.create_task(
                _listen(spec, shared, tally, sounds, hearing),
                name=f"{spec.name} listen",
            )
            tasks.create_task(
                gather(
                    scenes,
                    hops,
                    cutter=WindowCutter(reading, still=still, text=hearing.text),
                    following=Following(
                        spec.name,
                        ticks=Ticks(reading, text=hearing.text),
                        network=shared.network,
                        still=still,
                        on_ticks=shared.on_ticks,
                    ),
                    episodes=Episodes(clock),
                    publisher=publisher,
                ),
                name=f"{spec.name} gather",
            )
            tasks.create_task(
                read(
                    hops,
                    source=spec.name,
                    composer=shared.composer,
                    publisher=publisher,
                    clock=clock,
                    tally=tally,
                ),
                name=f"{spec.name} read",
            )
    finally:
        for channel in channels:
            channel.abandon()


async def _pull_until_stopped(
    spec: SourceSpec,
    frames: Channel[Frame],
    sounds: Channel[Sound],
    shared: Shared,
    tally: Tally,
) -> None:
    async with frames, sounds, aclosing(media(spec, shared.profile.source)) as items:
        await shared.stop.cuts_short(
            pull(
                items,
                frames,
                sounds,
                publisher=shared.publisher,
                clock=shared.clock,
                tally=tally,
                video=shared.videos.get(spec.name),
            )
        )


def _hearing(
    spec: SourceSpec, shared: Shared, tally: Tally, frames: Channel[Frame], sounds: Channel[Sound]
) -> Hearing:
    waits = shared.ears is not None and pacing_of(spec, shared.profile) == "fast"
    lockstep = Lockstep(frames, sounds, delay_s=shared.profile.speech.delay_s) if waits else None
    memory = None if shared.embed is None else TextMemory(_whose(shared), shared.embed)
    return Hearing(
        announcer=Announcer(spec.name, shared.publisher, shared.clock),
        speakers=SpeakerRule(),
        memory=memory,
        lockstep=lockstep,
        tally=tally,
        script=shared.script or (),
    )


def _whose(shared: Shared) -> TextConfig:
    """Return the rule of whose words count; those that are given say themselves whose they are."""
    text = shared.profile.text
    return text if shared.script is None else text.model_copy(update={"speaker": "all"})


async def _listen(
    spec: SourceSpec, shared: Shared, tally: Tally, sounds: Channel[Sound], hearing: Hearing
) -> None:
    if shared.ears is None:
        await ignore(sounds)
        return
    listeners = listeners_of(spec, shared.profile, shared.ears, tally)
    async with hearing.announcer.listening_to(shared.ears):
        await listen(sounds, listeners=listeners, hearing=hearing, patience_s=patience_of(spec))
