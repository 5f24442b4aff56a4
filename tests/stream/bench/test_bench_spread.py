import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.bench.quantity import Quantity
from stream.bench.spread import spread_of
from stream.meter import Recent

SAMPLES = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=300)


def test_the_percentiles_of_the_first_hundred_numbers_are_what_the_textbook_says():
    spread = spread_of(range(1, 101))
    ranks = (spread.p50, spread.p90, spread.p95, spread.p99, spread.max)
    assert (spread.n, spread.mean) == (100, 50.5)
    assert np.allclose(ranks, (50.5, 90.1, 95.05, 99.01, 100))


@given(SAMPLES)
def test_percentiles_rise_and_lie_within_the_samples(samples):
    spread = spread_of(samples)
    ranks = [spread.p50, spread.p90, spread.p95, spread.p99, spread.max]
    assert ranks == sorted(ranks)
    assert math.isclose(spread.max, max(samples), abs_tol=1e-4)
    assert spread.p50 >= min(samples) - 1e-4


@given(SAMPLES, st.randoms())
def test_the_order_of_samples_changes_no_percentile(samples, random):
    mixed = list(samples)
    random.shuffle(mixed)
    first, second = spread_of(samples), spread_of(mixed)
    assert (first.n, first.p50, first.p99, first.max) == (
        second.n,
        second.p50,
        second.p99,
        second.max,
    )


def test_of_no_samples_there_is_no_spread():
    assert spread_of([]) is None


def test_what_is_not_available_is_told_as_such_and_is_no_zero():
    power = Quantity.absent("not available: no NVIDIA card", "W")
    assert (power.value, str(power)) == (None, "not available: no NVIDIA card")
    assert str(Quantity.of(0.0, "W")) == "0 W"


def test_the_samples_of_a_meter_are_bounded_and_the_newest():
    recent = Recent(newest=3)
    for value in range(10):
        recent.add(value)
    assert recent.samples == (7, 8, 9)
