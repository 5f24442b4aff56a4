import pytest
import torch

from engines.networks.face_encoder import FaceEncoder, FaceReader
from engines.networks.starter_rule import (
    FaceStep,
    RuleFusion,
    TextStep,
    Witness,
    expression_groups,
)
from engines.networks.text_head import TextHead
from engines.sequence.ring import UNSEEN

PRIOR = (0.5, 0.3, 0.2)
EVEN = (1 / 3, 1 / 3, 1 / 3)
FLOOR = 0.1


@pytest.fixture
def reader():
    encoder = FaceEncoder()
    encoder(torch.randn(32, 1, 48, 48))  # so that the running means are no zeros
    return FaceReader(encoder, temperature=0.7, smoothing=0.2).eval()


@pytest.fixture
def step(reader):
    return FaceStep(reader, prior=PRIOR, floor=FLOOR).eval()


def ring(values, slots=9):
    """A ring that holds values, and the cosines and sines of some tick."""
    bias, keys = torch.full((1, slots), UNSEEN), torch.zeros(1, 1, slots, 4)
    kept = torch.zeros(1, 1, slots, 4)
    for slot, value in values.items():
        bias[0, slot], kept[0, 0, slot] = 0, value
    return torch.randn(1, 2), torch.randn(1, 2), bias, keys, kept


def test_what_is_as_in_training_is_no_evidence():
    assert Witness(prior=PRIOR, floor=FLOOR)(torch.tensor([PRIOR])).abs().max() < 1e-6


def test_evidence_against_a_class_ends_at_the_floor():
    ratios = Witness(prior=PRIOR, floor=FLOOR)(torch.tensor([[1.0, 0.0, 0.0]])).exp()
    assert ratios[0, 1:3].tolist() == pytest.approx([FLOOR, FLOOR])
    assert ratios[0, 0] == pytest.approx(0.9 / 0.5 + 0.1)


def test_what_a_face_shows_is_what_its_encoder_says_of_it(reader, step):
    faces = torch.randint(0, 256, (20, 48, 48), dtype=torch.uint8)
    with torch.inference_mode():
        probabilities, embeddings = reader(faces)
        made = step.valences(embeddings)
    assert torch.allclose(made, probabilities @ expression_groups(), atol=1e-5)
    assert torch.allclose(made.sum(1), torch.ones(20), atol=1e-5)


def test_every_expression_counts_as_one_valence():
    groups = expression_groups()
    assert groups.sum(1).tolist() == [1] * 7
    assert groups.sum(0).tolist() == [4, 2, 1]


def test_a_tick_is_the_mean_of_itself_and_the_ring(step):
    first, second, own = (torch.randn(1, 160).abs() for _ in range(3))
    with torch.inference_mode():
        past = {
            slot: torch.cat([step.valences(face)[0], torch.zeros(1)])
            for slot, face in ((2, first), (7, second))
        }
        token, key, value = step(own, *ring(past))
        mean = torch.stack([step.valences(face)[0] for face in (first, second, own)]).mean(0)
        assert torch.allclose(token, step.witness(mean[None]), atol=1e-5)
        assert torch.allclose(value[0, 0, :3], step.valences(own)[0], atol=1e-6)
    assert key.shape == value.shape == (1, 1, 4)
    assert not key.any()


def test_an_empty_ring_leaves_the_tick_alone(step):
    own = torch.randn(1, 160).abs()
    with torch.inference_mode():
        token, _, _ = step(own, *ring({}))
        assert torch.allclose(token, step.witness(step.valences(own)), atol=1e-5)


def test_words_are_evidence_by_the_heads_calibrated_probabilities():
    head, texts = TextHead().eval(), torch.randn(3, 384)
    step = TextStep(head, temperature=2.0, prior=PRIOR, floor=FLOOR)
    with torch.inference_mode():
        expected = step.witness((head(texts) / 2).softmax(1))
        assert torch.allclose(step(texts), expected)


def test_only_those_who_are_present_are_added_to_the_prior():
    image, text = torch.randn(3, 1, 4), torch.randn(3, 1, 4)
    missing = torch.full((3, 1, 4), torch.nan)
    present = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [1.0, 0, 1.0]])
    logits = RuleFusion(prior=PRIOR)(image, missing, text, present)
    prior = torch.tensor(PRIOR).log()
    expected = [image[0, 0], text[1, 0], image[2, 0] + text[2, 0]]
    for row, ratios in enumerate(expected):
        assert torch.allclose(logits[row], ratios[:3] + prior, atol=1e-6)


def test_the_prior_shifts_the_sum_and_nothing_else():
    tokens, present = [torch.randn(1, 1, 4) for _ in range(2)], torch.ones(1, 2)
    declared, even = (RuleFusion(prior=prior)(*tokens, present) for prior in (PRIOR, EVEN))
    shift = torch.tensor(PRIOR).log() - torch.tensor(EVEN).log()
    assert torch.allclose(declared - even, shift, atol=1e-6)
