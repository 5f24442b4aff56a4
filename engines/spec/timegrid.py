"""The time grid: fixed-rate ticks on the media clock, on which every observation falls.

Because a tick is a place in media time and not a frame, 24, 25 and 30 frames a second, drops and a
slow machine all fill the same grid; a tick without an observation is masked.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Ticks at ``rate_hz``; tick t covers media time [t / rate_hz, (t + 1) / rate_hz)."""

    rate_hz: float = 12.5

    def tick(self, time_s: float) -> int:
        """Return the tick that a media time falls on."""
        # 1 us: pts / time_base comes a rounding error below the tick that it stands for
        return math.floor(time_s * self.rate_hz + 1e-6 * self.rate_hz)

    def start_s(self, tick: int) -> float:
        """Return the media time at which a tick begins."""
        return tick / self.rate_hz

    def ticks_in(self, seconds: float) -> int:
        """Return how many whole ticks a duration spans, at least one."""
        return max(1, round(seconds * self.rate_hz))
