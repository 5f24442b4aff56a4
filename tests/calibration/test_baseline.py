import numpy as np
import pytest

from calibration.answer import answer
from calibration.baseline import nobody_yet
from engines.errors import ConfigError

HOP_S = 0.32
STERN = np.log([0.6, 0.3, 0.1])


def seen_for(baseline, read, seconds, hop_s=HOP_S):
    for _ in range(round(seconds / hop_s)):
        baseline = baseline.after(read, seen_s=float(hop_s))
    return baseline


def test_nothing_is_taken_off_before_the_first_minute_is_over(network):
    baseline = seen_for(nobody_yet(network(), weight=1.0), STERN, 59)
    assert not baseline.excess.any()


def test_somebody_who_goes_on_as_they_began_amounts_to_the_prior(network):
    baseline = seen_for(nobody_yet(network(), weight=1.0), STERN, 60.8)
    found = answer(STERN, None, baseline=baseline)
    assert found.probabilities == pytest.approx(network().prior)
    assert found.read == pytest.approx(STERN)


def test_half_the_weight_takes_half_the_excess_off(network):
    baseline = seen_for(nobody_yet(network(), weight=0.5), STERN, 60.8)
    found = answer(STERN, None, baseline=baseline)
    middle = (STERN + np.log(network().prior)) / 2
    assert found.probabilities == pytest.approx(np.exp(middle) / np.exp(middle).sum())


def test_what_comes_after_the_first_minute_changes_no_neutral(network):
    baseline = seen_for(nobody_yet(network(), weight=1.0), STERN, 60.8)
    later = seen_for(baseline, np.log([0.01, 0.01, 0.98]), 300)
    assert later is baseline


def test_the_neutral_does_not_depend_on_how_often_was_read(network):
    random = np.random.default_rng(0)
    seconds = [np.log(random.dirichlet([2, 2, 2])) for _ in range(80)]
    often = rarely = nobody_yet(network(), weight=1.0)
    for read in seconds:
        often = seen_for(often, read, 1, hop_s=0.25)
        rarely = seen_for(rarely, read, 1, hop_s=1.0)
    assert often.excess == pytest.approx(rarely.excess)
    assert often.excess == pytest.approx(np.mean(seconds[:60], axis=0) - np.log(network().prior))


def test_one_person_s_neutral_is_nobody_else_s(network):
    start = nobody_yet(network(), weight=1.0)
    stern = seen_for(start, STERN, 60.8)
    friendly = seen_for(start, np.log([0.1, 0.3, 0.6]), 60.8)
    assert not start.excess.any()
    assert start.seen_s == 0
    assert stern.excess[0] > 0 > friendly.excess[0]


def test_a_network_whose_prior_is_not_known_has_no_neutral(network):
    with pytest.raises(ConfigError, match="has no prior"):
        nobody_yet(network(prior=None), weight=0.5)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_is_a_share(network, weight):
    with pytest.raises(ConfigError, match="a weight from 0 to 1"):
        nobody_yet(network(), weight=weight)
