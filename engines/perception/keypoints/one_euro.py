"""The One Euro filter: smooth where little moves, prompt where much does.

Casiez, Roussel and Vogel, CHI 2012, in MediaPipe's form: the speed is taken from one raw value to
the next, in units of the thing that moves, so that a near hand and a far one are smoothed alike.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Float64
from numpy import ndarray

_LEAST_UNIT: Final = 1e-6  # nothing is so small; a zero would divide


@dataclass(frozen=True, slots=True, kw_only=True)
class OneEuroSettings:
    """How much is smoothed.

    Attributes:
        min_cutoff_hz: The cut-off at rest: the lower, the smoother, the later.
        beta: How fast the cut-off rises with the speed, in hertz for one unit a second.
        speed_cutoff_hz: The cut-off of the speed itself.
    """

    min_cutoff_hz: float
    beta: float
    speed_cutoff_hz: float = 1.0


@dataclass(frozen=True, slots=True)
class _Last:
    time_s: float
    raw: Float64[ndarray, "*N"]
    seen: Bool[ndarray, "*N"]
    speed: Float64[ndarray, "*N"]  # units a second
    believed: Float64[ndarray, "*N"]


class OneEuro:
    """Filters an array of values that are seen again and again.

    Args:
        settings: How much is smoothed.
    """

    def __init__(self, settings: OneEuroSettings) -> None:
        self._settings = settings
        self._last: _Last | None = None

    def restart(self) -> None:
        """Forget: the next values pass as they are."""
        self._last = None

    def filter(
        self,
        values: Float[ndarray, "*N"],
        time_s: float,
        *,
        unit: float,
        valid: Bool[ndarray, "*N"] | None = None,
    ) -> Float64[ndarray, "*N"]:
        """Return the values as they are to be believed now.

        Args:
            values: The values seen; their number never changes.
            time_s: When; at the same time as the last ones, or before, nothing moves.
            unit: The size of what moves, in the unit of the values.
            valid: False where nothing was seen: that value passes as it is, and starts anew when it
                is seen again. All were seen by default.
        """
        seen = np.ones(values.shape, dtype=bool) if valid is None else valid
        raw = values.astype(np.float64)
        last = self._last
        if last is None:
            self._last = _Last(time_s, raw, seen, np.zeros_like(raw), raw)
            return raw.copy()
        elapsed_s = time_s - last.time_s
        if elapsed_s <= 0:
            return last.believed.copy()
        known = seen & last.seen
        moved = (raw - last.raw) / (max(unit, _LEAST_UNIT) * elapsed_s)
        keep = _alpha(self._settings.speed_cutoff_hz, elapsed_s)
        speed = np.where(known, keep * moved + (1 - keep) * last.speed, 0)
        cutoff_hz = self._settings.min_cutoff_hz + self._settings.beta * np.abs(speed)
        follow = np.where(known, _alpha(cutoff_hz, elapsed_s), 1)
        believed: Float64[ndarray, "*N"] = follow * raw + (1 - follow) * last.believed
        self._last = _Last(time_s, raw, seen, speed, believed)
        return believed.copy()


def _alpha(
    cutoff_hz: float | Float64[ndarray, "*N"], elapsed_s: float
) -> float | Float64[ndarray, "*N"]:
    """Return how much a low-pass filter takes of a new value."""
    taken: float | Float64[ndarray, "*N"] = 1 / (1 + 1 / (math.tau * cutoff_hz * elapsed_s))
    return taken
