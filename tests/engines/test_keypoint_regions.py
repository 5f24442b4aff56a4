import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.keypoints.alignment import Steadiness, pointing, turned_box
from engines.perception.keypoints.heatmap import refine
from engines.perception.keypoints.whereabouts import Whereabouts
from engines.perception.region import Region

STEADY = Steadiness(angle_rad=math.radians(40), place=0.2, size=0.4, margin=-0.1)
MIDDLE = np.array([100.0, 100.0])
STEP = np.array([10.0, -30.0])


def box(*xyxy):
    return np.array(xyxy, np.float32)


@pytest.mark.parametrize(
    ("tip", "angle"), [((100, 60), 0), ((140, 100), 90), ((100, 140), 180), ((60, 100), -90)]
)
def test_a_region_is_turned_until_its_tip_points_up(tip, angle):
    region = pointing(MIDDLE, np.array(tip, float), up=True, scale=1.25)

    assert math.degrees(math.remainder(region.angle - math.radians(angle), math.tau)) == (
        pytest.approx(0, abs=1e-9)
    )
    assert (region.x, region.y, region.size) == pytest.approx((100, 100, 100))


def test_a_region_that_points_down_stands_on_its_head_as_one_that_points_up():
    up = pointing(MIDDLE, MIDDLE + STEP, up=True, scale=1.0)
    down = pointing(MIDDLE, MIDDLE - STEP, up=False, scale=1.0)

    assert math.remainder(up.angle - down.angle, math.tau) == pytest.approx(0, abs=1e-9)


@given(st.floats(-3, 3))
def test_a_shift_goes_down_in_the_crop_however_it_is_turned(angle):
    tip = MIDDLE + 50 * np.array([math.sin(angle), -math.cos(angle)])
    region = pointing(MIDDLE, tip, up=True, scale=1.0, shift=0.5)

    # up is where the tip is, so the centre moves half of the side, 100, away from it
    np.testing.assert_allclose([region.x, region.y], 2 * MIDDLE - tip, atol=1e-9)


@given(st.floats(-3, 3))
def test_a_turned_box_holds_its_points_tightly(angle):
    axes = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    points = np.array([[-30.0, -10], [30, 10], [0, 0]]) @ axes + MIDDLE
    region = turned_box(points, angle, scale=1.0, shift=0.0)

    assert region.size == pytest.approx(60)
    assert (region.x, region.y) == pytest.approx((100, 100))
    assert region.holds(points, margin=1e-9)
    assert not region.holds(points, margin=-0.01)


@pytest.mark.parametrize(
    ("moved", "grown", "turned_deg", "kept"),
    [
        (0, 0, 0, True),
        (19, 0, 0, True),
        (21, 0, 0, False),
        (0, 39, 0, True),
        (0, 41, 0, False),
        (0, 0, 39, True),
        (0, 0, 41, False),
        (0, 0, 321, True),
    ],
)
def test_a_region_is_kept_while_the_suggested_one_is_close(moved, grown, turned_deg, kept):
    last = Region(100.0 + moved, 100.0, 100.0 + grown, math.radians(turned_deg))

    assert STEADY.keeps(last, MIDDLE[None], Region(100.0, 100.0, 100.0)) is kept


def test_nearness_is_measured_along_the_axes_of_the_suggested_region():
    suggested = Region(100.0, 100.0, 100.0, math.radians(45))

    # 19 along each axis of the frame are 27 along one of the region's
    assert not STEADY.keeps(Region(119.0, 119.0, 100.0, suggested.angle), MIDDLE[None], suggested)


def test_a_region_whose_landmarks_left_the_suggested_one_is_not_kept():
    near, far = np.array([[144.0, 100]]), np.array([[146.0, 100]])
    region = Region(100.0, 100.0, 100.0)

    assert STEADY.keeps(region, near, region)
    assert not STEADY.keeps(region, far, region)


def heat(*spots):
    """Maps of 64 x 64, cold but for single cells, one a map."""
    maps = np.full((64, 64, len(spots)), -20, np.float32)
    for k, (column, row) in enumerate(spots):
        maps[row, column, k] = 5
    return maps


def test_a_landmark_moves_to_the_heat_near_it():
    landmarks = np.array([[20.5, 30.5]], np.float32) / 64

    np.testing.assert_allclose(refine(landmarks, heat((24, 27))) * 64, [[24, 27]], atol=1e-3)


def test_heat_beyond_the_kernel_moves_nothing():
    landmarks = np.array([[20.5, 30.5]], np.float32) / 64

    np.testing.assert_array_equal(refine(landmarks, heat((25, 30))), landmarks)


def test_a_lukewarm_map_moves_nothing():
    landmarks = np.array([[20.5, 30.5]], np.float32) / 64
    maps = np.full((64, 64, 1), -0.1, np.float32)

    np.testing.assert_array_equal(refine(landmarks, maps), landmarks)


def test_landmarks_outside_the_map_stay_where_they_are():
    landmarks = np.array([[-2.0, 30], [70, 30], [30, 64.5]], np.float32) / 64

    np.testing.assert_array_equal(refine(landmarks, heat((0, 30), (63, 30), (30, 63))), landmarks)


def refine_one_by_one(landmarks, maps):
    """As MediaPipe's loops go."""
    scores = 1 / (1 + np.exp(-maps.astype(float)))
    out = landmarks.astype(float)
    for k, (x, y) in enumerate(landmarks):
        column, row = int(x * 64), int(y * 64)
        if not (0 <= column < 64 and 0 <= row < 64):
            continue
        columns = np.arange(max(0, column - 4), min(64, column + 5))
        rows = np.arange(max(0, row - 4), min(64, row + 5))
        near = scores[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, k]
        if near.max() >= 0.5:
            total = near.sum()
            out[k] = [near.sum(0) @ columns / total / 64, near.sum(1) @ rows / total / 64]
    return out


def test_all_landmarks_at_once_are_refined_as_one_by_one():
    noise = np.random.default_rng(2)
    landmarks = noise.uniform(-0.1, 1.1, (35, 2)).astype(np.float32)
    maps = noise.normal(-1, 2, (64, 64, 39)).astype(np.float32)

    np.testing.assert_allclose(
        refine(landmarks, maps), refine_one_by_one(landmarks, maps), atol=1e-5
    )


def test_a_person_nobody_looked_for_is_anywhere():
    anybody = Whereabouts()

    (square,) = anybody.squares(width=640, height=360)
    assert (square.x, square.y, square.size) == (320, 180, 640)
    assert anybody.may_be_at(np.zeros(2, np.float32), np.zeros(2, np.float32))
    assert anybody.holds(np.zeros(2, np.float32), np.zeros((0, 2), np.float32))


def test_a_body_whose_head_is_on_another_face_is_somebody_elses():
    person = Whereabouts(box(0, 0, 200, 400), box(80, 40, 120, 90))

    assert person.holds(np.array([105, 70], np.float32), np.zeros((0, 2), np.float32))
    assert not person.holds(np.array([150, 70], np.float32), np.zeros((0, 2), np.float32))


def test_without_a_face_a_body_is_the_persons_if_it_lies_in_the_box():
    person = Whereabouts(box(0, 0, 200, 400))
    inside = np.full((6, 2), 100, np.float32)
    outside = np.full((7, 2), 300, np.float32)

    assert person.holds(inside[0], inside)
    assert not person.holds(inside[0], np.concatenate([inside, outside]))
    assert person.holds(inside[0], outside[:0])
    assert not person.may_be_at(inside[0], outside[0])


def test_the_body_is_looked_for_in_the_box_and_then_below_the_face():
    squares = Whereabouts(box(0, 0, 100, 200), box(40, 0, 60, 20)).squares(width=640, height=360)

    assert [(s.x, s.y, s.size) for s in squares] == [(50, 100, 250), (50, 50, 140)]
