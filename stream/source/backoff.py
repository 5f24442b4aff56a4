"""How long to wait before a source is tried again: exponentially longer, with jitter, up to a cap.

Within the first seconds of an outage the cap is low, since most outages are a restart and readings
should resume at once; later it is high, since the machine that is gone should not be hammered.
"""

import random

from tenacity import RetryCallState
from tenacity.wait import wait_base

from stream.config import ReconnectConfig

FIRST_S = 0.1
"""The first pause; every later one is twice as long."""
JITTER = 0.5
"""A pause is shortened by up to this share, so that many monitors do not come back in step."""


class Backoff(wait_base):
    """The pause after a failed attempt, for tenacity.

    Args:
        config: The two caps, and when the second takes over.
    """

    def __init__(self, config: ReconnectConfig) -> None:
        self._config = config

    def __call__(self, retry_state: RetryCallState) -> float:
        """Return the pause in seconds."""
        outage_s = retry_state.seconds_since_start or 0.0
        return self.pause_s(retry_state.attempt_number, outage_s)

    def pause_s(self, attempt: int, outage_s: float) -> float:
        """Return the pause after the n-th attempt, counted from 1, of an outage so long."""
        early = outage_s < self._config.early_s
        cap_s = self._config.early_cap_s if early else self._config.late_cap_s
        # 2**n overflows a float after a day of outage; no cap is longer than 2**20 * FIRST_S.
        longest_s = min(FIRST_S * 2.0 ** min(attempt - 1, 20), cap_s)
        return longest_s * (1 - JITTER * random.random())  # noqa: S311  (no secret depends on it)
