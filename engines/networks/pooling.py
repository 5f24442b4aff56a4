"""Attention pooling: a few weighted means over all ticks so far, whose weights the ticks choose.

The form over a history is here; the one that runs tick by tick is ``engines.sequence.pooling``,
which takes the same scores. A reading at an early tick is the mean of what came until then, so one
pass over a history gives the reading at every tick that is asked for.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from engines.sequence.ring import UNSEEN


class AttentionPooling(nn.Module):
    """Scores of ticks, and the means that they weigh.

    Args:
        width: Of a token.
        looks: How many means.
    """

    def __init__(self, *, width: int, looks: int) -> None:
        super().__init__()
        self.scores = nn.Linear(width, looks)

    def forward(
        self,
        tokens: Float[Tensor, "B T D"],
        valid: Bool[Tensor, "B T"],
        at: Int64[Tensor, "B N"],
    ) -> Float[Tensor, "B N P D"]:
        """Pool the ticks up to each that is asked for; zero where none held data."""
        seen = until(valid, at)
        scores = self.scores(tokens).transpose(1, 2)[:, None]  # [B 1 P T]
        weights = (scores + (~seen)[:, :, None] * UNSEEN).softmax(3)
        pooled = torch.einsum("bnpt,btd->bnpd", weights, tokens)
        return pooled * seen.any(2)[:, :, None, None]


class NewestToken(nn.Module):
    """The last tick that held data: for vectors that speak of all that came before."""

    def forward(
        self,
        tokens: Float[Tensor, "B T D"],
        valid: Bool[Tensor, "B T"],
        at: Int64[Tensor, "B N"],
    ) -> Float[Tensor, "B N 1 D"]:
        """Return the newest token at each tick that is asked for; zero where there is none."""
        seen = until(valid, at)
        places = torch.arange(seen.shape[2], device=seen.device)
        newest = (seen * places).argmax(2)
        rows = torch.arange(len(tokens), device=seen.device)[:, None]
        return (tokens[rows, newest] * seen.any(2)[:, :, None])[:, :, None]


def until(valid: Bool[Tensor, "B T"], at: Int64[Tensor, "B N"]) -> Bool[Tensor, "B N T"]:
    """Return which ticks hold data and are not later than those that are asked for."""
    places = torch.arange(valid.shape[1], device=valid.device)
    return valid[:, None] & (places <= at[:, :, None])
