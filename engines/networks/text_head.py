"""The starter's text head: negative, neutral or positive, from MiniLM's vector of a text.

A small network of about a hundred thousand parameters, trained here on GoEmotions
(``training/starter``); the encoder before it stays as it was published. It has three classes
because most of what people say is neutral, and a head that knows only two is sure of much of it.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("embedding",)
OUTPUTS: Final = ("logits",)

WIDTH: Final = 384  # of MiniLM's vectors
HIDDEN: Final = 256
VALENCES: Final = ("negative", "neutral", "positive")
"""The order of the logits."""


class TextHead(nn.Module):
    """Logits of texts that MiniLM embedded.

    Args:
        dropped: Share of the embedding's numbers that are dropped in training.
        dropout: Share of the hidden ones that are.
        classes: How many there are to tell apart; benchmarks compare with two.
    """

    mean: Float[Tensor, " 384"]
    deviation: Float[Tensor, " 384"]

    def __init__(
        self, *, dropped: float = 0.0, dropout: float = 0.0, classes: int = len(VALENCES)
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("deviation", torch.ones(WIDTH))
        self.layers = nn.Sequential(
            nn.Dropout(dropped),
            nn.Linear(WIDTH, HIDDEN),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(HIDDEN, classes),
        )

    def standardise(self, embeddings: Float[Tensor, "N 384"]) -> None:
        """Let the numbers of these embeddings have zero mean and unit deviation inside."""
        self.mean.copy_(embeddings.mean(0))
        self.deviation.copy_(embeddings.std(0).clamp(min=1e-6))

    def forward(self, embedding: Float[Tensor, "B 384"]) -> Float[Tensor, "B C"]:
        """Return the logits, in the order of ``VALENCES``, before any temperature."""
        logits: Float[Tensor, "B C"] = self.layers((embedding - self.mean) / self.deviation)
        return logits
