import pytest

from stream.restart_budget import FIRST_PAUSE_S, RestartBudget


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def budget(clock):
    return RestartBudget(most=3, within_s=60.0, now=lambda: clock[0])


def test_the_first_restart_is_at_once_and_each_other_waits_longer(budget):
    pauses = [budget.take() for _ in range(3)]
    assert pauses == [0.0, FIRST_PAUSE_S, 2 * FIRST_PAUSE_S]


def test_no_restart_is_left_after_the_last(budget):
    for _ in range(3):
        budget.take()
    assert budget.take() is None


def test_a_restart_long_ago_counts_no_more(budget, clock):
    for _ in range(3):
        budget.take()
    clock[0] += 59.9
    assert budget.take() is None
    clock[0] += 0.2
    assert budget.take() == 0.0


def test_restarts_spread_over_a_day_never_run_out(budget, clock):
    for _ in range(100):
        assert budget.take() is not None
        clock[0] += 25.0
