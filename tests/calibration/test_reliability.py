import numpy as np
import pytest

from calibration.reliability import reliability


def of(confidence, right):
    confidence = np.asarray(confidence, np.float64)
    return np.stack([confidence, 1 - confidence], axis=1), np.where(right, 0, 1)


def test_a_bin_holds_its_mean_sureness_and_how_often_it_is_right():
    found = reliability(*of([0.62, 0.64, 0.93, 0.95], [True, False, True, True]), bins=10)
    assert found.middle == pytest.approx([0.65, 0.95])
    assert found.confidence == pytest.approx([0.63, 0.94])
    assert found.right == pytest.approx([0.5, 1.0])
    assert found.count.tolist() == [2, 2]
    assert found.ece == pytest.approx((0.13 + 0.06) / 2)


def test_a_confidence_of_one_lies_in_the_last_bin():
    found = reliability(*of([1.0], [True]))
    assert found.count.tolist() == [1]
    assert found.ece == 0


def test_who_is_as_sure_as_right_has_little_error_and_who_is_surer_has_more():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.5, 1, 20_000)
    right = random.random(20_000) < confidence
    assert reliability(*of(confidence, right)).ece < 0.015
    sharper = confidence**2 / (confidence**2 + (1 - confidence) ** 2)
    assert reliability(*of(sharper, right)).ece > 0.05


def test_of_nothing_there_is_no_reliability():
    with pytest.raises(ValueError, match="no answers"):
        reliability(np.zeros((0, 2)), np.zeros(0, np.int64))
