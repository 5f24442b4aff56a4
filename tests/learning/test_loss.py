import pytest
import torch
from torch.nn import functional

from training.learning.loss import reading_losses, stage_loss

LABELS = torch.tensor([0, 2, 1])


def losses(logits, *, weights=(1.0, 1.0, 1.0), focus=0.0):
    return reading_losses(logits, LABELS, weights=torch.tensor(weights), focus=focus)


def test_without_focus_and_weights_it_is_cross_entropy():
    logits = torch.randn(3, 4, 3)
    for place in range(4):
        expected = functional.cross_entropy(logits[:, place], LABELS, reduction="none")
        assert losses(logits)[:, place] == pytest.approx(expected)


def test_a_class_weighs_as_stated():
    logits = torch.randn(3, 1, 3)
    assert losses(logits, weights=(1.0, 1.0, 3.0))[1] == pytest.approx(3 * losses(logits)[1])


def test_focus_takes_weight_from_what_is_known_already():
    sure, unsure = torch.tensor([4.0, 0.0, 0.0]), torch.tensor([0.2, 0.0, 0.0])
    logits = torch.stack([sure, unsure])[:, None]
    given = {"labels": torch.tensor([0, 0]), "weights": torch.ones(3)}
    plain = reading_losses(logits, focus=0.0, **given)
    focused = reading_losses(logits, focus=2.0, **given)
    left = focused / plain
    assert left[0] < 0.01
    assert left[1] > 0.3


def test_the_gradient_of_what_is_certain_is_a_number():
    logits = torch.tensor([[[200.0, 0.0, 0.0]]], requires_grad=True)
    reading_losses(logits, torch.tensor([0]), weights=torch.ones(3), focus=2.0).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_early_readings_count_by_their_weight_and_the_last_one_fully():
    some = torch.tensor([[1.0, 3.0, 10.0], [3.0, 1.0, 20.0]])
    assert stage_loss(some, early=0.5) == pytest.approx(15 + 0.5 * 2)
    assert stage_loss(some[:, -1:], early=0.5) == pytest.approx(15)
