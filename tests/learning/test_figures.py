"""The pictures hold what they are to show; how they look was looked at."""

from math import inf

import numpy as np
import pytest
from matplotlib.image import imread

from training.errors import DatasetError
from training.evaluation.figures import draw_confusion, draw_curves, draw_moments, draw_reliability
from training.evaluation.scores import score
from training.interview import Entry
from training.prediction import Predictions


def drawn(path):
    """Return the picture, after it was found to be one with something in it."""
    picture = imread(path)
    assert min(picture.shape[:2]) > 300
    assert 0.01 < (picture[..., :3].min(axis=2) < 0.9).mean() < 0.9
    return picture


@pytest.fixture
def answers():
    random = np.random.default_rng(0)
    labels = random.integers(3, size=90)
    return random.dirichlet([1, 1, 1], size=90), labels


def test_reliability_and_confusion_are_drawn_of_any_classes(answers, tmp_path):
    named = {"network": "A network", "things": "interviews"}
    draw_reliability(*answers, tmp_path / "new" / "reliability.png", **named)
    drawn(tmp_path / "new" / "reliability.png")
    draw_confusion(*answers, ("a", "b", "c"), tmp_path / "confusion.png", **named)
    drawn(tmp_path / "confusion.png")


def test_a_class_without_examples_is_drawn_as_a_row_of_nothing(answers, tmp_path):
    probabilities, labels = answers
    labels = np.where(labels == 1, 0, labels)
    named = {"network": "A network", "things": "interviews"}
    draw_confusion(probabilities, labels, ("a", "b", "c"), tmp_path / "confusion.png", **named)
    drawn(tmp_path / "confusion.png")


@pytest.mark.parametrize("labels", ["both", "one"])
def test_early_and_late_are_drawn_with_what_there_is(labels, tmp_path):
    random = np.random.default_rng(0)
    entries = tuple(
        Entry(name=str(row), subject=str(row // 2), label=row // 2 % 2 if labels == "both" else 1)
        for row in range(40)
    )
    logits = random.normal(size=(40, 3, 2)).astype(np.float32)
    some = Predictions(
        labels=("lost", "won"), entries=entries, after_s=(10.0, 60.0, inf), logits=logits
    )
    draw_moments(score(some), tmp_path / "moments.png", network="A network")
    drawn(tmp_path / "moments.png")


def test_the_curves_of_each_stage_are_drawn_beside_one_another(tmp_path):
    rows = ["epoch,loss,validation_loss,validation_balanced_accuracy"]
    rows += [f"{epoch},{1 / (1 + epoch)},{1 / (2 + epoch)}," for epoch in range(5)]
    table = tmp_path / "metrics.csv"
    table.write_text("\n".join([*rows, "5,0.1,0.2,0.6"]) + "\n")
    draw_curves({"image": table}, tmp_path / "one.png")
    draw_curves({"image": table, "joint": table}, tmp_path / "two.png")
    assert drawn(tmp_path / "two.png").shape[1] > drawn(tmp_path / "one.png").shape[1]


@pytest.mark.parametrize("text", [None, "", "epoch\n1\n", "a,b\n1,2\n", "epoch,loss\n1,many\n"])
def test_a_table_without_measures_is_refused(text, tmp_path):
    table = tmp_path / "metrics.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(DatasetError, match=r"metrics\.csv: expected"):
        draw_curves({"image": table}, tmp_path / "curves.png")
