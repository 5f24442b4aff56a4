"""Where ears and eyes meet: what is told, what is remembered, and when it counts."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from engines.config import TextConfig
from engines.spec.frame import Gap, Sound
from engines.spec.transcript import Utterance, Word
from stream.announcer import Announcer
from stream.channel import Channel, Overflow
from stream.clock import Clock
from stream.hearing import Hearing
from stream.publish.publisher import Publisher
from stream.records import EdgeCount
from stream.succession import Health
from stream.tally import Tally
from stream.text_evidence import TextMemory
from stream.transcript.heard import Heard
from stream.transcript.lag import PolicyChange
from stream.transcript.speaker import Attribution

SECOND = np.zeros(16_000, np.float32)


class Told:
    """A sink that keeps what it is told."""

    def __init__(self):
        self.records = []

    count = EdgeCount(edge="told", received=0, delivered=0, drops={})

    async def put(self, record):
        self.records.append(record)

    async def settle(self, within_s):
        pass


class Mouths:
    """Says of every utterance that it is this person's."""

    def __init__(self, speaker, person_id):
        self._attribution = Attribution(speaker=speaker, person_id=person_id, score=1.0, sureness=1)

    def see(self, scene, watched):
        pass

    def speaker(self, utterance, sound, sound_s):
        return self._attribution


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def hearing(told):
    def make(speaker="subject", person_id="p1"):
        async def embed(words, language):
            return np.full(4, len(words), np.float32)

        return Hearing(
            announcer=Announcer("cam", Publisher([told], Clock()), Clock()),
            speakers=Mouths(speaker, person_id),
            memory=TextMemory(TextConfig(), embed),
            lockstep=None,
            tally=Tally("cam", 0.0),
        )

    return make


def heard(*, final=True):
    word = Word(text="well", start_s=1.0, end_s=2.0, probability=0.9, available_s=3.0)
    utterance = Utterance(
        source="cam",
        epoch=0,
        number=0,
        revision=0,
        final=final,
        start_s=1.0,
        end_s=2.0,
        available_s=3.0,
        language="en",
        speaker="unknown",
        person_id=None,
        words=(word,),
    )
    return Heard(utterance=utterance, sound=SECOND if final else None, sound_s=1.0)


def sound(time_s):
    return Sound(source="cam", epoch=0, time_s=time_s, arrived_s=0.0, samples=SECOND)


async def test_a_final_utterance_is_told_with_its_speaker_and_is_evidence(hearing, told):
    ears = hearing()
    await ears.tell(heard())
    (record,) = told.records
    assert (record.speaker, record.person_id, record.text) == ("subject", "p1", "well")
    assert ears.text("p1", 2.9) is None
    assert ears.text("p1", 3.0).words == 1


async def test_nobody_is_said_to_speak_before_the_utterance_is_final(hearing, told):
    ears = hearing()
    await ears.tell(heard(final=False))
    assert told.records[0].speaker == "unknown"
    assert ears.text("p1", 100.0) is None


async def test_who_spoke_is_told_to_the_eyes_once_and_not_before_it_is_known(hearing):
    ears = hearing(speaker="other", person_id="p2")
    await ears.tell(heard())
    assert await ears.look(2.9) == ()
    (spoken,) = await ears.look(3.0)
    assert (spoken.person_id, spoken.seconds) == ("p2", 1.0)
    assert await ears.look(4.0) == ()


async def test_sound_that_was_dropped_on_its_way_is_a_gap_with_its_reason(hearing, told):
    sounds = Channel("decode -> listen", 1, Overflow.DROP_OLDEST)
    ears = hearing()
    await sounds.send(sound(0.0))
    await ears.take(await sounds.take(), sounds.count)
    for time_s in (1.0, 2.0, 3.0):
        await sounds.send(sound(time_s))
    await ears.take(await sounds.take(), sounds.count)
    gaps = [record for record in told.records if record.kind == "gap"]
    (gap,) = gaps
    assert (gap.medium, gap.reason, gap.start_s, gap.end_s) == ("audio", "overrun", 1.0, 3.0)
    assert gap.lost_s == 2.0


async def test_a_change_of_policy_and_a_gap_are_told(hearing, told):
    ears = hearing()
    await ears.tell(PolicyChange(policy="endpoint", reason="a pass takes 2.0 s"))
    lost = Gap(
        source="cam",
        epoch=0,
        medium="audio",
        reason="overrun",
        start_s=1.0,
        end_s=2.0,
        lost_s=1.0,
    )
    await ears.tell(lost)
    status, gap = told.records
    assert (status.role, status.detail) == ("speech", "endpoint: a pass takes 2.0 s")
    assert gap.kind == "gap"


async def test_the_death_of_the_recogniser_is_told_while_it_lasts(told):
    class Ears:
        def watched(self, changed):
            @contextmanager
            def watching():
                changed(Health(state="reconnecting", detail="ended by signal 9"))
                changed(Health(state="ok", detail="started again (1)"))
                yield

            return watching()

    announcer = Announcer("cam", Publisher([told], Clock()), Clock())
    async with announcer.listening_to(Ears()):
        await announcer.heard_sound()
        while len(told.records) < 4:
            await asyncio.sleep(0)
    states = [(record.state, record.detail) for record in told.records]
    assert states[0] == ("waiting", None)
    assert ("reconnecting", "ended by signal 9") in states
    assert states[-1] == ("ended", None)


async def test_words_that_are_given_are_told_and_are_evidence_when_they_were_known(told):
    async def embed(words, language):
        return np.full(4, len(words), np.float32)

    said = heard().utterance
    theirs = replace(said, speaker="other", available_s=4.0)
    ears = Hearing(
        announcer=Announcer("cam", Publisher([told], Clock()), Clock()),
        speakers=Mouths("subject", "p1"),
        memory=TextMemory(TextConfig(speaker="all"), embed),
        lockstep=None,
        tally=Tally("cam", 0.0),
        script=(said, theirs),
    )
    await ears.look(2.9)
    assert told.records == []
    await ears.look(5.0)
    assert [record.speaker for record in told.records] == ["unknown", "other"]
    assert ears.text("p1", 3.0).words == 1
    assert ears.text("p1", 5.0).words == 1  # somebody else's are no evidence
