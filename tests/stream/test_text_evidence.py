"""Which words are evidence, whose, and as of when."""

import numpy as np
import pytest

from engines.config import TextConfig
from engines.spec.transcript import Utterance, Word
from stream.text_evidence import PERSONS, TextMemory


@pytest.fixture
def asked():
    """What the encoder was asked for."""
    return []


@pytest.fixture
def memory(asked):
    async def embed(words, language):
        asked.append((list(words), language))
        return np.full(4, len(asked), np.float32)

    def make(**config):
        return TextMemory(TextConfig(**config), embed)

    return make


def said(text, start_s=0.0, *, speaker="subject", person_id="p1", delay_s=1.0):
    parts = text.split()
    words = tuple(
        Word(text=part, start_s=start_s + i, end_s=start_s + i + 1, probability=0.9)
        for i, part in enumerate(parts)
    )
    return Utterance(
        source="cam",
        epoch=0,
        number=0,
        revision=0,
        final=True,
        start_s=start_s,
        end_s=start_s + len(parts),
        available_s=start_s + len(parts) + delay_s,
        language="en",
        speaker=speaker,
        person_id=person_id,
        words=words,
    )


async def test_words_are_evidence_from_when_they_were_known(memory):
    remembered = memory()
    await remembered.add(said("we played well", 10.0))
    assert remembered.as_of("p1", 13.9) is None
    evidence = remembered.as_of("p1", 14.0)
    assert (evidence.words, evidence.start_s, evidence.end_s) == (3, 10.0, 13.0)


async def test_an_older_window_sees_the_older_words(memory):
    remembered = memory()
    await remembered.add(said("we played", 0.0))
    await remembered.add(said("and then", 5.0))
    assert remembered.as_of("p1", 7.9).words == 2
    assert remembered.as_of("p1", 8.0).words == 4


async def test_only_the_words_of_who_is_watched_are_evidence(memory, asked):
    remembered = memory()
    await remembered.add(said("how do you feel", speaker="other", person_id="p2"))
    await remembered.add(said("no idea who this is", speaker="unknown", person_id=None))
    assert asked == []
    assert remembered.as_of("p2", 100.0) is None


async def test_everyones_words_count_where_the_profile_says_so(memory, asked):
    remembered = memory(speaker="all")
    await remembered.add(said("how do you feel", speaker="unknown", person_id=None))
    await remembered.add(said("well", 4.0))
    assert remembered.as_of("p1", 100.0).words == 5
    assert asked[-1][0] == ["how", "do", "you", "feel", "well"]


async def test_two_people_do_not_share_their_words(memory):
    remembered = memory()
    await remembered.add(said("mine", person_id="p1"))
    await remembered.add(said("yours too", person_id="p2"))
    assert remembered.as_of("p1", 100.0).words == 1
    assert remembered.as_of("p2", 100.0).words == 2


async def test_only_the_newest_words_are_kept(memory, asked):
    remembered = memory(words=3)
    await remembered.add(said("one two three four five"))
    assert asked == [(["three", "four", "five"], "en")]


async def test_words_said_too_long_ago_are_left_out(memory, asked):
    remembered = memory(seconds=10.0)
    await remembered.add(said("long ago", 0.0))
    await remembered.add(said("just now", 60.0))
    assert asked[-1][0] == ["just", "now"]


async def test_who_was_not_heard_for_longest_is_forgotten_first(memory):
    remembered = memory()
    for number in range(PERSONS + 1):
        await remembered.add(said("word", person_id=f"p{number}"))
    assert remembered.as_of("p0", 100.0) is None
    assert remembered.as_of("p1", 100.0) is not None
