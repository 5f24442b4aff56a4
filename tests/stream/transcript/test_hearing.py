"""The listener with real ears: a real recogniser on real speech, and on what is none."""

import os
import signal
from itertools import pairwise

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from engines.config import SpeechConfig
from engines.spec.frame import SOUND_RATE_HZ
from stream.transcript.agreement import normalized
from stream.transcript.listener import Listener
from stream.transcript.speech_process import SpeechProcess

JFK = (
    "and so my fellow americans ask not what your country can do for you ask what you can do for "
    "your country"
)


async def listen(ears, sound, packets, config):
    """Return what is said, revisions and all."""
    listener = Listener("cam", config, ears, pacing="fast")
    items = [item async for item in listener.hear(packets(sound))]
    return items + [item async for item in listener.finish()]


def final(items):
    return [item.utterance for item in items if item.utterance.final]


@pytest.fixture(scope="module")
def jfk(media):
    # with a beginning and an end, as in life
    return np.pad(decode_audio(str(media / "audio/jfk.flac")), (8000, 24000))


@pytest.fixture(scope="module")
def small(need_model):
    return need_model("whisper-tiny.en")


@pytest.fixture(scope="module")
def base(need_model):
    return need_model("whisper-base")


async def test_a_speech_is_heard_as_it_is_given(base, jfk, packets):
    config = SpeechConfig(language="en")
    async with SpeechProcess(base, config) as ears:
        items = await listen(ears, jfk, packets, config)
    words = [word for utterance in final(items) for word in utterance.words]
    said = [normalized(word.text) for word in words]
    told = JFK.split()
    assert len(said) == pytest.approx(len(told), abs=2)
    assert len(set(said) & set(told)) >= len(set(told)) - 2
    assert all(one.start_s <= other.start_s for one, other in pairwise(words))
    assert all(one.available_s <= other.available_s for one, other in pairwise(words))
    assert all(word.end_s < word.available_s for word in words)
    assert any(not item.utterance.final for item in items)


async def test_the_same_file_gives_the_same_words_at_the_same_times(small, jfk, packets):
    config = SpeechConfig(language="en")
    async with SpeechProcess(small, config) as ears:
        once = await listen(ears, jfk, packets, config)
        again = await listen(ears, jfk, packets, config)
    assert [item.utterance for item in once] == [item.utterance for item in again]


async def test_english_and_then_german(base, media, packets):
    sound = decode_audio(str(media / "audio/multilingual.mp3"))[22 * SOUND_RATE_HZ :]
    sound = sound[: 18 * SOUND_RATE_HZ]  # one sentence of each
    config = SpeechConfig()
    async with SpeechProcess(base, config) as ears:
        utterances = final(await listen(ears, sound, packets, config))
    languages = [utterance.language for utterance in utterances]
    assert sorted(languages, key=["en", "de"].index) == languages
    assert {"en", "de"} == set(languages)
    german = next(utterance for utterance in utterances if utterance.language == "de")
    assert 5 < german.start_s < 11
    assert "software" in german.text.casefold()


async def test_nothing_is_heard_where_nobody_speaks(small, media, packets):
    config = SpeechConfig(language="en")
    samples = 60 * SOUND_RATE_HZ
    music = decode_audio(str(media / "faces/no_face.mp4"))
    noise = np.random.default_rng(1).normal(0, 0.1, samples)
    async with SpeechProcess(small, config) as ears:
        for sound in (np.zeros(samples), noise, np.resize(music, samples)):
            assert await listen(ears, sound.astype(np.float32), packets, config) == []


async def test_a_killed_recogniser_loses_no_word(small, jfk, packets):
    config = SpeechConfig(language="en")
    async with SpeechProcess(small, config) as ears:
        undisturbed = final(await listen(ears, jfk, packets, config))
        listener = Listener("cam", config, ears, pacing="fast")
        sounds = packets(jfk)
        items = [item async for item in listener.hear(sounds[:250])]
        os.kill(ears.pid, signal.SIGKILL)
        items += [item async for item in listener.hear(sounds[250:])]
        items += [item async for item in listener.finish()]
        assert ears.restarts == 1
    assert final(items) == undisturbed
    assert listener.count.skipped_s == 0
