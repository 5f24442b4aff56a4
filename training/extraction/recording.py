"""What the live pipeline tells of one source, tick by tick, until it is made into shards."""

from collections import defaultdict
from dataclasses import dataclass

from engines.spec.tick import PersonTick
from engines.spec.timegrid import TimeGrid
from training.extraction.shard import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One person in one epoch of a source.

    Attributes:
        epoch: Which one, counted over restarts of the source.
        person: Who.
        first_tick: The place of the first row on the grid.
        shard: What was seen and said.
    """

    epoch: int
    person: str
    first_tick: int
    shard: Shard


class Recording:
    """Keeps the ticks of one source, in memory: an hour of one person takes some 80 MB.

    Args:
        grid: On which they lie.
    """

    def __init__(self, grid: TimeGrid) -> None:
        self._grid = grid
        self._ticks: dict[tuple[int, str], list[PersonTick]] = defaultdict(list)
        self._from_epoch = 0

    def begin(self) -> None:
        """Say that the source begins, again if it was restarted: its epochs count from 0 anew."""
        self._from_epoch = 1 + max((epoch for epoch, _ in self._ticks), default=-1)

    def take(self, ticks: tuple[PersonTick, ...]) -> None:
        """Take the ticks that are complete."""
        for tick in ticks:
            self._ticks[self._from_epoch + tick.epoch, tick.person_id].append(tick)

    def shards(self) -> list[Recorded]:
        """Return what there is, by epoch and person."""
        return [
            Recorded(
                epoch=epoch,
                person=person,
                first_tick=ticks[0].tick,
                shard=Shard.of(ticks, self._grid),
            )
            for (epoch, person), ticks in sorted(self._ticks.items())
        ]
