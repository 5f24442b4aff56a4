from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.source.timeline import BACK_S, JUMP_S, LEFTOVER_S, Timeline

FRAME_S, PACKET_S = 0.04, 0.02

durations = st.floats(0.0, 0.5)
steps = st.one_of(st.floats(-0.4, 2.0), st.floats(-1e5, 1e5), st.just(0.0))
items = st.lists(
    st.tuples(st.sampled_from(["video", "audio"]), st.one_of(st.none(), steps), durations),
    max_size=60,
)


@pytest.fixture
def timeline():
    timeline = Timeline()
    timeline.connect(start_pts_s=0.0, resume_s=0.0)
    return timeline


def run(timeline, medium, first_s, count, step_s=FRAME_S):
    return [timeline.place(medium, first_s + i * step_s, step_s) for i in range(count)]


def replay(sequence, shift_s=0.0, start_s=0.0):
    """Place a sequence of steps from the end of the item before; return (medium, placed)."""
    timeline = Timeline()
    timeline.connect(start_pts_s=start_s + shift_s, resume_s=0.0)
    pts = {"video": start_s, "audio": start_s}
    placed = []
    for medium, step, duration in sequence:
        if step is None:
            stamp = None
        else:
            pts[medium] += step
            stamp = pts[medium] + shift_s
        placed.append((medium, timeline.place(medium, stamp, duration)))
        pts[medium] += duration
    return placed


@given(items)
def test_time_grows_in_each_medium_over_the_whole_life_of_a_source(sequence):
    for medium in ("video", "audio"):
        kept = [p for m, p in replay(sequence) if m == medium and not p.leftover]
        assert all(a.time_s < b.time_s for a, b in pairwise(kept))
        assert all(a.epoch <= b.epoch for a, b in pairwise(kept))


@given(items)
def test_a_medium_enters_a_new_epoch_only_by_a_jump_or_after_what_was_left_over(sequence):
    for medium in ("video", "audio"):
        kept = [p for m, p in replay(sequence) if m == medium]
        for before, after in pairwise(kept):
            assert after.epoch == before.epoch or after.jumped or before.leftover


@given(st.lists(st.tuples(st.sampled_from(["video", "audio"]), st.floats(0, 1)), max_size=40))
def test_without_a_jump_time_is_the_timestamp_from_the_start_of_the_container(sequence):
    placed = replay([(medium, step, FRAME_S) for medium, step in sequence], start_s=5.0)
    ends = {"video": 0.0, "audio": 0.0}
    for (medium, step), (_, place) in zip(sequence, placed, strict=True):
        if abs(ends["video"] - ends["audio"]) > JUMP_S - 2:
            return  # so far apart, they may be taken for two clocks
        ends[medium] += step
        assert place.time_s == pytest.approx(ends[medium], abs=1e-6)
        assert place.epoch == 0
        ends[medium] += FRAME_S


@given(items, st.integers(-1000, 1000))
def test_where_the_clock_of_the_source_begins_changes_nothing(sequence, shift):
    rounded = [
        (m, s if s is None else round(s * 1024) / 1024, round(d * 1024) / 1024)
        for m, s, d in sequence
    ]
    assert replay(rounded) == replay(rounded, shift_s=float(shift))


def test_sound_and_picture_with_one_timestamp_have_one_time(timeline):
    picture = timeline.place("video", 1.5, FRAME_S)
    sound = timeline.place("audio", 1.5, PACKET_S)
    assert picture.time_s == sound.time_s == 1.5


def test_a_picture_without_timestamp_follows_the_one_before_it(timeline):
    run(timeline, "video", 0.0, 3)
    assert timeline.place("video", None, FRAME_S).time_s == pytest.approx(3 * FRAME_S)
    assert timeline.place("video", 4 * FRAME_S, FRAME_S).step_s == pytest.approx(0)


def test_a_first_picture_without_timestamp_lies_one_before_the_second():
    timeline = Timeline()
    timeline.connect(start_pts_s=None, resume_s=0.0)
    first = timeline.place("video", None, FRAME_S)
    second = timeline.place("video", 100.0, FRAME_S)
    sound = timeline.place("audio", 100.0, PACKET_S)
    assert (first.time_s, second.time_s) == (0.0, pytest.approx(FRAME_S))
    assert sound.time_s == second.time_s


def test_a_source_without_any_timestamps_counts_durations():
    timeline = Timeline()
    timeline.connect(start_pts_s=None, resume_s=0.0)
    times = [timeline.place("video", None, FRAME_S).time_s for _ in range(4)]
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])


@pytest.mark.parametrize("jump_s", [JUMP_S + 1, 3600.0, -BACK_S - 1, -95_443.7])
def test_a_jump_of_both_media_begins_one_epoch_and_keeps_them_together(timeline, jump_s):
    run(timeline, "video", 0.0, 25)
    run(timeline, "audio", 0.0, 50, PACKET_S)
    picture = timeline.place("video", 1.0 + jump_s, FRAME_S)
    late = timeline.place("audio", 1.0, PACKET_S)
    sound = timeline.place("audio", 1.06 + jump_s, PACKET_S)
    assert (picture.epoch, picture.jumped) == (1, True)
    assert late.leftover
    assert (sound.epoch, sound.jumped) == (1, True)
    assert sound.time_s - picture.time_s == pytest.approx(0.06)
    assert picture.time_s == pytest.approx(1.0)


def test_a_jump_of_the_picture_alone_takes_the_sound_along_after_a_while(timeline):
    run(timeline, "video", 0.0, 5)
    run(timeline, "audio", 0.0, 10, PACKET_S)
    run(timeline, "video", 500.0, 5)
    sounds = run(timeline, "audio", 0.2, int(LEFTOVER_S / PACKET_S) + 20, PACKET_S)
    assert [s.leftover for s in sounds].count(True) == pytest.approx(LEFTOVER_S / PACKET_S, abs=1)
    assert sounds[-1].epoch == 1
    assert not sounds[-1].leftover


def test_a_pause_is_a_hole_in_the_same_epoch(timeline):
    run(timeline, "video", 0.0, 5)
    after = timeline.place("video", 3.2, FRAME_S)
    assert after.step_s == pytest.approx(3.0)
    assert (after.epoch, after.jumped, after.time_s) == (0, False, 3.2)


def test_a_new_connection_goes_on_where_it_is_told(timeline):
    run(timeline, "video", 0.0, 25)
    timeline.connect(start_pts_s=7000.0, resume_s=4.5)
    placed = timeline.place("video", 7000.0, FRAME_S)
    assert (placed.epoch, placed.time_s, placed.step_s) == (1, 4.5, 0.0)


def test_a_new_connection_never_goes_back_before_the_last(timeline):
    run(timeline, "video", 0.0, 25)
    timeline.connect(start_pts_s=0.0, resume_s=0.2)
    assert timeline.place("video", 0.0, FRAME_S).time_s == pytest.approx(1.0)
