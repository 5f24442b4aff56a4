import numpy as np
import pytest

from calibration import prior
from calibration.answer import answer
from engines.errors import ConfigError

EVEN = {"negative": 1 / 3, "neutral": 1 / 3, "positive": 1 / 3}


def test_somebody_who_shows_nothing_amounts_to_the_declared_prior(network):
    declared = {"positive": 0.1, "negative": 0.7, "neutral": 0.2}
    moved = prior.shift(network(), declared)
    found = answer(np.log([0.2, 0.5, 0.3]), None, shift=moved)
    assert found.probabilities == pytest.approx([0.7, 0.2, 0.1])


def test_what_was_counted_under_one_prior_is_right_under_another(network):
    # cues as frequent as p(cue | class): Bayes' rule under either prior
    cue = np.array([0.9, 0.3, 0.1])
    learned, used = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.3, 0.1])
    logits = np.log(learned * cue)
    declared = dict(zip(network().labels, used, strict=True))
    found = answer(logits, None, shift=prior.shift(network(), declared))
    assert found.probabilities == pytest.approx(used * cue / (used * cue).sum())


def test_the_prior_that_the_network_took_for_granted_changes_nothing(network):
    declared = dict(zip(network().labels, network().prior, strict=True))
    assert prior.shift(network(), declared) == pytest.approx(np.zeros(3))


@pytest.mark.parametrize(
    "shares",
    [
        {"negative": 0.5, "neutral": 0.5, "positive": 0.5},
        {"negative": 0.5, "neutral": 0.5, "positive": 0.0},
        {"negative": 1.5, "neutral": -0.6, "positive": 0.1},
        {"negative": 0.5, "neutral": 0.5, "positive": float("nan")},
    ],
)
def test_shares_that_are_no_prior_are_refused(network, shares):
    with pytest.raises(ConfigError, match="expected positive shares that sum to 1"):
        prior.shift(network(), shares)


def test_a_prior_of_other_classes_is_refused(network):
    with pytest.raises(ConfigError, match="a share of each of negative, neutral, positive"):
        prior.shift(network(), {"lost": 0.5, "won": 0.5})


def test_a_network_whose_prior_is_not_known_takes_no_other(network):
    with pytest.raises(ConfigError, match="its description has no prior"):
        prior.shift(network(prior=None), EVEN)
