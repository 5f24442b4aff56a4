import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calibration import prior
from calibration.answer import answer
from engines.sequence.checkpoint import Calibration

LOGITS = np.array([2.0, 1.0, -1.0], np.float32)


def test_without_a_calibration_it_is_the_softmax_and_never_abstains():
    found = answer(LOGITS, None)
    assert found.probabilities == pytest.approx(np.exp(LOGITS) / np.exp(LOGITS).sum())
    assert not found.abstains


def test_a_temperature_makes_it_less_sure_of_the_same_class():
    cool, warm = answer(LOGITS, None), answer(LOGITS, Calibration(temperature=2, n=10))
    assert warm.probabilities.argmax() == cool.probabilities.argmax()
    assert warm.probabilities.max() < cool.probabilities.max()
    assert np.diff(warm.read) == pytest.approx(np.diff(LOGITS) / 2)


def test_the_threshold_judges_what_would_be_published(network):
    held = Calibration(temperature=1, min_confidence=0.6, risk=0.1, n=100)
    assert not answer(LOGITS, held).abstains
    rare = {"negative": 0.05, "neutral": 0.5, "positive": 0.45}
    moved = answer(LOGITS, held, shift=prior.shift(network(), rare))
    assert moved.probabilities.max() < 0.6
    assert moved.abstains


@given(
    arrays(np.float32, 3, elements=st.floats(-1e4, 1e4, width=32)),
    st.floats(0.1, 10),
)
def test_probabilities_sum_to_one_however_large_the_logits(logits, temperature):
    found = answer(logits, Calibration(temperature=temperature, n=1))
    assert found.probabilities.sum() == pytest.approx(1)
    assert np.isfinite(found.read).all()
