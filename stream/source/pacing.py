"""The pace of sources that do not have one of their own: files, playlists, generated patterns.

An item is let go when its media time comes on the monotonic clock. What is late is never waited
for, and after a long delay the clock is set anew: a film goes on after a pause, it does not run in
fast motion.
"""

import asyncio
from collections.abc import Callable

LATE_S = 1.0
"""Later than this the clock is set anew."""


class Pacer:
    """Lets items go at the speed of their media time.

    Args:
        now: The monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._epoch: int | None = None
        self._start_s = 0.0  # monotonic time of media time 0

    async def wait(self, epoch: int, time_s: float) -> None:
        """Return when the time has come; each epoch starts a clock of its own."""
        now_s = self._now()
        late_s = now_s - (self._start_s + time_s)
        if epoch != self._epoch or late_s > LATE_S:
            self._epoch = epoch
            self._start_s = now_s - time_s
        elif late_s < 0:
            await asyncio.sleep(-late_s)
