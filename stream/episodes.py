"""Episodes: when someone begins to be watched, and when that ends."""

from collections.abc import Iterator
from dataclasses import replace

from stream.clock import Clock
from stream.records import Event
from stream.windows import Hop


class Episodes:
    """Compares who is watched at one hop with who was at the hop before.

    Args:
        clock: Gives ids and the time of publication.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Event] = {}

    def update(self, hop: Hop) -> Iterator[Event]:
        """Yield the ends and the beginnings that a hop brings, ends first."""
        watched = {w.person_id: w for w in hop.windows if w.person_id is not None}
        newest_s = hop.windows[0].newest_s
        for person in sorted(self._open.keys() - watched.keys()):
            yield replace(
                self._open.pop(person),
                id=self._clock.new_id(),
                phase="end",
                time_s=newest_s,
                published=self._clock.now(),
            )
        for person in sorted(watched.keys() - self._open.keys()):
            window = watched[person]
            self._open[person] = Event(
                id=self._clock.new_id(),
                source=window.source,
                epoch=window.epoch,
                episode=self._clock.new_id(),
                phase="new",
                type="person",
                person_id=person,
                time_s=window.newest_s,
                published=self._clock.now(),
            )
            yield self._open[person]
