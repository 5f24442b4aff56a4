import re
import shutil
from itertools import pairwise
from pathlib import Path

import faster_whisper
import numpy as np
import pytest
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from hypothesis import given
from hypothesis import strategies as st

from engines.config import SpeechConfig
from engines.errors import ConfigError, EngineError, ModelError, ModelMissingError
from engines.spec.frame import SOUND_RATE_HZ
from engines.speech.transcriber import LONGEST_S, Transcriber
from engines.speech.trimmed_whisper import LEAST_S, MARGIN_S, STEP_S, WINDOW_S, window_s

JFK = (
    "and so my fellow americans ask not what your country can do for you"
    " ask what you can do for your country"
)
ENGLISH, ALL = "whisper-tiny.en", "whisper-base"


def plain(words):
    return re.sub(r"[^\w' -]", "", " ".join(word.text for word in words)).lower()


@pytest.fixture(scope="module")
def transcriber(need_model):
    opened = {}

    def get(name):
        if name not in opened:
            opened[name] = Transcriber(need_model(name), SpeechConfig())
        return opened[name]

    return get


@pytest.fixture(scope="module")
def jfk(media):
    return decode_audio(str(media / "audio/jfk.flac"))


@pytest.fixture
def copied(need_model, tmp_path):
    """Return a copy of a model's folder that may be broken."""
    return Path(shutil.copytree(need_model(ENGLISH), tmp_path / "broken"))


@pytest.mark.parametrize("name", [ENGLISH, ALL])
def test_the_words_of_a_speech_in_their_order_and_inside_their_sound(transcriber, jfk, name):
    heard = transcriber(name).transcribe(jfk, start_s=100.0, language="en")
    assert plain(heard.words) == JFK
    assert (heard.language, heard.language_probability) == ("en", 1.0)
    times = [time_s for word in heard.words for time_s in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 100.0 <= times[0] < times[-1] <= 100.0 + len(jfk) / SOUND_RATE_HZ
    assert all(0 < word.probability <= 1 for word in heard.words)
    assert not any(word.text != word.text.strip() for word in heard.words)
    assert {word.available_s for word in heard.words} == {None}


@pytest.mark.parametrize("name", [ENGLISH, ALL])
def test_words_are_where_they_were_spoken(transcriber, jfk, name):
    # by its waveform: 'ask' and 'not' stand alone, 'what your country' and 'ask what' follow pauses
    words = transcriber(name).transcribe(jfk, language="en").words
    begins_s = {0: 0.3, 5: 3.3, 6: 3.95, 7: 5.45, 14: 8.2}
    for place, begin_s in begins_s.items():
        assert abs(words[place].start_s - begin_s) < 0.1, words[place]
    ends_s = {4: 2.2, 5: 3.75, 6: 4.35, 13: 7.65, 21: 10.5}
    for place, end_s in ends_s.items():
        assert abs(words[place].end_s - end_s) < 0.3, words[place]


def test_a_pass_is_a_function_of_its_sound(transcriber, jfk):
    first = transcriber(ENGLISH).transcribe(jfk, start_s=7.0)
    transcriber(ENGLISH).transcribe(jfk[: 3 * SOUND_RATE_HZ])
    assert transcriber(ENGLISH).transcribe(jfk, start_s=7.0) == first


def test_the_trim_leaves_the_words_as_they_are(need_model, media, librivox):
    clips = [media / "audio/jfk.flac", media / "audio/librispeech_6930-75918-0000.flac"]
    sounds = [decode_audio(str(path)) for path in (*clips, *sorted(librivox.glob("*.wav")))]
    assert len(sounds) == 7
    heard = []
    for trim in (True, False):
        with Transcriber(need_model(ALL), SpeechConfig(trim=trim)) as transcriber:
            heard.append([plain(transcriber.transcribe(s, language="en").words) for s in sounds])
    assert heard[0] == heard[1]
    assert heard[0][0] == JFK


def noise(seed, level, n):
    return (level * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def rumble(n):
    steps = np.random.default_rng(0).standard_normal(n).cumsum()
    steps -= np.linspace(0, steps[-1], n)
    return (0.2 * steps / np.abs(steps).max()).astype(np.float32)


def click(n):
    sound = np.zeros(n, np.float32)
    sound[n // 2 : n // 2 + 40] = 0.8
    return sound


def tone(n):
    return (0.1 * np.sin(2 * np.pi * 220 * np.arange(n) / SOUND_RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("name", [ENGLISH, ALL])
@pytest.mark.parametrize("seconds", [1, 3, 6, 11])
def test_nothing_is_invented_where_nobody_speaks(transcriber, media, name, seconds):
    n = seconds * SOUND_RATE_HZ
    music = np.resize(decode_audio(str(media / "faces/no_face.mp4")), n)
    sounds = [np.zeros(n, np.float32), click(n), tone(n), rumble(n), music]
    sounds += [noise(0, level, n) for level in (0.001, 0.01, 0.1)]
    heard = [transcriber(name).transcribe(sound, language="en").words for sound in sounds]
    assert heard == [()] * len(sounds)


def test_a_loop_is_no_speech(transcriber, media):
    # of the first second of this sentence tiny.en makes 'pinwork' seventy times
    sound = decode_audio(str(media / "grid/brbk7n.mpg"))[:SOUND_RATE_HZ]
    assert transcriber(ENGLISH).transcribe(sound).words == ()


def test_a_word_with_a_hyphen_is_one_word(transcriber, librivox):
    sound = decode_audio(str(librivox / "sense_and_sensibility_01_austen_64kb-0890.wav"))
    words = transcriber(ALL).transcribe(sound, language="en").words
    assert "cold-hearted" in {word.text.strip(",") for word in words}


def test_a_prompt_is_spelled_alike_and_not_said_again(transcriber, media):
    sound = decode_audio(str(media / "audio/librispeech_6930-75918-0000.flac"))
    heard = transcriber(ALL).transcribe(sound, language="en").words
    prompted = transcriber(ALL).transcribe(sound, language="en", prompt="They left Concord.").words
    assert heard[0].text == "Concorde"
    assert [word.text for word in prompted[:2]] == ["Concord", "returned"]


@pytest.mark.parametrize(("begin_s", "language"), [(2, "en"), (40, "de")])
def test_the_language_is_told(transcriber, media, begin_s, language):
    sound = decode_audio(str(media / "audio/multilingual.mp3"))
    part = sound[begin_s * SOUND_RATE_HZ : (begin_s + 8) * SOUND_RATE_HZ]
    heard = transcriber(ALL).transcribe(part)
    assert heard.language == language
    assert 0.5 < heard.language_probability <= 1
    assert len(heard.words) > 8


def test_the_language_and_the_words_come_of_one_encoding(transcriber, jfk, monkeypatch):
    shapes = []

    def encode(self, features):
        shapes.append(features.shape)
        return original(self, features)

    original = WhisperModel.encode
    monkeypatch.setattr(WhisperModel, "encode", encode)
    assert transcriber(ALL).transcribe(jfk).language == "en"
    assert shapes == [(80, 1600)]
    transcriber(ALL).transcribe(jfk)
    assert len(shapes) == 2  # nothing is kept from one pass to the next


def test_an_english_model_needs_no_telling(transcriber, jfk):
    assert transcriber(ENGLISH).languages == ("en",)
    heard = transcriber(ENGLISH).transcribe(jfk, language=None)
    assert (heard.language, heard.language_probability) == ("en", 1.0)


def test_a_language_that_the_model_does_not_know_is_refused(need_model, transcriber, jfk):
    with pytest.raises(ConfigError, match=r"does not know 'ko', but en$"):
        Transcriber(need_model(ENGLISH), SpeechConfig(language="ko"))
    with pytest.raises(ConfigError, match=r"whisper-base does not know 'xx', but af, am"):
        transcriber(ALL).transcribe(jfk, language="xx")


@pytest.mark.parametrize("n", [0, int(LONGEST_S * SOUND_RATE_HZ) + 1])
def test_no_sound_or_too_much_is_refused(transcriber, n):
    with pytest.raises(ValueError, match="at most 26 s"):
        transcriber(ENGLISH).transcribe(np.zeros(n, np.float32))


def test_a_missing_model_names_the_command_that_brings_it(tmp_path):
    with pytest.raises(ModelMissingError, match="subface models pull"):
        Transcriber(tmp_path / "nothing", SpeechConfig())


@pytest.mark.parametrize("name", ["config.json", "model.bin", "tokenizer.json"])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        Transcriber(copied, SpeechConfig())


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_broken_file_is_an_error_of_one_line(copied, name):
    path = copied / name
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EngineError, match="cannot open this model on cpu") as caught:
        Transcriber(copied, SpeechConfig())
    assert "\n" not in str(caught.value)


def test_a_device_that_is_not_there_is_an_error_of_one_line(need_model):
    with pytest.raises(EngineError, match="on cuda") as caught:
        Transcriber(need_model(ENGLISH), SpeechConfig(device="cuda"))
    assert "\n" not in str(caught.value)


def test_another_version_of_the_library_is_not_trimmed(need_model, jfk, monkeypatch, caplog):
    shapes = []

    def encode(self, features):
        shapes.append(features.shape)
        return original(self, features)

    original = WhisperModel.encode
    monkeypatch.setattr(WhisperModel, "encode", encode)
    monkeypatch.setattr(faster_whisper, "__version__", "9.9.9")
    with Transcriber(need_model(ENGLISH), SpeechConfig()) as transcriber:
        assert plain(transcriber.transcribe(jfk).words) == JFK
    assert "not trimmed" in caplog.text
    assert shapes == [(80, 3000)]


@given(st.floats(min_value=0.01, max_value=LONGEST_S))
def test_a_window_has_its_margin(sound_s):
    seconds = window_s(sound_s)
    assert sound_s + MARGIN_S <= seconds <= WINDOW_S
    assert seconds >= LEAST_S
    assert seconds % STEP_S == 0


def test_a_window_grows_with_its_sound():
    windows = [window_s(s) for s in np.arange(0.1, LONGEST_S, 0.1)]
    assert all(one <= other for one, other in pairwise(windows))
    assert (windows[0], windows[-1]) == (LEAST_S, WINDOW_S)
