import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engines.networks.fusion import Fusion, kept
from engines.networks.interview_network import History, InterviewNetwork
from engines.sequence.shape import BranchShape, NetworkShape

TICKS = 40


def shape(**changed):
    stated = {
        "image": BranchShape(features=6, layers=1),
        "keypoints": BranchShape(features=5, layers=2),
        "text": BranchShape(features=4, layers=0, pooling="newest"),
        "width": 16,
        "heads": 2,
        "looks": 2,
        "band_s": 1.0,
        "classes": 3,
    }
    return NetworkShape(**(stated | changed))


def histories(batch=2, ticks=TICKS):
    extents = {"image": (6,), "keypoints": (137, 5), "text": (4,)}
    return {
        name: History(
            features=torch.randn(batch, ticks, *extent), valid=torch.rand(batch, ticks) > 0.3
        )
        for name, extent in extents.items()
    }


def cut(given, ticks):
    return {
        name: History(features=part.features[:, :ticks], valid=part.valid[:, :ticks])
        for name, part in given.items()
    }


@pytest.mark.parametrize("body", ["mlp", "gcn"])
@torch.no_grad()
def test_a_reading_at_an_early_tick_is_that_of_the_history_until_then(body):
    network, given = InterviewNetwork(shape(body=body)).eval(), histories()
    at = torch.tensor([[4, 20, 39], [0, 11, 30]])
    logits = network(given, at=at)
    assert logits.shape == (2, 3, 3)
    for row in range(2):
        for place, tick in enumerate(at[row].tolist()):
            alone = network(cut(given, tick + 1))[row, 0]
            assert (logits[row, place] - alone).abs().max() < 1e-5


@torch.no_grad()
def test_a_modality_that_is_left_out_is_one_without_data():
    network, given = InterviewNetwork(shape()).eval(), histories()
    empty = {
        **given,
        "text": History(
            features=given["text"].features, valid=torch.zeros(2, TICKS, dtype=torch.bool)
        ),
    }
    without = {name: part for name, part in given.items() if name != "text"}
    assert torch.equal(network(empty), network(without))
    assert not torch.equal(network(given), network(without))


@torch.no_grad()
def test_the_same_weights_run_bidirectionally():
    streaming = InterviewNetwork(shape()).eval()
    whole = InterviewNetwork(shape(encoder="bidirectional")).eval()
    whole.load_state_dict(streaming.state_dict())
    given = histories()
    assert whole(given).shape == (2, 1, 3)
    assert not torch.allclose(whole(given), streaming(given), atol=1e-5)


def test_every_parameter_learns_from_early_and_late_readings():
    network = InterviewNetwork(shape())
    logits = network(histories(), at=torch.tensor([[10, 39], [12, 39]]))
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor([0, 1, 2, 0])).backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None]
    assert not silent


def test_a_shape_without_modalities_or_with_odd_heads_is_refused():
    with pytest.raises(ValueError, match="at least one of image, keypoints, text"):
        NetworkShape(keypoints=None)
    with pytest.raises(ValueError, match="multiple of twice the heads"):
        shape(width=18)


present_rows = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=20)


@given(present=present_rows, share=st.floats(0, 1))
def test_modality_dropout_never_adds_one_and_never_takes_the_last(present, share):
    given = torch.tensor(present)
    left = kept(given, share)
    assert not (left & ~given).any()
    assert torch.equal(left.any(1), given.any(1))


def test_modality_dropout_is_for_training_alone():
    fusion = Fusion(pooled=[4, 4], width=8, classes=2, dropout=0.0, modality_dropout=0.5)
    pooled = [torch.randn(64, 1, 4), torch.randn(64, 1, 4)]
    present = torch.ones(64, 2, dtype=torch.bool)
    assert not torch.equal(fusion(pooled, present), fusion(pooled, present))
    fusion.eval()
    assert torch.equal(fusion(pooled, present), fusion(pooled, present))


def test_what_a_missing_modality_holds_does_not_matter():
    fusion = Fusion(pooled=[4, 4], width=8, classes=2).eval()
    present = torch.tensor([[True, False]])
    first, second = torch.randn(1, 1, 4), torch.randn(1, 1, 4)
    assert torch.equal(fusion([first, second], present), fusion([first, 1e30 * second], present))
