import numpy as np
import pytest

from calibration.threshold import abstains, choose_threshold, share
from engines.sequence.checkpoint import Calibration


def questions(confidence, right):
    confidence = np.asarray(confidence, np.float64)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    return probabilities, np.where(right, 0, 1)


def calibrated_questions(n=2_000, seed=0):
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.5, 1, n)
    return questions(confidence, random.random(n) < confidence)


def test_the_risk_is_kept_and_no_lower_confidence_would_keep_it():
    probabilities, labels = calibrated_questions()
    found = choose_threshold(probabilities, labels, risk=0.1)
    confidence, wrong = probabilities.max(1), probabilities.argmax(1) != labels
    answered = confidence >= found.min_confidence
    assert wrong[answered].mean() <= 0.1
    assert found.wrong.value == pytest.approx(wrong[answered].mean())
    assert found.coverage.value == pytest.approx(answered.mean())
    for lower in np.unique(confidence[confidence < found.min_confidence]):
        assert wrong[confidence >= lower].mean() > 0.1
    # uniform confidences above .8 are right nine times in ten
    assert found.min_confidence == pytest.approx(0.8, abs=0.03)


def test_a_risk_that_is_kept_anyhow_answers_everything():
    probabilities, labels = calibrated_questions()
    found = choose_threshold(probabilities, labels, risk=0.5)
    assert found.coverage.value == 1
    assert found.min_confidence == probabilities.max(1).min()


def test_where_no_confidence_keeps_the_risk_there_is_none():
    confidence = np.linspace(0.5, 0.99, 200)
    right = np.arange(200) % 2 == 0
    assert choose_threshold(*questions(confidence, right), risk=0.05) is None


def test_one_lucky_answer_is_no_threshold():
    confidence = np.linspace(0.99, 0.5, 100)
    right = np.zeros(100, bool)
    right[0] = True
    assert choose_threshold(*questions(confidence, right), risk=0.1) is None
    assert choose_threshold(*questions(confidence, right), risk=0.1, min_answers=1) is not None


def test_answers_of_one_confidence_are_given_or_withheld_together():
    confidence = [0.9] * 30 + [0.6] * 30
    right = [True] * 30 + [True] * 15 + [False] * 15
    found = choose_threshold(*questions(confidence, right), risk=0.1)
    assert (found.min_confidence, found.wrong.n) == (0.9, 30)


def test_it_abstains_below_the_threshold_and_only_if_a_risk_was_stated():
    held = Calibration(temperature=1, min_confidence=0.7, risk=0.1, n=100)
    assert abstains(np.array([0.69, 0.31]), held)
    assert not abstains(np.array([0.7, 0.3]), held)
    never = Calibration(temperature=1, min_confidence=0.7, n=100)
    assert not abstains(np.array([0.5, 0.5]), never)
    assert not abstains(np.array([0.5, 0.5]), None)


def test_no_mistake_in_thirty_is_no_promise():
    none = share(0, 30)
    assert (none.value, none.low) == (0, 0)
    assert 0.1 < none.high < 0.13
    # Wilson's interval of 72 in 104 (the paper's accuracy) is .60 to .77
    paper = share(72, 104)
    assert (round(paper.low, 2), round(paper.high, 2)) == (0.6, 0.77)
