import pytest

from engines.config import SpeechConfig
from stream.transcript.lag import LagPolicy


def after(passes, **config):
    """Make passes of (duration, lag), one after another; return the policy and its changes."""
    policy = LagPolicy(SpeechConfig(**{"hop_s": 1.0} | config), adaptive=True)
    now_s, changes = 0.0, []
    for took_s, lag_s in passes:
        now_s += max(took_s, 1.0)
        changes.append(policy.passed(now_s=now_s, lag_s=lag_s, took_s=took_s))
    return policy, [change for change in changes if change is not None]


def test_quick_passes_change_nothing():
    policy, changes = after([(0.3, 0.5)] * 50)
    assert changes == []
    assert policy.current == "agreement"


def test_one_slow_pass_changes_nothing():
    assert after([(0.3, 0.5)] * 10 + [(3.0, 3.2)] + [(0.3, 0.5)] * 10)[1] == []


def test_slow_passes_one_after_another_do():
    (change,) = after([(1.2, 1.4)] * 8)[1]
    assert change.policy == "endpoint"
    assert "1.2 s" in change.reason


def test_a_great_lag_does_at_once():
    (change,) = after([(0.9, 4.5)], max_lag_s=4.0)[1]
    assert change.policy == "endpoint"
    assert "4.5 s behind" in change.reason


def test_it_comes_back_when_it_has_been_calm_for_long():
    passes = [(1.2, 1.4)] * 8 + [(0.3, 0.5)] * 9
    assert len(after(passes)[1]) == 1
    changes = after([*passes, (0.3, 0.5), (0.3, 0.5)])[1]
    assert [change.policy for change in changes] == ["endpoint", "agreement"]


def test_a_slow_pass_begins_the_calm_anew():
    passes = [(1.2, 1.4)] * 8 + [(0.3, 0.5)] * 9 + [(0.9, 1.0)] + [(0.3, 0.5)] * 9
    assert len(after(passes)[1]) == 1


@pytest.mark.parametrize("named", ["agreement", "endpoint"])
def test_a_policy_that_is_named_stays(named):
    policy, changes = after([(5.0, 9.0)] * 20 + [(0.1, 0.1)] * 60, policy=named)
    assert changes == []
    assert policy.current == named
