"""The temporal encoder: one set of weights, three ways to run it.

``TemporalEncoder`` with ``band=None`` is the paper's encoder of ultra-long sequences: every tick
sees every other, ten thousand at once. With a band each tick sees itself and the W - 1 before it,
and ``TemporalStep`` is that same function for one tick at a time. The three agree on where a weight
is, so what was trained as one runs as another.
"""

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.attention import attend, key_bias

FEED_FORWARD: Final = 4  # times the width, as in Vaswani et al. 2017


class TemporalEncoder(nn.Module):
    """Layers of attention over the time grid, normalised before each part and at the end.

    Args:
        width: Of a token.
        layers: How many; with none, tokens are only normalised.
        heads: Of each layer.
        band: How many ticks a tick sees, the own last; None: all, before and after.
        dropout: Of what a layer adds, in training.
    """

    def __init__(
        self, *, width: int, layers: int, heads: int, band: int | None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.band = band
        self.heads = heads
        self.layers = nn.ModuleList(
            Layer(width=width, heads=heads, dropout=dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        tokens: Float[Tensor, "B T D"],
        valid: Bool[Tensor, "B T"],
        cos: Float[Tensor, "T h"],
        sin: Float[Tensor, "T h"],
    ) -> Float[Tensor, "B T D"]:
        """Encode a history; what comes out on a tick without data means nothing.

        Args:
            tokens: Finite on every tick.
            valid: True for the ticks that hold data.
            cos: Cosines of the ticks' absolute times (``engines.sequence.rotary``).
            sin: Their sines.
        """
        bias = key_bias(valid, tokens.dtype)
        for layer in self.layers:
            tokens = layer(tokens, bias, cos, sin, self.band or 0)
        encoded: Tensor = self.norm(tokens)
        return encoded


class Layer(nn.Module):
    """Attention and a feed-forward part.

    Args:
        width: Of a token.
        heads: How many.
        dropout: Of what each part adds.
    """

    def __init__(self, *, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.before_forward = nn.LayerNorm(width)
        self.wide = nn.Linear(width, FEED_FORWARD * width)
        self.narrow = nn.Linear(FEED_FORWARD * width, width)
        self.dropout = nn.Dropout(dropout)
        # the export puts a script in its place, whose loop a graph can keep
        self.attend: Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor] = attend

    def forward(
        self,
        tokens: Float[Tensor, "B T D"],
        bias: Float[Tensor, "B 1 1 T"],
        cos: Float[Tensor, "T h"],
        sin: Float[Tensor, "T h"],
        band: int,
    ) -> Float[Tensor, "B T D"]:
        """Run the layer over a history."""
        query, key, value = self.split(tokens, cos, sin)
        seen = self.attend(query, key, value, bias, band)
        return self.rest(tokens, seen.transpose(1, 2).flatten(2))

    def split(
        self, tokens: Float[Tensor, "B T D"], cos: Float[Tensor, "T h"], sin: Float[Tensor, "T h"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values [B H T h], the first two turned."""
        parts = self.query_key_value(self.before_attention(tokens))
        query, key, value = parts.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return turned(query, cos, sin), turned(key, cos, sin), value

    def rest(
        self, tokens: Float[Tensor, "B T D"], seen: Float[Tensor, "B T D"]
    ) -> Float[Tensor, "B T D"]:
        """Add what was seen, and what the feed-forward part makes of it."""
        tokens = tokens + self.dropout(self.attended(seen))
        wide = functional.gelu(self.wide(self.before_forward(tokens)))
        return tokens + self.dropout(self.narrow(wide))


class TemporalStep(nn.Module):
    """The encoder for one tick; its past is only read, its new keys and values come out.

    The softmax is written out: the past lies in one tensor and the own key in another, and putting
    them together would copy the ring.

    Args:
        encoder: With a band.
    """

    def __init__(self, encoder: TemporalEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(  # noqa: PLR0917 (an exported graph knows places only)
        self,
        token: Float[Tensor, "1 D"],
        cos: Float[Tensor, "1 h"],
        sin: Float[Tensor, "1 h"],
        bias: Float[Tensor, "1 W"],
        keys: Float[Tensor, "L H W h"],
        values: Float[Tensor, "L H W h"],
    ) -> tuple[Float[Tensor, "1 D"], Float[Tensor, "L H h"], Float[Tensor, "L H h"]]:
        """Encode a tick.

        Args:
            token: The tick's.
            cos: Cosines of its absolute time.
            sin: Their sines.
            bias: 0 where a slot holds a tick of the band, -1e4 elsewhere.
            keys: The past W - 1 ticks' keys, turned, in any order.
            values: Their values.
        """
        tokens, new_keys, new_values = token[None], [], []
        for place, layer in enumerate(self.encoder.layers):
            query, key, value = (part[0] for part in layer.split(tokens, cos, sin))
            scale = query.shape[2] ** -0.5
            query = query * scale
            past = query @ keys[place].transpose(1, 2) + bias  # [H 1 W]
            own = (query * key).sum(2, keepdim=True)
            weights = torch.cat([past, own], dim=2).softmax(2)
            seen = weights[:, :, :-1] @ values[place] + weights[:, :, -1:] * value
            tokens = layer.rest(tokens, seen.transpose(0, 1).flatten(1)[None])
            new_keys.append(key[:, 0])
            new_values.append(value[:, 0])
        return self.encoder.norm(tokens)[0], _stacked(new_keys), _stacked(new_values)


def turned(
    heads: Float[Tensor, "B H T h"], cos: Float[Tensor, "T h"], sin: Float[Tensor, "T h"]
) -> Float[Tensor, "B H T h"]:
    """Turn the halves of each head against each other, pair by pair."""
    first, second = heads.chunk(2, dim=3)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=3)


def _stacked(parts: list[Tensor]) -> Tensor:
    # a stack of one is an idle node, with which a runtime drops the output's name
    return parts[0][None] if len(parts) == 1 else torch.stack(parts)
