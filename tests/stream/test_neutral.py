"""Each person's own neutral."""

import numpy as np
import pytest

from calibration.baseline import Baseline
from calibration.fused import FusedAnswer
from stream.neutral import PERSONS, Neutrals

PRIOR = np.log(np.array([0.5, 0.5]))


@pytest.fixture
def neutrals():
    beginning = Baseline(log_prior=PRIOR, weight=1.0, first_s=2.0, mean=np.zeros(2))
    return Neutrals(beginning)


def read(first):
    logs = np.log(np.array([first, 1 - first]))
    return FusedAnswer(fused=None, abstained="unsure", valence=0.0, states={}, shares={}, read=logs)


def learn(neutrals, person, first, *, times_s):
    for time_s in times_s:
        neutrals.learn(person, read(first), time_s)


def test_nothing_is_taken_off_before_the_first_stretch_is_over(neutrals):
    learn(neutrals, "p1", 0.9, times_s=[0.0, 0.5, 1.0, 1.5])
    assert not neutrals.of("p1").excess.any()
    learn(neutrals, "p1", 0.9, times_s=[2.0])
    assert neutrals.of("p1").excess[0] == pytest.approx(np.log(0.9 / 0.5))


def test_nobody_has_the_neutral_of_another(neutrals):
    learn(neutrals, "p1", 0.9, times_s=[0.0, 1.0, 2.0, 3.0])
    assert neutrals.of("p1").excess.any()
    assert not neutrals.of("p2").excess.any()


def test_a_pause_is_no_time_in_which_somebody_was_seen(neutrals):
    learn(neutrals, "p1", 0.9, times_s=[0.0, 100.0])
    assert neutrals.of("p1").seen_s == 1.0


def test_the_person_read_longest_ago_is_forgotten_first(neutrals):
    for number in range(PERSONS + 1):
        learn(neutrals, f"p{number}", 0.9, times_s=[0.0, 1.0, 2.0])
    assert neutrals.of("p0").seen_s == 0
    assert neutrals.of("p1").seen_s == 2


def test_where_none_is_taken_off_none_is_learned():
    neutrals = Neutrals(None)
    learn(neutrals, "p1", 0.9, times_s=[0.0, 1.0])
    assert neutrals.of("p1") is None
