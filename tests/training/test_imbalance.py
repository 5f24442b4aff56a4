import numpy as np
import pytest

from training.errors import DatasetError
from training.learning.imbalance import class_weights, evenly_drawn, shuffled, taken_prior
from training.learning.recipe import Recipe

LABELS = [1] * 9 + [0] * 3


def test_weights_make_all_classes_count_alike_and_are_1_on_average():
    weights = class_weights(LABELS, classes=2)
    assert weights.tolist() == [2.0, 12 / 18]
    assert weights[LABELS].mean() == pytest.approx(1)


def test_a_class_without_interviews_is_refused():
    with pytest.raises(DatasetError, match="class 2: none of the 12 interviews to train on"):
        class_weights(LABELS, classes=3)


def test_the_rare_class_is_drawn_as_often_and_nothing_of_the_frequent_one_is_left_out():
    rows = evenly_drawn(LABELS, np.random.default_rng(0))
    drawn = np.array(LABELS)[rows]
    assert (drawn == 0).sum() == (drawn == 1).sum() == 9
    assert set(rows.tolist()) == set(range(12))
    assert np.bincount(rows)[9:].tolist() == [3, 3, 3]


def test_a_shuffle_has_everything_once():
    assert sorted(shuffled(LABELS, np.random.default_rng(0)).tolist()) == list(range(12))


@pytest.mark.parametrize(
    ("balance", "expected"),
    [("weights", (0.5, 0.5)), ("sampler", (0.5, 0.5)), ("none", (0.25, 0.75))],
)
def test_what_is_balanced_takes_even_classes_for_granted(balance, expected):
    recipe = Recipe(name="any", balance=balance)
    assert taken_prior(recipe, LABELS, classes=2) == expected
