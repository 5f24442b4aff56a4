import numpy as np
import pytest
from faster_whisper.audio import decode_audio
from faster_whisper.vad import get_vad_model

from engines.spec.voice import CHUNK, VoiceState
from engines.speech.voice import VoiceActivity


@pytest.fixture(scope="module")
def voice():
    return VoiceActivity()


@pytest.fixture(scope="module")
def jfk(media):
    sound = decode_audio(str(media / "audio/jfk.flac"))
    return sound[: len(sound) // CHUNK * CHUNK]


@pytest.mark.parametrize("chunks", [1, 3, 10, 100])
def test_a_stream_is_judged_as_the_library_judges_the_whole(voice, jfk, chunks):
    state, scores = None, []
    for begin in range(0, len(jfk), chunks * CHUNK):
        some, state = voice.judge(jfk[begin : begin + chunks * CHUNK], state)
        scores.extend(some)
    # it silences the end of the sound it is given (a view that it sets to zero): a copy, and the
    # last chunk left out
    whole = get_vad_model()(jfk.copy()).reshape(-1)
    assert len(scores) == len(whole) == len(jfk) // CHUNK
    np.testing.assert_allclose(scores[:-1], whole[:-1], atol=1e-4)


def test_a_voice_is_told_from_silence(voice, jfk):
    speech, _ = voice.judge(jfk, None)
    silence, _ = voice.judge(np.zeros_like(jfk), None)
    assert np.mean(speech > 0.5) > 0.5
    assert silence.max() < 0.3


def test_what_was_heard_before_counts(voice, jfk):
    part = jfk[40 * CHUNK : 80 * CHUNK]
    _, after = voice.judge(jfk[: 40 * CHUNK], None)
    assert not np.allclose(voice.judge(part, after)[0], voice.judge(part, None)[0], atol=1e-4)
    assert np.array_equal(voice.judge(part, VoiceState.initial())[0], voice.judge(part, None)[0])


@pytest.mark.parametrize("n", [0, 1, CHUNK + 1])
def test_half_a_chunk_is_refused(voice, n):
    with pytest.raises(ValueError, match="multiple of 512"):
        voice.judge(np.zeros(n, np.float32), None)
