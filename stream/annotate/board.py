"""What was last said of each person, as of a media time.

A frame is drawn some frames after it was perceived, so that the reading that its hop gave is there;
what was said of later frames must not show on it all the same.
"""

from collections import defaultdict, deque
from typing import Final

from engines.spec.reading import PolicyNote, Reading
from stream.records import Record, Session

LEAD_S: Final = 0.1
"""A window ends with its last tick, up to a tick after the frame that closed it."""
STALE_S: Final = 2.0
"""A reading that no newer one replaced is not shown for longer."""
REMEMBERED: Final = 32
"""Readings of a person: sixteen seconds at the default hop, far more than frames wait."""

NOBODY: Final = None


class Board:
    """The newest readings of one source.

    Args:
        source: Its name; readings of others are not for this video.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._readings: defaultdict[str | None, deque[Reading]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED)
        )
        self.policy: PolicyNote | None = None

    def take(self, record: Record) -> None:
        """Note a record, if it says something that is shown."""
        match record:
            case Session():
                self.policy = record.policy
            case Reading(source=self._source):
                self._readings[record.person_id].append(record)
                self._forget(record.window.end_s)
            case _:
                pass

    def at(self, time_s: float, epoch: int) -> dict[str | None, Reading]:
        """Return the newest reading of each person as of a frame; ``NOBODY`` if nobody was seen."""
        shown = {}
        for person, readings in self._readings.items():
            for reading in reversed(readings):
                end_s = reading.window.end_s
                if reading.epoch == epoch and end_s - LEAD_S <= time_s:
                    if time_s - end_s <= STALE_S:
                        shown[person] = reading
                    break
        return shown

    def _forget(self, newest_s: float) -> None:
        """Drop who is long gone: a stream of weeks has many."""
        gone_s = newest_s - REMEMBERED
        for person in [p for p, r in self._readings.items() if r[-1].window.end_s < gone_s]:
            del self._readings[person]
