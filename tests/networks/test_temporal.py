import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import softmax

from engines.networks.attention import BLOCK, attend, key_bias
from engines.networks.branch import Branch, Projection
from engines.networks.pooling import AttentionPooling
from engines.networks.temporal import TemporalEncoder
from engines.sequence.rotary import rotary

HEADS, WIDTH = 2, 16


def plain(query, key, value, valid, band):
    """Attention with every score written out."""
    ticks = torch.arange(query.shape[2])
    ago = ticks[:, None] - ticks[None]
    seen = valid[:, None, None, :].expand(-1, 1, len(ticks), -1)
    if band:
        seen = seen & (ago >= 0) & (ago < band)
    scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
    return softmax(scores.masked_fill(~seen, -torch.inf), dim=3) @ value, seen.any(3)


@pytest.mark.parametrize("band", [0, 2, 40, 700, 5000])
@pytest.mark.parametrize("ticks", [1, 7, BLOCK, BLOCK + 1, 3 * BLOCK - 5])
def test_blocks_are_attention_written_out(ticks, band):
    query, key, value = torch.randn(3, 2, HEADS, ticks, 8)
    valid = torch.rand(2, ticks) > 0.3
    expected, sees = plain(query, key, value, valid, band)
    found = attend(query, key, value, key_bias(valid, torch.float32), band)
    assert found.shape == expected.shape
    rows = sees.expand(2, HEADS, ticks)
    assert (found[rows] - expected[rows]).abs().max() < 1e-5
    assert found.isfinite().all()


def branch(band, *, layers=2):
    return Branch(
        body=Projection(features=5, width=WIDTH),
        encoder=TemporalEncoder(width=WIDTH, layers=layers, heads=HEADS, band=band),
        pooling=AttentionPooling(width=WIDTH, looks=2),
    ).eval()


def turns(ticks, first=0):
    turn = rotary(np.arange(first, first + ticks), grid_hz=12.5, width=WIDTH // HEADS)
    return tuple(map(torch.from_numpy, turn))


masks = st.lists(st.booleans(), min_size=2, max_size=60)


@given(mask=masks, band=st.sampled_from([None, 2, 9, 100]), rubbish=st.sampled_from([1e30, np.nan]))
@torch.no_grad()
def test_what_stands_on_a_tick_without_data_does_not_matter(mask, band, rubbish):
    network, valid = branch(band), torch.tensor([mask])
    features = torch.randn(1, len(mask), 5)
    spoilt = torch.where(valid[:, :, None], features, rubbish)
    at = torch.tensor([[len(mask) - 1]])
    turn = turns(len(mask))
    assert torch.equal(network(features, valid, *turn)[valid], network(spoilt, valid, *turn)[valid])
    assert torch.equal(
        network.pooled(features, valid, *turn, at), network.pooled(spoilt, valid, *turn, at)
    )


@given(mask=masks, band=st.sampled_from([2, 9, 100]), data=st.data())
@torch.no_grad()
def test_later_ticks_never_change_earlier_ones(mask, band, data):
    network, valid = branch(band), torch.tensor([mask])
    tick = data.draw(st.integers(1, len(mask) - 1))
    features = torch.randn(1, len(mask), 5)
    other = features.clone()
    other[:, tick:] = torch.randn(1, len(mask) - tick, 5)
    before, after = (network(rows, valid, *turns(len(mask))) for rows in (features, other))
    earlier = valid[0, :tick]
    assert torch.equal(before[0, :tick][earlier], after[0, :tick][earlier])


@torch.no_grad()
def test_the_bidirectional_encoder_sees_what_comes_after():
    network, valid = branch(None), torch.ones(1, 30, dtype=torch.bool)
    features = torch.randn(1, 30, 5)
    other = features.clone()
    other[:, 29] = torch.randn(5)
    before, after = (network(rows, valid, *turns(30)) for rows in (features, other))
    assert (before[0, 0] - after[0, 0]).abs().max() > 1e-4


@torch.no_grad()
def test_what_left_the_band_of_every_layer_is_forgotten():
    network, valid = branch(5, layers=2), torch.ones(1, 40, dtype=torch.bool)
    features = torch.randn(1, 40, 5)
    other = features.clone()
    other[:, 10] = torch.randn(5)
    before, after = (network(rows, valid, *turns(40)) for rows in (features, other))
    changed = (before != after).any(2)[0].nonzero().flatten().tolist()
    assert changed[0] == 10
    assert changed[-1] == 10 + 2 * (5 - 1)


@torch.no_grad()
def test_a_history_means_the_same_whenever_it_happens():
    features, valid = torch.randn(1, 50, 5), torch.ones(1, 50, dtype=torch.bool)
    network = branch(20)
    now, later = (network(features, valid, *turns(50, first)) for first in (0, 1_080_000))
    assert (now - later).abs().max() < 1e-4


def test_one_set_of_weights_runs_either_way():
    streaming, bidirectional = branch(20), branch(None)
    bidirectional.load_state_dict(streaming.state_dict())
    assert sum(p.numel() for p in bidirectional.parameters()) == sum(
        p.numel() for p in streaming.parameters()
    )


ULTRA_LONG = """
import resource, sys, torch, numpy as np
from engines.networks.temporal import TemporalEncoder
from engines.sequence.rotary import rotary
torch.set_num_threads(1)
torch.set_grad_enabled(False)
encoder = TemporalEncoder(width=64, layers=2, heads=4, band=None).eval()
def run(ticks):
    turn = map(torch.from_numpy, rotary(np.arange(ticks), grid_hz=12.5, width=16))
    valid = torch.rand(1, ticks) > 0.2
    return encoder(torch.randn(1, ticks, 64), valid, *turn)
run(100)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert run(10_000).shape == (1, 10_000, 64)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_ten_thousand_ticks_in_one_pass_need_no_mask_of_pairs():
    done = subprocess.run(
        [sys.executable, "-c", ULTRA_LONG], check=True, capture_output=True, text=True
    )
    pairs_mb = 10_000**2 * 4 / 2**20  # one number for each pair, in f32
    assert float(done.stdout) < pairs_mb / 2
