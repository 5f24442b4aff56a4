"""Texts as examples: MiniLM's vectors, which stay as they are, and the starter's text head."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engines.networks.text_head import TextHead
from training.pseudo_label.lesson import Rows


class TextExamples:
    """Embedded texts.

    Args:
        embeddings: Of all texts.
        usual: The texts whose vectors have zero mean and unit deviation inside; no label is seen.
        dropped: Share of the embedding's numbers that are dropped in training.
        dropout: Of the hidden ones.
    """

    def __init__(
        self,
        embeddings: Float[Tensor, "N 384"],
        usual: Rows,
        *,
        dropped: float = 0.1,
        dropout: float = 0.5,
    ) -> None:
        self._embeddings = embeddings
        self._rows = usual
        self._usual = embeddings[torch.from_numpy(usual)]
        self._dropped = dropped
        self._dropout = dropout

    def dropping(self, *, dropped: float, dropout: float) -> "TextExamples":
        """Return the same texts for students that drop other shares."""
        return TextExamples(self._embeddings, self._rows, dropped=dropped, dropout=dropout)

    def network(self, classes: int) -> TextHead:
        """Return a head with new weights."""
        head = TextHead(dropped=self._dropped, dropout=self._dropout, classes=classes)
        head.standardise(self._usual)
        return head

    def feed(
        self,
        rows: Rows,
        random: np.random.Generator | None,  # noqa: ARG002 (the head itself drops numbers)
    ) -> Float[Tensor, "B 384"]:
        """Return the vectors of texts."""
        return self._embeddings[torch.from_numpy(rows)]
