"""One source that is only listened to: its sound in, what is said in it out.

The pictures are not decoded, nobody is looked for, and who speaks is not told: that takes eyes.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from engines.spec.frame import SOUND_RATE_HZ, Gap, Sound
from stream.announcer import Announcer
from stream.arrivals import arrivals
from stream.channel import Channel, Overflow
from stream.clock import Clock
from stream.config import Profile
from stream.errors import EarsLostError
from stream.listening import channels_of, listeners_of, patience_of
from stream.publish.publisher import Publisher
from stream.source.media import media
from stream.source.spec import SourceSpec, SourceState
from stream.source_records import gap_record, status_record
from stream.stop import Stop
from stream.tally import Tally
from stream.transcript.heard import Heard
from stream.transcript.lag import PolicyChange
from stream.transcript.listener import Listened
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
        held *= channels_of(self.profile)
        sounds: Channel[Sound] = Channel("decode -> listen", held, Overflow.WAIT)
        tally.watch(sounds)
        announcer = Announcer(spec.name, self.publisher, self.clock)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pull(spec, sounds, tally), name=f"{spec.name} pull")
                tasks.create_task(
                    self._listen(spec, announcer, sounds, tally), name=f"{spec.name} listen"
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
                        tally.gaps += 1
                        await self.publisher.put(gap_record(item, self.clock))
                    case SourceState(role="audio"):
                        await self.publisher.put(status_record(item, self.clock))

    async def _listen(
        self, spec: SourceSpec, announcer: Announcer, sounds: Channel[Sound], tally: Tally
    ) -> None:
        listeners = listeners_of(spec, self.profile, self.ears, tally)
        async with announcer.listening_to(self.ears):
            async for arrived in arrivals(sounds, patience_of(spec)):
                if arrived:
                    await announcer.heard_sound()
                async for item in listeners.hear(arrived) if arrived else listeners.finish():
                    await _say(announcer, item, tally)
                if self.ears.health.state == "failed":
                    # who asked for words alone has nothing left to wait for
                    msg = f"{spec.name}: {self.ears.health.detail}"
                    raise EarsLostError(msg)
                if listeners.heard_until_s is not None:
                    self.reached(listeners.heard_until_s)
            async for item in listeners.finish():
                await _say(announcer, item, tally)


async def _say(announcer: Announcer, item: Listened, tally: Tally) -> None:
    match item:
        case Heard(utterance=utterance):
            if utterance.final:
                tally.utterance(utterance)
            await announcer.said(utterance)
        case Gap():
            tally.gaps += 1
            await announcer.gap(item)
        case PolicyChange():
            await announcer.policy(item)
