import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.keypoints.one_euro import OneEuro, OneEuroSettings

SETTINGS = OneEuroSettings(min_cutoff_hz=1.0, beta=10.0)


def one_by_one(values, rate_hz, settings):
    """MediaPipe's OneEuroFilter on one number, as its C++ goes."""

    def alpha(cutoff_hz):
        return 1 / (1 + 1 / (2 * math.pi * cutoff_hz) * rate_hz)

    believed, speed, raw, out = None, 0.0, None, []
    for value in values:
        moved = 0.0 if raw is None else (value - raw) * rate_hz
        keep = alpha(settings.speed_cutoff_hz)
        speed = moved if raw is None else keep * moved + (1 - keep) * speed
        follow = alpha(settings.min_cutoff_hz + settings.beta * abs(speed))
        believed = value if raw is None else follow * value + (1 - follow) * believed
        raw = value
        out.append(believed)
    return out


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20))
def test_it_is_mediapipes_filter(values):
    euro = OneEuro(SETTINGS)
    ours = [euro.filter(np.array([v]), k / 30, unit=1.0)[0] for k, v in enumerate(values)]

    np.testing.assert_allclose(ours, one_by_one(values, 30, SETTINGS), atol=1e-9)


def test_rest_is_smoothed_and_a_leap_is_followed():
    euro, noise = OneEuro(SETTINGS), np.random.default_rng(0).normal(0, 0.01, 200)
    rest = [euro.filter(noise[k : k + 1], k / 30, unit=1.0)[0] for k in range(200)]
    leap = [euro.filter(np.array([5.0 + k]), (200 + k) / 30, unit=1.0)[0] for k in range(5)]

    assert np.std(rest[50:]) < 0.5 * np.std(noise)
    assert leap[-1] == pytest.approx(9, abs=0.2)


def test_the_same_motion_near_and_far_is_filtered_alike():
    near, far = OneEuro(SETTINGS), OneEuro(SETTINGS)
    path = np.random.default_rng(1).normal(0, 1, (30, 4)).cumsum(axis=0)

    for k, places in enumerate(path):
        close = near.filter(places * 100, k / 30, unit=100.0)
        np.testing.assert_allclose(close / 100, far.filter(places, k / 30, unit=1.0), atol=1e-9)


def test_what_was_not_seen_starts_anew_when_it_is_seen_again():
    euro = OneEuro(SETTINGS)
    seen, unseen = np.array([True, True]), np.array([True, False])
    euro.filter(np.array([0.0, 0.0]), 0.0, unit=1.0, valid=seen)
    passed = euro.filter(np.array([0.0, 7.0]), 0.1, unit=1.0, valid=unseen)
    again = euro.filter(np.array([0.0, 3.0]), 0.2, unit=1.0, valid=seen)

    assert passed[1] == 7
    assert again[1] == 3


def test_a_restart_forgets():
    euro = OneEuro(SETTINGS)
    euro.filter(np.array([0.0]), 0.0, unit=1.0)
    euro.restart()

    assert euro.filter(np.array([1.0]), 0.1, unit=1.0)[0] == 1


def test_nothing_moves_while_the_clock_stands():
    euro = OneEuro(SETTINGS)
    first = euro.filter(np.array([1.0]), 1.0, unit=1.0)

    np.testing.assert_array_equal(euro.filter(np.array([5.0]), 1.0, unit=1.0), first)
    np.testing.assert_array_equal(euro.filter(np.array([5.0]), 0.5, unit=1.0), first)
