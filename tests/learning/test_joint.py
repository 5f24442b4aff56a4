import pytest
import torch

from engines.networks.interview_network import History, InterviewNetwork
from engines.sequence.shape import BranchShape, NetworkShape
from training.learning.joint import alone, joined

SHAPE = NetworkShape(
    image=BranchShape(features=6, layers=1),
    keypoints=BranchShape(features=5, layers=1),
    text=BranchShape(features=4, layers=0, pooling="newest"),
    width=16,
    heads=2,
    looks=2,
    band_s=4.0,
    classes=3,
    modality_dropout=0.4,
)


@pytest.fixture
def histories(seeded):
    extents = {"image": (6,), "keypoints": (137, 5), "text": (4,)}
    return {
        name: History(features=torch.randn(2, 30, *extent), valid=torch.rand(2, 30) > 0.3)
        for name, extent in extents.items()
    }


@torch.no_grad()
def test_the_joint_network_begins_as_the_sum_of_what_the_branches_say(histories):
    singles = {name: InterviewNetwork(alone(SHAPE, name)).eval() for name in SHAPE.branches}
    network = joined(SHAPE, singles).eval()
    said = {name: singles[name]({name: own}) for name, own in histories.items()}
    assert torch.allclose(network(histories), sum(said.values()), atol=1e-5)
    for name in histories:
        assert torch.allclose(network({name: histories[name]}), said[name], atol=1e-5)


def test_a_network_of_one_branch_drops_no_modality():
    shape = alone(SHAPE, "keypoints")
    assert list(shape.branches) == ["keypoints"]
    assert shape.modality_dropout == 0
