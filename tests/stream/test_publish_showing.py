import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.publish.showing import WAIT_MS, Showing


@pytest.fixture(scope="session")
def show(samples):
    """Give each cue its time; return the texts and times in the order of the file."""

    def show(*said):
        showing, out = Showing(), []
        for number, (channel, start_s, text) in enumerate(said):
            out += showing.add(
                samples.transcript(
                    text, start_s=start_s, a_second=1.0, utterance=number, channel=channel
                )
            )
        out += showing.rest()
        return [(" ".join(cue.lines), cue.start_ms, cue.end_ms) for cue in out]

    return show


def test_a_word_thrown_in_does_not_push_what_the_other_says(show):
    long = "one two three. four five six. seven eight nine."
    shown = show((1, 3.0, "mhm"), (0, 1.0, long))
    assert shown == [
        ("one two three.", 1000, 4000),
        ("mhm", 3000, 4000),
        ("four five six. seven eight nine.", 4000, 10_000),
    ]


def test_one_who_follows_himself_too_closely_is_shown_after_himself(show):
    shown = show((0, 1.0, "one two three"), (0, 3.0, "four five"), (1, 3.0, "no"))
    assert shown == [("one two three", 1000, 4000), ("no", 3000, 4000), ("four five", 4000, 5000)]


def test_cues_wait_no_longer_than_one_that_begins_earlier_may_come(samples):
    showing = Showing()
    assert not showing.add(samples.transcript("one", start_s=5.0, channel=0))
    later_s = 5.0 + WAIT_MS / 1000
    out = showing.add(samples.transcript("two", start_s=later_s, utterance=1, channel=1))
    assert [cue.lines for cue in out] == [("one",)]


def test_a_cue_that_comes_too_late_is_shown_late(show):
    shown = show((0, 50.0, "one"), (0, 100.0, "two"), (1, 49.0, "three"))
    assert shown == [("one", 50_000, 51_000), ("three", 50_000, 50_001), ("two", 100_000, 101_000)]


def test_the_clock_begins_again_for_all_channels(show):
    shown = show((0, 100.0, "one"), (1, 101.0, "two"), (1, 2.0, "three"), (0, 1.0, "four"))
    assert shown == [
        ("one", 100_000, 101_000),
        ("two", 101_000, 102_000),
        ("four", 101_000, 102_000),
        ("three", 102_000, 103_000),
    ]


said = st.lists(
    st.tuples(
        st.sampled_from([None, 0, 1]),
        st.floats(0, 500),
        st.text(alphabet="ab .", min_size=1, max_size=60),
    ),
    max_size=8,
)


@given(said=said)
def test_whatever_is_said_no_cue_starts_before_the_one_above_it(said, show):
    shown = show(*said)
    assert all(start_ms < end_ms for _, start_ms, end_ms in shown)
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(shown))


@given(said=said)
def test_whatever_is_said_all_of_it_is_shown(said, show):
    texts = sorted(word for _, _, text in said for word in text.split())
    assert sorted(word for text, _, _ in show(*said) for word in text.split()) == texts
