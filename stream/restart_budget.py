"""How often what died may be started again: a few times within a while, later each time.

What dies once has met something odd and is wanted back at once; what dies again and again would
take the machine's time and give nothing. It is about many outages, of which tenacity knows one.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

FIRST_PAUSE_S: Final = 0.5
"""Before the second restart within the while; every further pause is twice as long."""


class RestartBudget:
    """Counts restarts.

    Args:
        most: So many within ``within_s``.
        within_s: The while.
        now: The monotonic clock, in seconds.
    """

    def __init__(self, *, most: int, within_s: float, now: Callable[[], float]) -> None:
        self._within_s = within_s
        self._most = most
        self._now = now
        self._taken: deque[float] = deque(maxlen=most)

    def take(self) -> float | None:
        """Take one restart: return how long to wait before it, or None if none is left."""
        now_s = self._now()
        while self._taken and now_s - self._taken[0] >= self._within_s:
            self._taken.popleft()
        before = len(self._taken)
        if before == self._most:
            return None
        self._taken.append(now_s)
        return FIRST_PAUSE_S * 2.0 ** (before - 1) if before else 0.0
