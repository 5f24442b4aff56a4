"""Voice activity, chunk by chunk: its unit, and what is remembered from one chunk to the next."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ

CHUNK: Final = 512
"""Samples that are judged together."""
CHUNK_S: Final = CHUNK / SOUND_RATE_HZ  # 32 ms
CONTEXT: Final = 64
"""Samples before a chunk that the network sees with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceState:
    """What the network remembers of the sound before.

    Attributes:
        hidden: Of its recurrent layer.
        cell: Of its recurrent layer.
        context: The newest samples.
    """

    hidden: Float32[ndarray, "1 1 128"]
    cell: Float32[ndarray, "1 1 128"]
    context: Float32[ndarray, "64"]

    @classmethod
    def initial(cls) -> "VoiceState":  # beartype knows no Self here
        """Return the state before any sound."""
        zero = np.zeros((1, 1, 128), np.float32)
        return cls(hidden=zero, cell=zero, context=np.zeros(CONTEXT, np.float32))
