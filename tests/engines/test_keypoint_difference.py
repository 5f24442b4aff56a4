"""The differences of two networks' keypoints: what is zero, what is one, what is symmetric."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.keypoints.difference import (
    EYES_A_SHOULDER_WIDTH,
    PARTS,
    RUNNING,
    Differences,
    RunningUnit,
)
from engines.spec import skeleton

seeds = st.integers(0, 2**32 - 1)


def person(seed=0, shoulders_px=200.0):
    points = np.random.default_rng(seed).uniform(100, 900, (skeleton.POINTS, 3))
    points[:, 2] = 0.9
    points[skeleton.RIGHT_SHOULDER, :2] = 300, 400
    points[skeleton.LEFT_SHOULDER, :2] = 300 + shoulders_px, 400
    return points.astype(np.float32)


def without(points, *parts):
    points = points.copy()
    for part in parts:
        points[part] = 0
    return points


def shifted(points, by_px, towards=0.0):
    moved = points.copy()
    moved[:, :2] += by_px * np.array([np.cos(towards), np.sin(towards)], np.float32)
    return moved


def differences(*frames):
    unit, found = RunningUnit(), Differences()
    for first, second in frames:
        found.add(first, second, unit.see(first, second))
    return {part.part: part for part in found.parts()}


@given(seeds)
def test_the_same_points_do_not_differ(seed):
    points = person(seed)
    for part in differences((points, points)).values():
        assert (part.frames, part.median, part.p95, part.max) == (1, 0, 0, 0)
        assert part.only_first == part.only_second == 0


@given(seeds, st.floats(20, 400), st.floats(0, 2 * np.pi))
def test_a_shift_by_a_shoulder_width_is_a_difference_of_one(seed, width_px, towards):
    points = person(seed, width_px)
    for part in differences((points, shifted(points, width_px, towards))).values():
        assert part.median == pytest.approx(1.0, rel=1e-3)


@given(seeds, seeds, st.floats(0.1, 10))
def test_the_size_of_the_picture_makes_no_difference(seed, other, scale):
    first, second = person(seed), person(other)
    factor = np.array([scale, scale, 1], np.float32)
    small, large = differences((first, second)), differences((first * factor, second * factor))
    for name in PARTS:
        assert small[name].median == pytest.approx(large[name].median, rel=1e-3, abs=1e-6)


@given(seeds, seeds)
def test_which_network_is_the_first_makes_no_difference_to_distances(seed, other):
    first = without(person(seed), skeleton.LEFT_HAND)
    second = without(person(other), skeleton.RIGHT_HAND)
    there, back = differences((first, second)), differences((second, first))
    for name in PARTS:
        assert there[name].median == back[name].median
        assert there[name].only_first == back[name].only_second


def test_what_one_network_alone_sees_is_told_and_has_no_distance():
    whole = person()
    half = without(whole, skeleton.LEFT_HAND, skeleton.MID_HIP)
    found = differences((whole, half), (whole, whole))

    assert found["left hand"].frames == 1
    assert found["left hand"].only_first == 0.5
    assert found["body"].frames == 2
    assert found["body"].only_first == 1 / 50
    assert found["right hand"].only_first == found["right hand"].only_second == 0


def test_a_person_whom_only_one_network_found_is_seen_by_it_alone():
    found = Differences()
    found.add(None, person(), None)
    for part in found.parts():
        assert (part.frames, part.median, part.only_first, part.only_second) == (0, None, 0, 1)


def test_without_anybody_there_is_nothing_to_tell():
    for part in Differences().parts():
        assert (part.frames, part.median, part.only_first, part.only_second) == (0, None, 0, 0)


def test_the_face_goes_without_the_pupils():
    points = person()
    moved = points.copy()
    moved[[skeleton.LEFT_PUPIL, skeleton.RIGHT_PUPIL], 0] += 20
    found = differences((points, moved))
    assert found["pupils"].median == pytest.approx(0.1, rel=1e-3)
    assert found["face"].median == 0


def test_the_shoulder_width_is_the_running_median_so_that_a_turn_is_no_difference():
    unit, wide, narrow = RunningUnit(), person(shoulders_px=200), person(shoulders_px=20)
    for _ in range(RUNNING):
        unit.see(wide, wide)
    seen = unit.see(narrow, narrow)
    assert seen.px == pytest.approx(200)
    assert seen.origin == "shoulders"


def test_one_networks_shoulders_are_enough():
    wide, unseen = person(shoulders_px=200), without(person(), PARTS["shoulders"])
    assert RunningUnit().see(unseen, wide).px == pytest.approx(200)


def test_a_close_up_is_measured_by_the_eyes():
    points = without(person(), PARTS["shoulders"])
    points[skeleton.RIGHT_PUPIL, :2] = 100, 100
    points[skeleton.LEFT_PUPIL, :2] = 160, 100
    seen = RunningUnit().see(points, points)
    assert seen.origin == "eyes"
    assert seen.px == pytest.approx(60 * EYES_A_SHOULDER_WIDTH)


def test_shoulders_count_once_they_were_seen():
    unit, whole = RunningUnit(), person(shoulders_px=200)
    unit.see(whole, whole)
    close = without(whole, PARTS["shoulders"])
    assert unit.see(close, close).px == pytest.approx(200)


def test_without_shoulders_and_eyes_there_is_no_unit():
    hand = without(person(), skeleton.BODY, skeleton.FACE)
    assert RunningUnit().see(hand, hand) is None
    assert differences((hand, hand))["left hand"].frames == 0
