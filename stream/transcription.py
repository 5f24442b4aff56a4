"""One source that is only listened to: its sound in, what is said in it out.

The pictures are not decoded, nobody is looked for, and who speaks is not told: that takes eyes.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from engines.spec.frame import SOUND_RATE_HZ, Gap, Sound
from stream.channel import Channel, Overflow
from stream.clock import Clock
from stream.config import Profile
from stream.errors import EarsLostError
from stream.publish.publisher import Publisher
from stream.records import State, Status
from stream.source.media import media
from stream.source.spec import SourceSpec, SourceState
from stream.source_records import gap_record, status_record, transcript_record
from stream.stop import Stop
from stream.tally import Tally
from stream.transcript.heard import Heard
from stream.transcript.lag import PolicyChange
from stream.transcript.listener import Listened, Listener, Pacing
from stream.transcript.speech_process import SpeechProcess

SOUNDS_HELD = 1500  # 30 s of 20 ms packets
SOUNDS_HELD_OF_A_FILE = 50  # it waits; what is held when a stop is asked for is still to be heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """What it takes to listen to a source.

    Attributes:
        profile: How it is read and heard.
        ears: What hears.
        publisher: Where the records go.
        clock: For their ids and times.
        stop: The request to end.
        reached: Told the media time up to which everything was heard and said.
    """

    profile: Profile
    ears: SpeechProcess
    publisher: Publisher
    clock: Clock
    stop: Stop
    reached: Callable[[float], None]

    async def run(self, spec: SourceSpec, tally: Tally) -> None:
        """Listen to a source to its end, or until the stop.

        Args:
            spec: Which source.
            tally: The account that this run of the source adds to.

        Raises:
            ExceptionGroup: With the errors of what failed.
        """
        held = SOUNDS_HELD if spec.kind == "live" else SOUNDS_HELD_OF_A_FILE
        sounds: Channel[Sound] = Channel("decode -> listen", held, Overflow.WAIT)
        tally.watch(sounds)
        listener = Listener(
            spec.name, self.profile.speech, self.ears, pacing=pacing_of(spec, self.profile)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pull(spec, sounds, tally), name=f"{spec.name} pull")
                tasks.create_task(
                    self._listen(spec.name, listener, sounds, tally), name=f"{spec.name} listen"
                )
        finally:
            sounds.abandon()

    async def _pull(self, spec: SourceSpec, sounds: Channel[Sound], tally: Tally) -> None:
        async with sounds:
            await self.stop.cuts_short(self._share_out(spec, sounds, tally))

    async def _share_out(self, spec: SourceSpec, sounds: Channel[Sound], tally: Tally) -> None:
        async with aclosing(media(spec, self.profile.source, pictures=False)) as items:
            async for item in items:
                match item:
                    case Sound():
                        tally.sound(item, SOUND_RATE_HZ)
                        await sounds.send(item)
                    case Gap():
                        await self._say(spec.name, item, tally)
                    case SourceState(role="audio"):
                        await self.publisher.put(status_record(item, self.clock))

    async def _listen(
        self, source: str, listener: Listener, sounds: Channel[Sound], tally: Tally
    ) -> None:
        health = self.ears.health
        while waiting := await sounds.take():
            async for item in listener.hear(waiting):
                await self._say(source, item, tally)
            if health is not self.ears.health:
                health = self.ears.health
                await self._tell(source, health.state, health.detail)
                if health.state == "failed":
                    msg = f"{source}: {health.detail}"
                    raise EarsLostError(msg)
            if listener.heard_until_s is not None:
                self.reached(listener.heard_until_s)
        async for item in listener.finish():
            await self._say(source, item, tally)
        await self._tell(source, "ended", None)

    async def _say(self, source: str, item: Listened, tally: Tally) -> None:
        match item:
            case Heard(utterance=utterance):
                await self.publisher.put(transcript_record(utterance, self.clock))
            case Gap():
                tally.gaps += 1
                await self.publisher.put(gap_record(item, self.clock))
            case PolicyChange():
                await self._tell(source, "ok", f"{item.policy}: {item.reason}")

    async def _tell(self, source: str, state: State, detail: str | None) -> None:
        since = self.clock.now()
        status = Status(source=source, role="speech", state=state, detail=detail, since=since)
        await self.publisher.put(status)


def pacing_of(spec: SourceSpec, profile: Profile) -> Pacing:
    """Return how the sound of a source comes."""
    if spec.kind == "live":
        return "live"
    return "fast" if profile.source.pace == "fast" else "paced"
