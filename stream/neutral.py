"""Each person's own neutral, learned over their first minute and never anybody else's."""

from dataclasses import dataclass
from typing import Final

from calibration.baseline import Baseline
from calibration.fused import FusedAnswer

PERSONS: Final = 64
"""The one read longest ago is forgotten first."""
LONGEST_STEP_S: Final = 1.0  # a pause between two readings is no time in which they were seen


@dataclass(slots=True)
class _Known:
    baseline: Baseline
    newest_s: float | None = None


class Neutrals:
    """The neutrals of those read in one source.

    Args:
        beginning: What everybody's begins with; None if none is taken off.
    """

    def __init__(self, beginning: Baseline | None) -> None:
        self._beginning = beginning
        self._known: dict[str, _Known] = {}

    def of(self, person_id: str) -> Baseline | None:
        """Return what is known of a person's neutral."""
        known = self._known.get(person_id)
        return self._beginning if known is None else known.baseline

    def learn(self, person_id: str, answer: FusedAnswer, time_s: float) -> None:
        """Take into account what was read of a person at a media time."""
        if self._beginning is None or answer.read is None:
            return
        known = self._known.pop(person_id, None) or _Known(self._beginning)
        self._known[person_id] = known
        if len(self._known) > PERSONS:
            del self._known[next(iter(self._known))]
        if known.newest_s is not None and time_s > known.newest_s:
            seen_s = min(time_s - known.newest_s, LONGEST_STEP_S)
            known.baseline = known.baseline.after(answer.read, seen_s=seen_s)
        known.newest_s = time_s
