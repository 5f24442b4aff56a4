import numpy as np
import pytest

from calibration.answer import answer, probabilities
from calibration.domain_fit import fit_calibration
from calibration.reliability import reliability
from calibration.temperature_fit import fit_temperature


def overconfident(n, factor=2.5, seed=0, classes=3):
    """Return logits that are as right as they would be sure if they were divided by the factor."""
    random = np.random.default_rng(seed)
    honest = random.normal(size=(n, classes)) * 1.5
    chances = probabilities(honest, None)
    labels = np.array([random.choice(classes, p=row) for row in chances])
    return (honest * factor).astype(np.float32), labels


def test_the_temperature_by_which_logits_were_sharpened_is_found():
    logits, labels = overconfident(4_000)
    assert fit_temperature(logits, labels) == pytest.approx(2.5, rel=0.06)


def test_a_prior_that_is_not_the_fold_s_is_not_taken_for_sureness():
    random = np.random.default_rng(0)
    labels = (random.random(4_000) < 0.85).astype(np.int64)
    # a cue that most of class 1 and half of class 0 show: honest evidence
    cue = random.random(4_000) < np.where(labels, 0.9, 0.5)
    evidence = np.where(cue, np.log(0.9 / 0.5), np.log(0.1 / 0.5))
    logits = np.stack([np.zeros_like(evidence), evidence], axis=1)[:, None]
    blind = fit_calibration(logits, labels, risk=None).calibration.temperature
    told = fit_calibration(logits, labels, risk=None, taken=(0.5, 0.5)).calibration.temperature
    assert told == pytest.approx(1, abs=0.1)
    assert abs(blind - 1) > 0.2


def test_calibrated_probabilities_are_as_sure_as_right_on_data_that_was_not_fitted_on():
    logits, labels = overconfident(1_000)
    fitted = fit_calibration(logits[:, None], labels, risk=None).calibration
    fresh, right = overconfident(4_000, seed=1)
    before = reliability(probabilities(fresh, None), right).ece
    after = reliability(probabilities(fresh, fitted), right).ece
    assert before > 0.08
    assert after < 0.03


def test_the_risk_is_about_kept_on_data_that_was_not_chosen_on():
    logits, labels = overconfident(1_000)
    fitted = fit_calibration(logits[:, None], labels, risk=0.15)
    fresh, right = overconfident(2_000, seed=1)
    found = [answer(row, fitted.calibration) for row in fresh]
    given = np.array([not one.abstains for one in found])
    wrong = np.array([one.probabilities.argmax() for one in found]) != right
    assert 0.2 < given.mean() < 0.9
    assert wrong[given].mean() == pytest.approx(0.15, abs=0.04)
    assert fitted.threshold.wrong.value <= 0.15
    assert fitted.calibration.risk == 0.15


def test_early_readings_are_calibrated_along_and_count_as_one_interview():
    logits, labels = overconfident(300)
    both = np.stack([logits / 4, logits], axis=1)
    fitted = fit_calibration(both, labels, risk=None).calibration
    assert fitted.n == 300
    assert (
        fitted.temperature < fit_calibration(both[:, 1:], labels, risk=None).calibration.temperature
    )


def test_where_no_confidence_keeps_the_risk_it_never_abstains_and_says_no_risk():
    random = np.random.default_rng(0)
    logits, labels = (
        random.normal(size=(300, 1, 2)).astype(np.float32),
        random.integers(2, size=300),
    )
    fitted = fit_calibration(logits, labels, risk=0.01)
    assert fitted.threshold is None
    assert fitted.calibration.risk is None
    assert not answer(logits[0, 0], fitted.calibration).abstains


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite logits"):
        fit_temperature(np.full((3, 2), np.nan), np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="finite logits"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, np.int64))
