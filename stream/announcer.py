"""What one source's listening says to the outside: transcripts, gaps of sound, its state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engines.spec.frame import Gap, Sound
from engines.spec.transcript import Utterance
from stream.clock import Clock
from stream.health_news import telling_health
from stream.publish.publisher import Publisher
from stream.records import State, Status
from stream.source_records import gap_record, transcript_record
from stream.succession import Health
from stream.transcript.lag import PolicyChange
from stream.transcript.speech_process import SpeechProcess


class Announcer:
    """Makes the records of one source's listening and publishes them.

    Args:
        source: The name of the source.
        publisher: Where they go.
        clock: For ids and times.
    """

    def __init__(self, source: str, publisher: Publisher, clock: Clock) -> None:
        self._source = source
        self._publisher = publisher
        self._clock = clock
        self._state: State | None = None

    @asynccontextmanager
    async def listening_to(self, ears: SpeechProcess) -> AsyncIterator[None]:
        """Say how listening begins and ends, and meanwhile how the recogniser is."""
        await self._say("waiting")
        async with telling_health(ears.watched, self._tell, name=f"{self._source} speech health"):
            yield
        await self._say("absent" if self._state == "waiting" else "ended")

    async def heard_sound(self) -> None:
        """Say that there is sound, if that is news."""
        if self._state == "waiting":
            await self._say("ok")

    async def policy(self, change: PolicyChange) -> None:
        """Say that words are believed in another way from now on, and why."""
        await self._say("ok", f"{change.policy}: {change.reason}")

    async def gap(self, gap: Gap) -> None:
        """Say that sound is missing."""
        await self._publisher.put(gap_record(gap, self._clock))

    async def overrun(self, sound: Sound, since_s: float) -> None:
        """Say that the sound from a media time until this packet was dropped unheard."""
        await self.gap(
            Gap(
                source=self._source,
                epoch=sound.epoch,
                medium="audio",
                reason="overrun",
                start_s=since_s,
                end_s=sound.time_s,
                lost_s=max(sound.time_s - since_s, 0.0),
            )
        )

    async def said(self, utterance: Utterance) -> None:
        """Say what was said, as far as it is known."""
        await self._publisher.put(transcript_record(utterance, self._clock))

    async def _tell(self, health: Health) -> None:
        await self._say(health.state, health.detail)

    async def _say(self, state: State, detail: str | None = None) -> None:
        self._state = state
        status = Status(
            source=self._source, role="speech", state=state, detail=detail, since=self._clock.now()
        )
        await self._publisher.put(status)
