"""The mouths of one source, as they were seen in the last seconds."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.spec.observation import Scene

KEPT_S: Final = 40.0
"""Longer than the longest utterance and the time until it is final."""
MOST: Final = 16
"""Persons whose mouths are kept; the one not seen for longest is forgotten first."""
_HIDDEN_S: Final = 0.25
"""A mouth not seen for longer was not followed in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """The mouth of one person over a stretch of time.

    Attributes:
        person_id: Whose.
        watched: Whether the person was watched for most of it.
        times_s: Media times at which it was seen.
        opening: How far it was open then, as ``Observation.mouth_open``.
        coverage: The share of the stretch in which it was followed.
    """

    person_id: str
    watched: bool
    times_s: Float64[ndarray, " T"]
    opening: Float64[ndarray, " T"]
    coverage: float


class Mouths:
    """Remembers the mouths of everyone for ``KEPT_S``; nothing outlives its epoch.

    Attributes:
        epoch: Of the newest scene; None before the first.
        newest_s: Media time of the newest scene.
    """

    def __init__(self) -> None:
        self.epoch: int | None = None
        self.newest_s = 0.0
        # by person, the one seen last last: when, how far open, whether watched
        self._seen: dict[str, deque[tuple[float, float, bool]]] = {}

    def see(self, scene: Scene, watched: Collection[str]) -> None:
        """Take one analysed frame into account."""
        if scene.epoch != self.epoch:
            self.epoch = scene.epoch
            self._seen.clear()
        self.newest_s = scene.time_s
        for one in scene.observations:
            if one.person_id is not None and one.mouth_open is not None:
                seen = self._seen.pop(one.person_id, deque())
                seen.append((scene.time_s, one.mouth_open, one.person_id in watched))
                self._seen[one.person_id] = seen
        self._forget()

    def between(self, start_s: float, end_s: float) -> list[Mouth]:
        """Return every mouth that was seen in a stretch of the epoch's media time."""
        found = []
        for person_id, seen in self._seen.items():
            inside = [sample for sample in seen if start_s <= sample[0] <= end_s]
            if inside:
                times_s, opening, watched = np.array(inside, dtype=np.float64).T
                found.append(
                    Mouth(
                        person_id=person_id,
                        watched=bool(2 * watched.sum() > len(watched)),
                        times_s=times_s,
                        opening=opening,
                        coverage=_followed_s(times_s, start_s, end_s) / (end_s - start_s),
                    )
                )
        return found

    def _forget(self) -> None:
        for person_id, seen in list(self._seen.items()):
            while seen and seen[0][0] < self.newest_s - KEPT_S:
                seen.popleft()
            if not seen:
                del self._seen[person_id]
        for person_id in list(self._seen)[: max(len(self._seen) - MOST, 0)]:
            del self._seen[person_id]


def _followed_s(times_s: Float64[ndarray, " T"], start_s: float, end_s: float) -> float:
    steps_s = np.diff(times_s, prepend=start_s, append=end_s)
    return float(steps_s[steps_s <= _HIDDEN_S].sum())
