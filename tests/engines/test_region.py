import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.region import Region, crop

numbers = st.floats(-300, 300)
regions = st.builds(Region, numbers, numbers, st.floats(1, 500), st.floats(-math.pi, math.pi))


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def test_a_crop_at_half_size_takes_every_second_pixel_as_mediapipe_does(picture):
    # with half-pixel centres each would be the mean of four
    cut = crop(picture, Region(30.0, 20.0, 20.0), 10)

    assert (cut.image == picture[10:30:2, 20:40:2]).all()


def test_beyond_the_edge_lies_the_last_pixel_or_black(picture):
    corner = Region(0.0, 0.0, 20.0)

    assert (crop(picture, corner, 20).image[:10, :10] == picture[0, 0]).all()
    assert (crop(picture, corner, 20, border="zero").image[:10, :10] == 0).all()
    assert (crop(picture, corner, 20, border="zero").image[10:, 10:] == picture[:10, :10]).all()


def test_a_quarter_turn_turns_the_picture(picture):
    upright = crop(picture, Region(40.0, 30.0, 21.0), 21).image
    turned = crop(picture, Region(40.0, 30.0, 21.0, math.pi / 2), 21).image

    # the region is turned clockwise, so what it holds comes out turned back
    assert (turned[1:, 1:] == np.rot90(upright)[:-1, 1:]).mean() > 0.99


def test_a_read_only_picture_can_be_cropped(picture):
    picture.setflags(write=False)

    assert crop(picture, Region(40.0, 30.0, 10.0), 10).image.shape == (10, 10, 3)


def test_scaling_maps_black_and_white_to_the_bounds():
    halves = np.zeros((8, 8, 3), np.uint8)
    halves[4:] = 255
    scaled = crop(halves, Region(4.0, 4.0, 8.0), 8).scaled(-1.0, 1.0)

    assert scaled.shape == (1, 8, 8, 3)
    assert scaled.min() == -1
    assert scaled.max() == pytest.approx(1)


@given(regions, st.integers(8, 64))
def test_the_middle_and_the_corners_of_a_crop_project_onto_those_of_its_region(region, size_px):
    cut = crop(np.zeros((4, 4, 3), np.uint8), region, size_px)
    corners = np.array([[0, 0], [size_px, 0], [size_px, size_px], [0, size_px]], float)
    middle = cut.project(np.array([[size_px / 2, size_px / 2]]))
    projected = cut.project(corners)

    assert np.allclose(middle, [region.x, region.y], atol=1e-2)
    assert np.allclose(np.linalg.norm(projected[1] - projected[0]), region.size, atol=1e-2)
    assert region.holds(projected, margin=0.01)
    assert not region.holds(projected, margin=-0.01)


@given(st.floats(-math.pi, math.pi), st.floats(-50, 50), st.floats(-50, 50), st.floats(0.5, 4))
def test_the_region_around_points_turns_moves_and_grows_with_them(angle, dx, dy, factor):
    left, right = np.array([-10.0, 0.0]), np.array([10.0, 0.0])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    points = np.stack([left, right]) @ turn * factor + [dx, dy]

    region = Region.around(points, left=points[0], right=points[1], scale=1.0)

    assert region.x == pytest.approx(dx, abs=1e-6)
    assert region.y == pytest.approx(dy, abs=1e-6)
    assert math.remainder(region.angle - angle, math.tau) == pytest.approx(0, abs=1e-6)
    assert region.size == pytest.approx(np.ptp(points, axis=0).max())


def test_a_shift_moves_the_region_along_its_own_upright():
    points = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 10.0]])
    upright = Region.around(points, left=points[0], right=points[1], scale=2.0, shift=-0.1)
    on_its_side = Region.around(
        points, left=np.array([5.0, 0.0]), right=np.array([5.0, 9.0]), scale=2.0, shift=-0.1
    )

    assert (upright.x, upright.y, upright.size) == pytest.approx((10, 4, 40))
    assert (on_its_side.x, on_its_side.y) == pytest.approx((11, 5))
