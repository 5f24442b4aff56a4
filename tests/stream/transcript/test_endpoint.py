import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.config import VoiceConfig
from engines.spec.voice import CHUNK_S
from stream.transcript.endpoint import Endpointer, VoiceBegan, VoiceEnded


def follow(scores, **config):
    endpointer = Endpointer(VoiceConfig(**config))
    events = [endpointer.update(score, i * CHUNK_S) for i, score in enumerate(scores)]
    return [event for event in events if event is not None]


def test_a_voice_begins_with_its_pad_and_ends_where_it_was_heard_last():
    (began, ended) = follow([0] * 20 + [1] * 20 + [0] * 20, pad_s=0.2)
    assert began == VoiceBegan(start_s=pytest.approx(20 * CHUNK_S - 0.2))
    assert ended == VoiceEnded(end_s=pytest.approx(40 * CHUNK_S))


def test_a_click_is_no_voice():
    assert follow([0] * 20 + [1] * 7 + [0] * 40, min_speech_s=0.25) == []


def test_clicks_far_apart_do_not_add_up_to_a_voice():
    assert follow(([1] * 4 + [0] * 12) * 10, min_speech_s=0.25) == []


def test_a_pause_is_no_end():
    assert len(follow([1] * 20 + [0] * 18 + [1] * 20, min_silence_s=0.6)) == 1


def test_a_voice_that_wavers_below_the_threshold_goes_on():
    assert len(follow([0.6] * 20 + [0.4] * 40, min_score=0.5)) == 1
    assert len(follow([0.4] * 40, min_score=0.5)) == 0


def test_silence_ends_a_voice_however_low_the_threshold():
    assert len(follow([1] * 20 + [0] * 40, min_score=0.0)) == 2


@given(st.lists(st.floats(0, 1), max_size=200))
def test_beginnings_and_ends_alternate_in_time(scores):
    events = follow(scores, min_speech_s=0.1, min_silence_s=0.1, pad_s=0.05)
    kinds = [type(event) for event in events]
    assert kinds == [VoiceBegan, VoiceEnded] * (len(kinds) // 2) + [VoiceBegan] * (len(kinds) % 2)
    times = [getattr(event, "start_s", None) or getattr(event, "end_s", 0.0) for event in events]
    assert times == sorted(times)
