"""Attention of all ticks among each other, or over a band of the past, in blocks of queries.

Without blocks ten thousand ticks want a score for each pair: 400 MB a head, and 473 MB more for a
mask of them. In blocks a band costs T (W + 512) and the whole costs one block's rows. Every block
has the same extents: a graph with a loop of such blocks is read by every runtime.

The function is plain tensors and integers, so that the export can keep the loop
(``torch.jit.script``) where a trace would write it out for one length.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from engines.sequence.ring import UNSEEN

BLOCK: Final = 512


def attend(  # noqa: PLR0917 (a script calls by place)
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor, band: int, block: int = BLOCK
) -> Tensor:
    """Attend over the keys that a tick may see.

    Args:
        query: [B H T h], turned; so are the keys, of the same shape, as are the values.
        key: See ``query``.
        value: See ``query``.
        bias: [B 1 1 T], 0 for a tick that holds data, -1e4 for one that must not be seen.
        band: How many ticks a tick sees, the own last; 0: all, before and after.
        block: How many queries at a time.

    Returns:
        [B H T h]. A tick that may see none gets the mean of what it must not see; whoever uses it
        masks it, as it is masked itself.
    """
    ticks = query.shape[2]
    block = min(ticks, block)
    spare = (-ticks) % block
    behind = min(band - 1, ticks + spare - block) if band > 0 else 0
    query = pad(query, [0, 0, 0, spare])
    if band > 0:
        key, value = pad(key, [0, 0, behind, spare]), pad(value, [0, 0, behind, spare])
        bias = pad(bias, [behind, spare], value=-1e4)
    reach = block + behind
    rows = torch.arange(block, device=query.device)[:, None] + behind
    ago = rows - torch.arange(reach, device=query.device)[None]
    outside = -1e4 * ((ago < 0) | (ago >= band)).to(query.dtype)
    parts = []
    for place in range((ticks + spare) // block):
        first = place * block
        asked = query[:, :, first : first + block]
        if band > 0:
            seen = bias[:, :, :, first : first + reach] + outside
            keys, values = key[:, :, first : first + reach], value[:, :, first : first + reach]
        else:
            seen, keys, values = bias, key, value
        parts.append(scaled_dot_product_attention(asked, keys, values, attn_mask=seen))
    return torch.cat(parts, dim=2)[:, :, :ticks]


def key_bias(valid: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the bias of keys from the mask [B T] of ticks that hold data."""
    return (~valid).to(dtype)[:, None, None, :] * UNSEEN
