import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.config import TrackerConfig
from engines.perception.detector import Detections
from engines.perception.tracker import PREDICT_AT_MOST_S, ByteTracker


def seen(*boxes, scores=None):
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([0.9] * len(boxes) if scores is None else scores, np.float32),
    )


@pytest.fixture
def tracker():
    return ByteTracker(TrackerConfig(keep_s=1.5, min_iou=0.25), min_score=0.4)


def ids(tracks):
    return [track.track_id for track in tracks]


def test_a_person_keeps_the_number_and_the_box_is_the_detectors(tracker):
    first = tracker.update(seen([10, 10, 60, 110]), 0.0)
    second = tracker.update(seen([12, 10, 62, 110]), 0.12)

    assert ids(first) == ids(second) == [1]
    assert second[0].box_xyxy.tolist() == [12, 10, 62, 110]
    assert not second[0].box_xyxy.flags.writeable


def test_a_box_is_carried_at_the_speed_it_was_seen_to_have(tracker):
    tracker.update(seen([0, 0, 100, 200]), 0.0)
    tracker.update(seen([10, 0, 110, 200]), 0.1)

    (carried,) = tracker.carry(0.15)

    assert carried.box_xyxy == pytest.approx(np.array([15, 0, 115, 200]))


def test_a_box_is_not_carried_away(tracker):
    tracker.update(seen([0, 0, 100, 200]), 0.0)
    tracker.update(seen([10, 0, 110, 200]), 0.1)

    (carried,) = tracker.carry(1.4)

    assert carried.box_xyxy[0] == pytest.approx(10 + 100 * PREDICT_AT_MOST_S)


@pytest.mark.parametrize("step_px", [4, 10, 15])
def test_a_walker_who_is_looked_at_every_third_frame_stays_one_person(tracker, step_px):
    numbers = set()
    for index in range(0, 60, 3):
        x = index * step_px
        numbers |= set(ids(tracker.update(seen([x, 0, x + 100, 200]), index / 25)))

    assert numbers == {1}


def test_a_weak_detection_starts_no_track_but_keeps_one(tracker):
    assert tracker.update(seen([0, 0, 50, 100], scores=[0.39]), 0.0) == ()
    assert ids(tracker.update(seen([0, 0, 50, 100], scores=[0.5]), 0.1)) == [1]

    (kept,) = tracker.update(seen([0, 0, 50, 100], scores=[0.15]), 0.2)

    assert kept.track_id == 1
    assert kept.score == pytest.approx(0.15)


def test_a_track_that_was_missed_is_not_reported_but_found_again(tracker):
    tracker.update(seen([0, 0, 50, 100]), 0.0)

    assert tracker.update(seen(), 0.1) == ()
    assert tracker.carry(0.15) == ()
    assert ids(tracker.update(seen([0, 0, 50, 100]), 1.4)) == [1]


@pytest.mark.parametrize("looks_between", [[], [0.5, 1.0, 1.6, 2.0]], ids=["blind", "looking"])
def test_a_track_that_was_not_confirmed_in_time_ends(tracker, looks_between):
    tracker.update(seen([0, 0, 50, 100]), 0.0)
    for time_s in looks_between:
        tracker.update(seen(), time_s)

    assert tracker.carry(2.0) == ()
    assert ids(tracker.update(seen([0, 0, 50, 100]), 2.1)) == [2]


def test_two_people_keep_their_numbers_whatever_the_detectors_order(tracker):
    left, right = [0, 0, 50, 100], [200, 0, 250, 100]
    first = tracker.update(seen(left, right), 0.0)
    second = tracker.update(seen(right, left), 0.1)

    assert [track.box_xyxy[0] for track in first] == [0, 200]
    assert ids(first) == ids(second)[::-1]


def test_numbers_are_not_given_again_after_a_restart(tracker):
    tracker.update(seen([0, 0, 50, 100]), 7.0)
    tracker.restart()

    assert tracker.carry(7.0) == ()
    assert ids(tracker.update(seen([0, 0, 50, 100]), 0.0)) == [2]


def test_media_time_may_begin_below_zero(tracker):
    assert ids(tracker.update(seen([0, 0, 50, 100]), -0.08)) == [1]
    assert ids(tracker.update(seen([0, 0, 50, 100]), 0.0)) == [1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), max_size=4, unique=True), min_size=1, max_size=30))
def test_no_number_stands_for_two_people_at_once(looks):
    tracker = ByteTracker(TrackerConfig(), min_score=0.4)
    for index, places in enumerate(looks):
        boxes = [[100 * place, 0, 100 * place + 60, 120] for place in places]
        tracks = tracker.update(seen(*boxes), index / 10)

        assert len(set(ids(tracks))) == len(tracks) == len(places)
