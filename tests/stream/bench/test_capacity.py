import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.bench.capacity import attempt, largest, needed_hz


def machine(benches, holds):
    """A machine that holds so many streams, and which numbers it was asked for."""
    asked = []

    async def run(streams):
        asked.append(streams)
        return benches.trial(streams=streams, p95_ms=80.0 if streams <= holds else 120.0)

    return run, asked


@pytest.mark.parametrize("holds", [0, 1, 2, 3, 5, 8, 13, 20, 40])
@pytest.mark.parametrize("limit", [1, 6, 16, 20])
async def test_the_largest_number_that_is_held_is_found_and_none_is_tried_twice(
    benches, holds, limit
):
    run, asked = machine(benches, holds)
    found = await largest(run, budget_ms=100.0, frames_hz=11.25, limit=limit)
    assert found.largest == min(holds, limit)
    assert len(asked) == len(set(asked))
    assert max(asked) <= limit
    assert [tried.streams for tried in found.attempts] == asked


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        ({"p95_ms": 101.0}, "p95 101 ms of 100"),
        ({"p95_ms": None}, "a stream without a reading"),
        ({"least_hz": 3.0}, "3.0 frames/s of 11.25"),
    ],
)
def test_what_is_late_silent_or_seldom_looked_at_is_not_held(benches, measured, why):
    tried = attempt(benches.trial(**measured), budget_ms=100.0, frames_hz=11.25)
    assert (tried.held, tried.why) == (False, why)


def test_a_stream_in_time_and_often_enough_is_held(benches):
    assert attempt(benches.trial(), budget_ms=100.0, frames_hz=11.25).held


@given(st.floats(1, 100), st.floats(1, 100))
def test_no_stream_must_be_looked_at_more_often_than_it_has_pictures_or_ticks(grid, source):
    assert needed_hz(grid, source) <= min(grid, source)
