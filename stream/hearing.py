"""What was said in one source, between those who listen and those who look.

An utterance comes from the listener without a speaker. Here it is held against the mouths that were
seen, told to the outside, and kept as evidence; and who spoke for how long goes back to the rule
that chooses who is watched.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from engines.spec.frame import SOUND_RATE_HZ, Gap, Sound
from engines.spec.observation import Scene
from engines.spec.transcript import TextEvidence, Utterance
from stream.announcer import Announcer
from stream.channel import OVERFLOW
from stream.lockstep import Lockstep
from stream.records import EdgeCount
from stream.spoken import Spoken
from stream.tally import Tally
from stream.text_evidence import TextMemory
from stream.transcript.heard import Heard
from stream.transcript.lag import PolicyChange
from stream.transcript.listener import Listened
from stream.transcript.speaker import SpeakerRule

MOUTHS_AFTER_S = 0.3
"""A mouth is seen to close after the word, and sound may come earlier than its picture."""


class Hearing:
    """Where the ears and the eyes of one source meet.

    Args:
        announcer: Tells what was said, and how listening goes.
        speakers: Tells who says an utterance.
        memory: The words that are evidence; None if none are.
        lockstep: Makes ears and eyes wait for one another; None where nobody waits.
        tally: The account of the source.
        script: What is said where it is given and not heard: final utterances as they were known.

    Attributes:
        announcer: As above.
    """

    def __init__(
        self,
        *,
        announcer: Announcer,
        speakers: SpeakerRule,
        memory: TextMemory | None,
        lockstep: Lockstep | None,
        tally: Tally,
        script: Sequence[Utterance] = (),
    ) -> None:
        self.announcer = announcer
        self._speakers = speakers
        self._memory = memory
        self._lockstep = lockstep
        self._tally = tally
        self._script = deque(script)
        self._spoken: deque[Spoken] = deque()
        self._dropped = 0
        self._end_s: float | None = None

    # -- asked by those who look ----------------------------------------------------------------

    async def look(self, time_s: float) -> tuple[Spoken, ...]:
        """Return who spoke since the last frame, as known at the media time of this one."""
        if self._lockstep is not None:
            await self._lockstep.seeing(time_s)
        while self._script and self._script[0].available_s <= time_s:
            await self._recite(self._script.popleft())
        due = []
        while self._spoken and self._spoken[0].available_s <= time_s:
            due.append(self._spoken.popleft())
        return tuple(due)

    async def miss(self) -> None:
        """Go on without a scene: its frame was lost."""
        if self._lockstep is not None:
            await self._lockstep.seen()

    async def see(self, scene: Scene, watched: tuple[str, ...]) -> None:
        """Remember the mouths of a scene."""
        self._speakers.see(scene, watched)
        if self._lockstep is not None:
            await self._lockstep.seen()

    def text(self, person_id: str | None, time_s: float) -> TextEvidence | None:
        """Return what a person's newest words were, as known at a media time."""
        return None if self._memory is None else self._memory.as_of(person_id, time_s)

    # -- told by those who listen ---------------------------------------------------------------

    async def take(self, sounds: Sequence[Sound], edge: EdgeCount) -> None:
        """Say that these packets are heard next, and how many were dropped on their way here."""
        await self.announcer.heard_sound()
        dropped = edge.drops.get(OVERFLOW, 0)
        if dropped > self._dropped and self._end_s is not None:
            await self.announcer.overrun(sounds[0], self._end_s)
        self._dropped = dropped
        newest = sounds[-1]
        self._end_s = newest.time_s + len(newest.samples) / SOUND_RATE_HZ

    async def tell(self, item: Listened) -> None:
        """Publish what the listener says; a final utterance with its speaker, and as evidence."""
        match item:
            case Gap():
                self._tally.gaps += 1
                await self.announcer.gap(item)
            case PolicyChange():
                await self.announcer.policy(item)
            case Heard(utterance=utterance):
                if utterance.final:
                    utterance = await self._attributed(item)
                    await self._remember(utterance)
                await self.announcer.said(utterance)

    async def heard(self, packets: int, until_s: float | None) -> None:
        """Say that packets are done with, and until when everything was heard and told."""
        if self._lockstep is not None:
            await self._lockstep.heard(packets, until_s)

    async def _attributed(self, heard: Heard) -> Utterance:
        utterance = heard.utterance
        if heard.sound is None:
            return utterance
        if self._lockstep is not None:
            await self._lockstep.hearing(utterance.end_s + MOUTHS_AFTER_S)
        who = self._speakers.speaker(utterance, heard.sound, heard.sound_s)
        return replace(utterance, speaker=who.speaker, person_id=who.person_id)

    async def _recite(self, utterance: Utterance) -> None:
        """Tell what was given, and keep it as evidence unless somebody else said it."""
        self._tally.utterance(utterance)
        if self._memory is not None and utterance.speaker != "other":
            await self._memory.add(utterance)
        await self.announcer.said(utterance)

    async def _remember(self, utterance: Utterance) -> None:
        self._tally.utterance(utterance)
        if utterance.person_id is not None:
            self._spoken.append(
                Spoken(
                    person_id=utterance.person_id,
                    seconds=utterance.end_s - utterance.start_s,
                    available_s=utterance.available_s,
                )
            )
        if self._memory is not None:
            await self._memory.add(utterance)
