import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engines.spec.transcript import Word
from stream.publish.cues import CUE_S, LINE_CELLS, cues_of

JFK = (
    "And so, my fellow Americans, ask not what your country can do for you. "
    "Ask what you can do for your country."
)


def text_of(cues, between=" "):
    return between.join(between.join(cue.lines) for cue in cues)


def test_a_cue_ends_where_a_sentence_does(samples):
    cues = cues_of(samples.words(JFK, a_second=4.0), "en")
    assert [cue.lines for cue in cues] == [
        ("And so, my fellow Americans,", "ask not what your country can do for you."),
        ("Ask what you can do for your country.",),
    ]


def test_a_cue_is_shown_while_its_words_are_said(samples):
    words = samples.words(JFK, start_s=5.0, a_second=4.0)
    first, last = cues_of(words, "en")
    assert (first.start_s, first.end_s) == (words[0].start_s, words[13].end_s)
    assert (last.start_s, last.end_s) == (words[14].start_s, words[-1].end_s)


def test_slow_speech_is_cut_by_time(samples):
    cues = cues_of(samples.words("one two three four five six seven eight", a_second=0.5), "en")
    assert len(cues) == 3  # sixteen seconds
    assert all(cue.end_s - cue.start_s <= CUE_S for cue in cues)


def test_no_last_word_is_left_alone(samples):
    cues = cues_of(samples.words("one two three four five six seven", a_second=1.0), "en")
    assert min(len(" ".join(cue.lines).split()) for cue in cues) > 1


def test_chinese_is_broken_by_width_and_has_no_spaces(samples):
    text = "我们今天来谈一谈这个问题\uff0c因为它对我们所有人都非常重要。你觉得怎么样\uff1f"
    cues = cues_of(samples.words(text, a_second=5.0, language="zh"), "zh")
    assert text_of(cues, "") == text
    assert max(cell_len(line) for cue in cues for line in cue.lines) <= LINE_CELLS
    assert max(len(line) for cue in cues for line in cue.lines) <= LINE_CELLS / 2
    assert cues[0].lines[-1].endswith("。")


def test_a_word_wider_than_a_line_is_broken_and_shares_its_time():
    word = Word(text="a" * 100, start_s=2.0, end_s=7.0, probability=0.5)
    cues = cues_of([word], "en")
    assert text_of(cues, "") == word.text
    assert (cues[0].start_s, cues[-1].end_s) == (2.0, 7.0)
    letters = len("".join(cues[0].lines))
    assert letters in {42, 84}
    assert cues[0].end_s == cues[1].start_s == pytest.approx(2.0 + 5.0 * letters / 100)


@pytest.mark.parametrize("text", ["", "  ", "\x00\x1b"])
def test_a_word_of_nothing_makes_no_cue(text):
    assert cues_of([Word(text=text, start_s=0.0, end_s=1.0, probability=0.5)], "en") == []
    assert cues_of([], None) == []


spoken = st.lists(
    st.tuples(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
        st.floats(0, 3),
        st.floats(0, 9),
    ),
    max_size=20,
)


@given(spoken, st.sampled_from(["en", "zh", None]))
def test_whatever_is_said_fits_loses_no_letter_and_keeps_its_order(said, language):
    words, now_s = [], 0.0
    for text, pause_s, length_s in said:
        start_s = now_s + pause_s
        now_s = start_s + length_s
        words.append(Word(text=text, start_s=start_s, end_s=now_s, probability=0.5))
    cues = cues_of(words, language)
    lines = [line for cue in cues for line in cue.lines]
    assert all(1 <= len(cue.lines) <= 2 for cue in cues)
    assert all(line.strip() and cell_len(line) <= LINE_CELLS for line in lines)
    assert all(0 <= cue.end_s - cue.start_s <= CUE_S + 1e-9 for cue in cues)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(cues))
    letters = [c for word in words for c in word.text if c.isalnum()]
    assert [c for line in lines for c in line if c.isalnum()] == letters


def test_a_pause_is_as_good_as_a_comma(samples):
    before = samples.words("one two three four five six", start_s=0.0, a_second=2.0)
    after = samples.words("seven eight nine ten eleven twelve thirteen", start_s=4.0, a_second=2.0)
    first, last = cues_of([*before, *after], "en")
    assert (first.end_s, last.start_s) == (3.0, 4.0)
