import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engines.networks.keypoint_gcn import SKELETON, KeypointGcn
from engines.networks.keypoint_mlp import STREAMS, KeypointMlp

NETWORKS = {
    "mlp": lambda: KeypointMlp(width=32),
    "attended": lambda: KeypointMlp(width=32, attended=True),
    "gcn": lambda: KeypointGcn(width=32, channels=(8, 12)),
}


def keypoints(ticks, *, missing=0.2):
    points = torch.randn(1, ticks, 137, 5)
    points[..., 2] = (torch.rand(1, ticks, 137) > missing) * torch.rand(1, ticks, 137)
    return points


def held(ticks):
    return torch.ones(1, ticks, dtype=torch.bool)


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("attended", [False, True])
def test_the_perceptron_has_at_most_600_thousand_parameters(attended):
    assert parameters(KeypointMlp(width=256, attended=attended)) <= 600_000


def test_the_streams_are_body_hands_and_face():
    assert [end - first for first, end in STREAMS] == [25, 42, 70]
    assert STREAMS[0][0] == 0
    assert STREAMS[-1][1] == 137


@pytest.mark.parametrize("name", NETWORKS)
@given(rubbish=st.sampled_from([1e30, -5.0, np.nan]))
@torch.no_grad()
def test_what_a_missing_joint_holds_does_not_matter(name, rubbish):
    network, points = NETWORKS[name]().eval(), keypoints(12)
    spoilt = torch.where(points[..., 2:3] > 0, points, rubbish)
    spoilt[..., 2] = points[..., 2]
    assert torch.equal(network(points, held(12)), network(spoilt, held(12)))


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_a_token_depends_on_the_ticks_it_says_and_on_none_after(name):
    network, points = NETWORKS[name]().eval(), keypoints(40)
    other = points.clone()
    other[:, 10, 5] = torch.tensor([3.0, 3.0, 1.0, 3.0, 3.0])
    before, after = (network(rows, held(40)) for rows in (points, other))
    changed = ((before - after).abs().amax(2)[0] > 1e-7).nonzero().flatten().tolist()
    assert changed[0] == 10
    assert changed[-1] < 10 + network.ticks
    assert (changed[-1] > 10) == (name == "gcn")


@torch.no_grad()
def test_the_last_ticks_alone_give_the_same_token_of_the_graph_convolution():
    network, points = NETWORKS["gcn"]().eval(), keypoints(60)
    valid = torch.rand(1, 60) > 0.3
    valid[:, -1] = True
    last = slice(60 - network.ticks, None)
    whole, part = network(points, valid)[:, -1], network(points[:, last], valid[:, last])[:, -1]
    assert (whole - part).abs().max() < 1e-6


def test_the_skeleton_hangs_together():
    reached, grown = {0}, True
    while grown:
        before = len(reached)
        for edge in SKELETON:
            if reached & set(edge):
                reached |= set(edge)
        grown = len(reached) > before
    assert len(reached) == 137


def test_other_skeletons_with_other_features_fit_both():
    points, edges = torch.randn(2, 9, 20, 12), [(joint, joint + 1) for joint in range(19)]
    valid = torch.ones(2, 9, dtype=torch.bool)
    mlp = KeypointMlp(width=32, streams=[(0, 20)], features=12)
    gcn = KeypointGcn(width=32, points=20, edges=edges, features=12)
    assert mlp(points, valid).shape == gcn(points, valid).shape == (2, 9, 32)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_learns(name):
    network = NETWORKS[name]()
    network(keypoints(20), held(20)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())
