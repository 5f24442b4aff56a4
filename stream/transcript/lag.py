"""The choice between two ways to believe words, by how well the recogniser keeps up.

By agreement every stretch of sound is heard many times; by endpoint once, at the end of the
utterance: words come seconds later, for a fraction of the work. A machine that cannot do the first
does the second, and says so, rather than falling behind what is said or taking from the eyes.
"""

from collections import deque
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from engines.config import SpeechConfig

Policy = Literal["agreement", "endpoint"]

MEASURED = 8  # passes whose mean counts: a few slow ones are no load
CALM_SHARE = 0.7
"""Passes this much shorter than a hop leave room to pass every hop again."""
CALM_S = 10.0
"""For so long it must have been calm before agreement is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """Words are believed in another way from now on.

    Attributes:
        policy: The way.
        reason: Why, in one line.
    """

    policy: Policy
    reason: str


class LagPolicy:
    """Chooses, pass by pass.

    Args:
        config: Which policies are allowed, the hop, and what counts as lagging.
        adaptive: Whether a lag means anything; it does not where the source waits for us.

    Attributes:
        current: What is in force.
    """

    def __init__(self, config: SpeechConfig, *, adaptive: bool) -> None:
        self.current: Policy = "endpoint" if config.policy == "endpoint" else "agreement"
        self._config = config
        self._adaptive = adaptive and config.policy == "auto"
        self._took_s: deque[float] = deque(maxlen=MEASURED)
        self._troubled_s = 0.0

    def passed(self, *, now_s: float, lag_s: float, took_s: float) -> PolicyChange | None:
        """Take one pass into account; return the change that it makes, if any.

        Args:
            now_s: When it ended, monotonic.
            lag_s: How long ago the newest sound in it had come.
            took_s: How long it took.
        """
        if not self._adaptive:
            return None
        self._took_s.append(took_s)
        reason = self._strain(lag_s) if self.current == "agreement" else self._relief(now_s, lag_s)
        if reason is None:
            return None
        self.current = "endpoint" if self.current == "agreement" else "agreement"
        self._took_s.clear()
        self._troubled_s = now_s
        return PolicyChange(policy=self.current, reason=reason)

    def _strain(self, lag_s: float) -> str | None:
        if lag_s > self._config.max_lag_s:
            return f"the recogniser is {lag_s:.1f} s behind what is said"
        mean_s = fmean(self._took_s)
        if len(self._took_s) == MEASURED and mean_s > self._config.hop_s:
            return f"a pass takes {mean_s:.1f} s, longer than the hop of {self._config.hop_s:g} s"
        return None

    def _relief(self, now_s: float, lag_s: float) -> str | None:
        took_s = self._took_s[-1]
        calm = took_s < CALM_SHARE * self._config.hop_s and lag_s < self._config.max_lag_s / 2
        if not calm:
            self._troubled_s = now_s
        if now_s - self._troubled_s < CALM_S:
            return None
        return f"a pass takes {took_s:.1f} s again"
