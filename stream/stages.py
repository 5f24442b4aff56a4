"""The stages of one source: plain async functions between channels.

A stage closes its sink only when it ends well. One that fails leaves it open, and the task group
cancels the others: a failure can never look like the end of the stream.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from engines.spec.frame import SOUND_RATE_HZ, Frame, Gap, Sound
from engines.spec.observation import Scene
from stream.annotate.video import AnnotatedVideo
from stream.arrivals import arrivals
from stream.channel import Channel
from stream.clock import Clock
from stream.compose import Composer
from stream.episodes import Episodes
from stream.errors import EyesLostError
from stream.following import Following
from stream.hearing import Hearing
from stream.publish.publisher import Publisher, Stamps
from stream.records import State, Status
from stream.sight.eyes import Eyes
from stream.source.spec import Item, SourceState
from stream.source_records import gap_record, status_record
from stream.spoken import Spoken
from stream.subject import SubjectRule
from stream.tally import Tally
from stream.transcript.listeners import Listeners
from stream.windows import Hop, WindowCutter

EYES_LOST: Final = "perception_lost"
"""Why a frame was dropped that the perception process died over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceived:
    """A scene, the monotonic time at which it had been perceived, and who had spoken since."""

    scene: Scene
    perceived_s: float
    spoken: tuple[Spoken, ...] = ()
    """What was said by whom, as known when the scene was seen."""


async def pull(
    items: AsyncIterator[Item],
    frames: Channel[Frame],
    sounds: Channel[Sound],
    *,
    publisher: Publisher,
    clock: Clock,
    tally: Tally,
    video: AnnotatedVideo | None = None,
) -> None:
    """Share out what a source yields: frames and sound onward, gaps and states to the outside."""
    async for item in items:
        match item:
            case Frame():
                tally.frame(item)
                await frames.send(item)
            case Sound():
                tally.sound(item, SOUND_RATE_HZ)
                await sounds.send(item)
                if video is not None:
                    await video.sound(item)
            case Gap():
                tally.gaps += 1
                await publisher.put(gap_record(item, clock))
            case SourceState():
                await publisher.put(status_record(item, clock))


async def listen(
    sounds: Channel[Sound], *, listeners: Listeners, hearing: Hearing, patience_s: float | None
) -> None:
    """Find the words in the sound, and tell them; ``patience_s`` as in ``arrivals``."""
    async for arrived in arrivals(sounds, patience_s):
        if arrived:
            await hearing.take(arrived, sounds.count)
        async for item in listeners.hear(arrived) if arrived else listeners.finish():
            await hearing.tell(item)
        await hearing.heard(len(arrived), listeners.heard_until_s)
    async for item in listeners.finish():
        await hearing.tell(item)


async def ignore(sounds: Channel[Sound]) -> None:
    """Take the sound off its channel, where nobody listens."""
    async for _ in sounds:
        pass


async def perceive(
    frames: Channel[Frame],
    scenes: Channel[Perceived],
    *,
    eyes: Eyes,
    subject: SubjectRule,
    everyone: bool,
    hearing: Hearing,
    clock: Clock,
    tally: Tally,
    video: AnnotatedVideo | None = None,
) -> None:
    """Find the people in every frame, with eyes that all sources share.

    A frame that the eyes died over is lost, and counted; the next one finds them again.

    Only the bodies of those who are watched are looked for: the rule is asked here, frame by frame,
    and not later in the pipeline, so that a file gives the same however fast it is read.
    """
    async with scenes:
        unsaid: tuple[Spoken, ...] = ()
        async for frame in frames:
            spoken = await hearing.look(frame.time_s)
            for turn in spoken:
                subject.hear(turn.person_id, turn.seconds)
            watched = subject.watched()
            try:
                look = await eyes.look(frame, None if everyone else watched)
            except EyesLostError:
                frames.lose(EYES_LOST)
                unsaid += spoken
                await hearing.miss()
                continue
            scene, spoken, unsaid = look.scene, unsaid + spoken, ()
            subject.see(scene)
            tally.analysed += 1
            perceived_s = clock.monotonic_s()
            await scenes.send(Perceived(scene=scene, perceived_s=perceived_s, spoken=spoken))
            await hearing.see(scene, subject.watched())
            if video is not None:
                await video.frame(frame, scene)


async def gather(
    scenes: Channel[Perceived],
    hops: Channel[Hop],
    *,
    cutter: WindowCutter,
    following: Following,
    episodes: Episodes,
    publisher: Publisher,
) -> None:
    """Lay scenes on the time grid, step the network, and cut a window per person at every hop."""
    async with hops:
        async for perceived in scenes:
            await following.take(perceived.scene, perceived.spoken)
            hop = cutter.add(perceived.scene, perceived.perceived_s, perceived.spoken)
            if hop is not None:
                await _pass_on(await following.read(hop), hops, episodes, publisher)
        await following.finish()
        last = cutter.finish()
        if last is not None:
            await _pass_on(await following.read(last), hops, episodes, publisher)


async def read(
    hops: Channel[Hop],
    *,
    source: str,
    composer: Composer,
    publisher: Publisher,
    clock: Clock,
    tally: Tally,
) -> None:
    """Compose and publish one reading for each window, and say that this works."""
    state: State = "waiting"
    await publisher.put(_reading_status(source, state, clock))
    async for hop in hops:
        for window in hop.windows:
            reading = composer.reading(
                window,
                hop.answers.get(window.person_id or ""),
                reading_id=clock.new_id(),
                seq=tally.readings,
            )
            stamps = Stamps(
                captured_at=window.captured_at,
                arrived_s=window.arrived_s,
                perceived_s=window.perceived_s,
                computed_s=clock.monotonic_s(),
                face_age_s=(
                    None if window.face_newest_s is None else window.newest_s - window.face_newest_s
                ),
            )
            stamped = await publisher.put_reading(reading, stamps)
            tally.readings += 1
            tally.with_surface += stamped.surface is not None
            tally.with_fused += stamped.fused is not None
            tally.total_ms.add(stamped.latency_ms.total)
        if state != "ok":
            state = "ok"
            await publisher.put(_reading_status(source, state, clock))
    await publisher.put(_reading_status(source, "ended", clock))


async def _pass_on(hop: Hop, hops: Channel[Hop], episodes: Episodes, publisher: Publisher) -> None:
    for event in episodes.update(hop):
        await publisher.put(event)
    await hops.send(hop)


def _reading_status(source: str, state: State, clock: Clock) -> Status:
    return Status(source=source, role="reading", state=state, detail=None, since=clock.now())
