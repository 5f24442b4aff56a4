import numpy as np
import pytest

from engines.config import SpeechConfig, VoiceConfig
from engines.spec.frame import SOUND_RATE_HZ, Sound
from engines.spec.transcript import Hypothesis, Word
from engines.spec.voice import CHUNK, VoiceState
from stream.errors import EarsLostError
from stream.transcript.listener import Listener

LOUD = 0.5


def make_word(text, start_s, end_s=None):
    end_s = start_s + 0.3 if end_s is None else end_s
    return Word(text=text, start_s=start_s, end_s=end_s, probability=0.9)


def make_words(text, start_s=0.0, word_s=0.3, step_s=0.4):
    return tuple(
        make_word(piece, start_s + i * step_s, start_s + i * step_s + word_s)
        for i, piece in enumerate(text.split())
    )


def make_sound(samples, time_s=0.0, epoch=0, channel=None):
    samples = np.asarray(samples, np.float32)
    end_s = time_s + len(samples) / SOUND_RATE_HZ
    return Sound(
        source="cam",
        epoch=epoch,
        time_s=time_s,
        arrived_s=1000 + end_s,
        samples=samples,
        channel=channel,
    )


def make_samples(words, duration_s):
    """Loud from the first word of a breath to its last, silent elsewhere."""
    samples = np.zeros(round(duration_s * SOUND_RATE_HZ), np.float32)
    for word in words:
        samples[round(word.start_s * SOUND_RATE_HZ) : round((word.end_s + 0.1) * SOUND_RATE_HZ)] = (
            LOUD
        )
    return samples


def cut_into_packets(samples, start_s=0.0, epoch=0, packet=320, channel=None):
    return [
        make_sound(samples[at : at + packet], start_s + at / SOUND_RATE_HZ, epoch, channel)
        for at in range(0, len(samples), packet)
    ]


class FakeEars:
    """Hears the words of a script; of one cut off at the end of the sound, only the beginning."""

    def __init__(self, script, language="en"):
        self.script = list(script)
        self.language = language
        self.probability = 1.0
        self.calls = []
        self.voice_calls = 0
        self.lost = 0  # so many calls from now on are lost
        self.voice_lost = 0
        self.deaf_to = None  # a prompt with which it hears nothing
        self.took_s = 0.0
        self.now_s = 1000.0

    async def voice(self, samples, state):
        self.voice_calls += 1
        if self.voice_lost:
            self.voice_lost -= 1
            raise EarsLostError("the speech process died")
        loud = np.abs(samples.reshape(-1, CHUNK)).mean(axis=1) > LOUD / 2
        return loud.astype(np.float32), VoiceState.initial()

    async def transcribe(self, samples, *, start_s, language, prompt):
        self.now_s += self.took_s
        end_s = start_s + len(samples) / SOUND_RATE_HZ
        self.calls.append((start_s, end_s, language, prompt))
        if self.lost:
            self.lost -= 1
            raise EarsLostError("the speech process died")
        heard = []
        for word in self.script if prompt != self.deaf_to else ():
            if word.start_s < start_s - 0.05 or word.start_s >= end_s:
                continue
            if word.end_s <= end_s:
                heard.append(word)
            else:
                heard.append(make_word(word.text[:1] + "-", word.start_s, end_s))
        return Hypothesis(
            words=tuple(heard),
            language=language or self.language,
            language_probability=1.0 if language else self.probability,
        )


class Room:
    """A listener with fake ears, fed packet by packet."""

    def __init__(self, script, pacing="fast", language="en", **speech):
        self.ears = FakeEars(script)
        config = SpeechConfig(
            language=language, **{"hop_s": 0.5, "voice": VoiceConfig(min_speech_s=0.2)} | speech
        )
        self.listener = Listener(
            "cam", config, self.ears, pacing=pacing, now=lambda: self.ears.now_s
        )
        self.items = []

    async def hear(self, sounds, at_once=1):
        """Hand in so many packets at a time, each when it has come."""
        for i in range(0, len(sounds), at_once):
            some = sounds[i : i + at_once]
            self.ears.now_s = max(self.ears.now_s, some[-1].arrived_s)
            self.items += [item async for item in self.listener.hear(some)]

    async def finish(self):
        self.items += [item async for item in self.listener.finish()]

    def of(self, kind):
        return [item for item in self.items if isinstance(item, kind)]

    @property
    def utterances(self):
        return [item.utterance for item in self.items if hasattr(item, "utterance")]

    @property
    def final(self):
        return [utterance for utterance in self.utterances if utterance.final]


@pytest.fixture(scope="session")
def words():
    return make_words


@pytest.fixture(scope="session")
def word():
    return make_word


@pytest.fixture(scope="session")
def samples():
    return make_samples


@pytest.fixture(scope="session")
def packets():
    return cut_into_packets


@pytest.fixture(scope="session")
def room():
    return Room
