"""A text as one vector, in one graph: token numbers in, the mean of what BERT makes of them out.

Tokens are cut by the tokenizer on the host; what is left is arithmetic. The mean over all tokens
that are no padding, [CLS] and [SEP] among them, is how the MiniLM encoders were trained to be
pooled; for a plain BERT, whose class token nobody taught to mean anything, it is the better vector
too. It is not scaled to length 1, as sentence-transformers does afterwards for its cosines: a
network that reads the vector can do so itself, and could not undo it.
"""

from typing import Final, Protocol

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("input_ids", "attention_mask")
OUTPUTS: Final = ("embedding",)

UNSEEN: Final = -1e4  # added to the score of padding: exp of it is 0 in f32, and f16 can hold it


class Tokens(Protocol):
    """What a transformer returns: its tokens."""

    last_hidden_state: Float[Tensor, "1 T D"]


class TextEmbedding(nn.Module):
    """A BERT encoder with the pooling after it.

    Args:
        encoder: transformers' ``BertModel``, in evaluation mode, with its plain attention.
        width: How many numbers it makes of a token.
    """

    def __init__(self, encoder: nn.Module, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.width = width

    def forward(
        self, input_ids: Int64[Tensor, "1 T"], attention_mask: Int64[Tensor, "1 T"]
    ) -> Float[Tensor, "1 D"]:
        """Embed a text.

        Args:
            input_ids: Numbers of the vocabulary, [CLS] first and [SEP] last, then padding.
            attention_mask: 1 for tokens, 0 for padding.
        """
        seen = attention_mask.to(torch.float32)
        # laid out here: what transformers makes of [B, T] depends on its version and the tracer
        tokens: Tokens = self.encoder(
            input_ids=input_ids,
            attention_mask=((1 - seen) * UNSEEN)[:, None, None, :],
            token_type_ids=torch.zeros_like(input_ids),
        )
        total = (tokens.last_hidden_state * seen[:, :, None]).sum(dim=1)
        # its shape is said outright: a runtime would lose the 1 on the way
        return total.reshape(1, self.width) / seen.sum(dim=1, keepdim=True).clamp(min=1)
