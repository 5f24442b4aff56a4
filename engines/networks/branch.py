"""One modality from its features to what fusion takes: body, temporal encoder, pooling.

``BranchStep`` is the same branch for one tick, and what is exported for the stream.
"""

from typing import Final, Protocol

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from engines.networks.pooling import AttentionPooling, NewestToken
from engines.networks.temporal import TemporalEncoder, TemporalStep


class Body(Protocol):
    """From a tick's features to a token; it may look at ticks before, never at later ones."""

    ticks: int

    def __call__(
        self, features: Float[Tensor, "B T ..."], valid: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T D"]:
        """Return tokens; one on a tick without data means nothing."""
        ...


class Projection(nn.Module):
    """The body of a branch whose features are an embedding already.

    Args:
        features: Width of the embedding.
        width: Of the token.
        dropout: Of the embedding, in training.

    Attributes:
        ticks: How many ticks a token looks at.
    """

    ticks: Final = 1

    def __init__(self, *, features: int, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.projected = nn.Sequential(
            nn.LayerNorm(features), nn.Dropout(dropout), nn.Linear(features, width)
        )

    def forward(
        self, features: Float[Tensor, "B T F"], valid: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T D"]:
        """Return tokens."""
        del valid  # no tick looks at another
        token: Tensor = self.projected(features)
        return token


class Branch(nn.Module):
    """A modality over a history.

    Args:
        body: From features to tokens.
        encoder: Over the tokens.
        pooling: Of what the encoder makes of them.
    """

    def __init__(
        self, *, body: Body, encoder: TemporalEncoder, pooling: AttentionPooling | NewestToken
    ) -> None:
        super().__init__()
        self.body = body
        self.encoder = encoder
        self.pooling = pooling

    @property
    def ticks(self) -> int:
        """How many ticks the body looks at, the own last."""
        ticks: int = self.body.ticks
        return ticks

    def forward(
        self,
        features: Float[Tensor, "B T ..."],
        valid: Bool[Tensor, "B T"],
        cos: Float[Tensor, "T h"],
        sin: Float[Tensor, "T h"],
    ) -> Float[Tensor, "B T D"]:
        """Return the encoded tokens; one on a tick without data means nothing.

        Args:
            features: Of every tick; what stands on one without data does not matter, NaN included.
            valid: True for the ticks that hold data.
            cos: Cosines of the ticks' absolute times.
            sin: Their sines.
        """
        held = valid.reshape(*valid.shape, *[1] * (features.ndim - 2))
        tokens = self.body(torch.where(held, features, 0.0), valid)
        encoded: Tensor = self.encoder(tokens, valid, cos, sin)
        return encoded

    def pooled(
        self,
        features: Float[Tensor, "B T ..."],
        valid: Bool[Tensor, "B T"],
        cos: Float[Tensor, "T h"],
        sin: Float[Tensor, "T h"],
        at: Int64[Tensor, "B N"],
    ) -> Float[Tensor, "B N P D"]:
        """Return what fusion takes at each tick that is asked for."""
        means: Tensor = self.pooling(self(features, valid, cos, sin), valid, at)
        return means


class BranchHistory(nn.Module):
    """The batch form that is exported: every tick's token and scores, to be pooled by the host.

    Args:
        branch: With its encoder's loop as a script.
    """

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.branch = branch

    def forward(
        self,
        features: Float[Tensor, "B T ..."],
        valid: Float[Tensor, "B T"],
        *turn: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run a history.

        Args:
            features: As of ``Branch``.
            valid: 1 for the ticks that hold data.
            turn: Cosines and sines, if the encoder has layers.

        Returns:
            Tokens [B T D] and, if the pooling attends, scores [B T P].
        """
        cos, sin = turn or (valid[0], valid[0])  # without layers nobody turns anything
        return scored(self.branch, self.branch(features, valid > 0, cos, sin))


class BranchStep(nn.Module):
    """The step form: one tick with data.

    Args:
        branch: Whose encoder has a band, or no layers.
    """

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.branch = branch
        self.step = TemporalStep(branch.encoder)

    def forward(self, features: Float[Tensor, "R ..."], *state: Tensor) -> tuple[Tensor, ...]:
        """Run a tick.

        Args:
            features: The last ``R`` ticks that the body looks at, the own last.
            state: ``seen`` [R], if R is more than 1: 1 where such a tick holds data; then, if the
                encoder has layers, cos, sin, bias, keys and values (``TemporalStep``).

        Returns:
            The token [1 D]; if the pooling attends, its scores [1 P]; with layers, the new key and
            value [L H h].
        """
        ticks, rest = self.branch.ticks, state
        seen = torch.ones(1, ticks, dtype=torch.bool)
        if ticks > 1:
            seen, rest = state[0][None] > 0, state[1:]
        token = self.branch.body(features[None], seen)[:, -1]
        if not self.branch.encoder.layers:
            return scored(self.branch, self.branch.encoder.norm(token))
        token, key, value = self.step(token, *rest)
        return *scored(self.branch, token), key, value


def scored(branch: Branch, tokens: Float[Tensor, "... D"]) -> tuple[Tensor, ...]:
    """Return tokens, and beside them the scores of a pooling that attends."""
    if isinstance(branch.pooling, AttentionPooling):
        return tokens, branch.pooling.scores(tokens)
    return (tokens,)
