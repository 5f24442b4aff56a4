"""A ring of past keys and values: what attention looks back on, at a cost that never grows.

A band of W ticks is the tick's own key and W - 1 past ones, so the ring has W - 1 slots; a tick's
slot is its absolute number modulo that. Softmax does not care for order, so nothing is ever moved:
the newest key takes the place of the one that leaves the band. The network reads the arrays where
they lie and returns one new key and value; handing the whole ring in and out of a graph costs two
to five times the arithmetic. Where the host's memory is far, on a card, an engine keeps a copy of
them (``KEPT``) and is told of each slot.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

UNSEEN: Final = -1e4
"""Added to the score of what must not be seen: exp of it is 0 in f32, and f16 can hold it."""


KEPT: Final = ("keys", "values")
"""What an engine may keep a copy of; the bias is small and changes in several slots."""
SLOTS_AXIS: Final = 2


class Ring:
    """Past keys and values of one person in one branch.

    Args:
        layers: Of the encoder.
        heads: Of each.
        slots: One less than the band's ticks.
        width: Of one head.

    Attributes:
        keys: Turned to their absolute time; written in place.
        values: Beside them.
        bias: 0 where a slot holds a tick of the band, ``UNSEEN`` elsewhere.
    """

    def __init__(self, *, layers: int, heads: int, slots: int, width: int) -> None:
        self.keys: Float32[ndarray, "L H W h"] = np.zeros((layers, heads, slots, width), np.float32)
        self.values: Float32[ndarray, "L H W h"] = np.zeros_like(self.keys)
        self.bias: Float32[ndarray, "1 W"] = np.full((1, slots), UNSEEN, np.float32)
        self._newest: int | None = None

    def advance(self, tick: int) -> None:
        """Let leave the band what a tick no longer sees; ticks between hold nothing."""
        if self._newest is None:
            return
        slots = self.bias.shape[1]
        gap = np.arange(max(self._newest + 1, tick - slots), tick) % slots
        self.bias[0, gap] = UNSEEN

    def store(
        self, tick: int, key: Float32[ndarray, "L H h"], value: Float32[ndarray, "L H h"]
    ) -> int:
        """Keep a tick for those that come, and return in which slot."""
        slot: int = tick % self.bias.shape[1]
        self.keys[:, :, slot] = key
        self.values[:, :, slot] = value
        self.bias[0, slot] = 0
        self._newest = tick
        return slot
