from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engines.spec.voice import CHUNK_S
from engines.speech.placement import EDGE_S, placed, voiced_spans

VOICE, SILENCE = 0.9, 0.1


def scores(*runs):
    return np.repeat([score for score, _ in runs], [n for _, n in runs]).astype(np.float32)


def test_a_voice_is_where_its_chunks_are():
    (span,) = voiced_spans(scores((SILENCE, 10), (VOICE, 20), (SILENCE, 10)))
    np.testing.assert_allclose(span, (10 * CHUNK_S - EDGE_S, 30 * CHUNK_S + EDGE_S))


def test_a_stop_within_a_word_is_no_pause():
    assert len(voiced_spans(scores((VOICE, 20), (SILENCE, 5), (VOICE, 20)))) == 1
    assert len(voiced_spans(scores((VOICE, 20), (SILENCE, 7), (VOICE, 20)))) == 2


def test_silence_has_no_voice():
    assert voiced_spans(scores((SILENCE, 30))) == ()


def test_a_word_after_a_pause_begins_with_its_voice():
    assert placed((2.1, 3.7), ((0.3, 2.2), (3.25, 3.8))) == (3.25, 3.7)


def test_a_word_before_a_pause_ends_with_its_voice():
    assert placed((7.2, 8.0), ((5.4, 7.6), (8.2, 9.0))) == (7.2, 7.6)


def test_the_edge_of_a_neighbour_is_no_voice_of_the_word():
    assert placed((7.2, 8.2), ((5.4, 7.6), (8.15, 9.0))) == (7.2, 7.6)


def test_a_word_without_a_voice_stays():
    assert placed((4.0, 4.5), ((0.3, 2.2), (5.0, 6.0))) == (4.0, 4.5)
    assert placed((4.0, 4.5), ()) == (4.0, 4.5)


@given(
    st.lists(st.floats(0, 10), min_size=2, max_size=30),
    st.lists(st.sampled_from((VOICE, SILENCE)), min_size=1, max_size=300),
)
def test_words_only_shrink_and_keep_their_order(edges_s, chunks):
    edges_s = sorted(edges_s)
    words = list(pairwise(edges_s))
    voiced = voiced_spans(np.array(chunks, np.float32))
    assert list(voiced) == sorted(voiced)
    after = [placed(word, voiced) for word in words]
    for (begin_s, end_s), (new_begin_s, new_end_s) in zip(words, after, strict=True):
        assert begin_s <= new_begin_s <= new_end_s <= end_s
