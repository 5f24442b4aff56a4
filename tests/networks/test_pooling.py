import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engines.networks.pooling import AttentionPooling, NewestToken
from engines.sequence.pooling import RunningPooling


@given(mask=st.lists(st.booleans(), min_size=1, max_size=40), data=st.data())
@torch.no_grad()
def test_a_prefix_is_pooled_as_if_the_rest_had_not_come(mask, data):
    pooling, valid = AttentionPooling(width=8, looks=3), torch.tensor([mask])
    tokens = torch.randn(1, len(mask), 8)
    at = data.draw(st.integers(0, len(mask) - 1))
    prefix = pooling(tokens, valid, torch.tensor([[at]]))
    cut = pooling(tokens[:, : at + 1], valid[:, : at + 1], torch.tensor([[at]]))
    assert (prefix - cut).abs().max() < 1e-6


@given(mask=st.lists(st.booleans(), min_size=1, max_size=40))
@torch.no_grad()
def test_the_running_form_is_the_same_function(mask):
    pooling, valid = AttentionPooling(width=8, looks=3), torch.tensor([mask])
    tokens = torch.randn(1, len(mask), 8)
    whole = pooling(tokens, valid, torch.tensor([[len(mask) - 1]]))[0, 0]
    running = RunningPooling(looks=3, width=8)
    for token, score in zip(tokens[valid], pooling.scores(tokens)[valid], strict=True):
        running.add(token.numpy(), score.numpy())
    assert running.pooled() == pytest.approx(whole.numpy(), abs=1e-6)


@pytest.mark.parametrize("pooling", [AttentionPooling(width=4, looks=2), NewestToken()])
def test_nothing_seen_is_pooled_to_zero(pooling):
    means = pooling(
        torch.randn(2, 5, 4), torch.zeros(2, 5, dtype=torch.bool), torch.tensor([[4]] * 2)
    )
    assert not means.any()


def test_the_newest_token_is_the_last_that_held_data():
    tokens = torch.arange(6.0)[None, :, None]
    valid = torch.tensor([[False, True, False, True, False, False]])
    found = NewestToken()(tokens, valid, torch.tensor([[0, 1, 2, 3, 5]]))
    assert found.flatten().tolist() == [0, 1, 1, 3, 3]
