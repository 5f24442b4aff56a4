import numpy as np
import pytest

from training.starter.score import accuracy, auc, face_scores, scored, valence_scores


@pytest.fixture
def some():
    """Probabilities of 400 examples of three valences, right two times in three."""
    random = np.random.default_rng(0)
    labels = random.integers(3, size=400)
    logits = random.normal(size=(400, 3)) + 2 * np.eye(3)[labels] * (random.random((400, 1)) < 0.7)
    exact = np.exp(logits)
    return exact / exact.sum(1, keepdims=True), labels


def test_auc_counts_the_pairs_that_are_in_order():
    scores = np.array([0.1, 0.4, 0.4, 0.8])
    assert auc(scores, positive=np.array([False, False, True, True])) == 3.5 / 4
    assert auc(scores, positive=np.array([True, True, False, False])) == 0.5 / 4
    assert np.isnan(auc(scores, positive=np.ones(4, bool)))


def test_a_figure_lies_in_its_interval_which_shrinks_with_their_number(some):
    probabilities, labels = some
    many, few = (scored(accuracy, probabilities[:n], labels[:n]) for n in (400, 50))
    for score in (many, few):
        assert score.low <= score.value <= score.high
    assert many.n == 400
    assert many.high - many.low < few.high - few.low


def test_the_same_examples_give_the_same_interval(some):
    assert scored(accuracy, *some) == scored(accuracy, *some)


def test_what_takes_two_classes_is_null_where_there_is_one(some):
    probabilities, labels = some
    one = valence_scores(probabilities[labels == 2], labels[labels == 2])
    assert one["auc"].value is None
    assert one["auc"].n == (labels == 2).sum()
    assert one["accuracy"].value is not None
    neutral = valence_scores(probabilities[labels == 1], labels[labels == 1])
    assert neutral["auc"].n == 0


def test_neutral_and_surprise_take_no_part_in_the_auc_of_faces():
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(7), size=300)
    labels = random.integers(7, size=300)
    told = np.isin(labels, [0, 1, 2, 3, 5])
    assert face_scores(probabilities, labels)["auc"].n == told.sum()
