"""By how much the sound of a source lags behind its picture, learnt from those who speak in it.

Sound and picture come through encoders of their own and are seldom exactly together, and a jaw
that is taken 100 ms too early or too late fits its own voice no better than another's. What is
wrong by chance fits at any lag, what is right always at the same one.
"""

from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

LAGS_S: Final = np.arange(-6, 7) * 0.04
"""What may be learnt; ITU-R BT.1359 finds -185 and +90 ms just acceptable in broadcasts."""
ENOUGH_S: Final = 15.0
"""Of speech that fits, before anything else than no lag is believed."""
GAIN: Final = 0.05
"""So much better must another lag fit: at neighbouring ones the fit is nearly the same."""
_KEPT_S: Final = 120.0  # of speech; what is older fades


class LipSync:
    """The lag of one epoch of one source."""

    def __init__(self) -> None:
        self._fit = np.zeros(len(LAGS_S))
        self._heard_s = 0.0
        self._place = len(LAGS_S) // 2

    @property
    def lag_s(self) -> float:
        """How much later something is heard than it is seen; negative if sooner."""
        return float(LAGS_S[self._place])

    def best(self, correlations: Float64[ndarray, " L"]) -> float:
        """Return that of the correlations at ``LAGS_S`` which counts.

        Until the lag is known, a small one is taken to be likely: the best of three counts then,
        which lets more of what fits by chance pass.
        """
        reach = 0 if self._heard_s >= ENOUGH_S else 1
        return float(correlations[self._place - reach : self._place + reach + 1].max())

    def learn(self, correlations: Float64[ndarray, " L"], length_s: float) -> None:
        """Take an utterance into account that fits a mouth at one lag or another.

        Args:
            correlations: At ``LAGS_S``.
            length_s: Its length.
        """
        kept = _KEPT_S / (_KEPT_S + length_s)
        self._fit = kept * (self._fit + length_s * correlations)
        self._heard_s = kept * (self._heard_s + length_s)
        best = int(self._fit.argmax())
        gain = (self._fit[best] - self._fit[self._place]) / self._heard_s
        if self._heard_s >= ENOUGH_S and gain >= GAIN:
            self._place = best
