"""How far the readings of a faster arithmetic are those of f32, on the same clip, time by time.

Both runs read the clip as fast as they can, where nothing is dropped and who speaks and who is seen
wait for one another: the same arithmetic gives the same readings, so what differs is the
arithmetic's. It says nothing of which of the two is right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from calibration.threshold import share
from engines.spec.reading import Fused, Reading, Surface
from engines.spec.wire import CLOSED, Amount, Count
from engines.spec.wire import Share as Part
from stream.records import EdgeCount, Record

DIGITS: Final = 4
Told = Surface | Fused
Key = tuple[int, float, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One kind of reading, of two runs."""

    __pydantic_config__: ClassVar = CLOSED

    of: str
    """surface, or fused."""
    n: Count
    """Readings of the same person and time in which both say something."""
    same_label: Part | None
    """Of them; null without any."""
    low: Part | None
    """Of its interval (Wilson, 95 %), as if readings of one clip were independent: they are not."""
    high: Part | None
    valence_mean: Amount | None
    """Mean of the absolute differences of valence, which goes from -1 to 1."""
    valence_most: Amount | None
    one_sided: Count
    """Readings in which only one of the two says something."""


class ReadingKeeper:
    """A sink that keeps readings."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    @property
    def count(self) -> EdgeCount:
        """What it took."""
        taken = len(self.readings)
        return EdgeCount(edge="kept", received=taken, delivered=taken, drops={})

    async def put(self, record: Record) -> None:
        """Keep a reading."""
        if isinstance(record, Reading):
            self.readings.append(record)

    async def settle(self, within_s: float) -> None:
        """Wait for nothing."""


def agreements(these: Sequence[Reading], those: Sequence[Reading]) -> tuple[Agreement, ...]:
    """Compare the readings of two runs over the time that both of them reached."""
    if not these or not those:
        return ()
    last_s = [max(reading.window.end_s for reading in run) for run in (these, those)]
    ours, theirs = _by_key(these, last_s), _by_key(those, last_s)
    parts: dict[str, Callable[[Reading], Told | None]] = {
        "surface": lambda reading: reading.surface,
        "fused": lambda reading: reading.fused,
    }
    return tuple(_agreement(name, of, ours, theirs) for name, of in parts.items())


def _by_key(run: Sequence[Reading], last_s: Sequence[float]) -> Mapping[Key, Reading]:
    """Return what both runs reached; the last of one that was cut off is of a shorter window."""
    both_s, is_cut = min(last_s), min(last_s) < max(last_s)
    return {
        (reading.epoch, round(reading.window.end_s, DIGITS), reading.person_id): reading
        for reading in run
        if reading.window.end_s < both_s or (reading.window.end_s == both_s and not is_cut)
    }


def _agreement(
    name: str,
    of: Callable[[Reading], Told | None],
    ours: Mapping[Key, Reading],
    theirs: Mapping[Key, Reading],
) -> Agreement:
    told = [
        tuple(None if key not in run else of(run[key]) for run in (ours, theirs))
        for key in sorted(ours.keys() | theirs.keys(), key=str)
    ]
    pairs = [(one, other) for one, other in told if one is not None and other is not None]
    apart = [abs(one.valence - other.valence) for one, other in pairs]
    same = sum(one.label == other.label for one, other in pairs)
    part = share(same, len(pairs)) if pairs else None
    return Agreement(
        of=name,
        n=len(pairs),
        same_label=None if part is None else part.value,
        low=None if part is None else part.low,
        high=None if part is None else part.high,
        valence_mean=round(float(np.mean(apart)), DIGITS) if apart else None,
        valence_most=round(max(apart), DIGITS) if apart else None,
        one_sided=sum((one is None) != (other is None) for one, other in told),
    )
