"""The fan-out: every record goes to every sink, a reading stamped at the moment it is handed over.

The stamp is taken here and nowhere else, so that latency means the same for all sinks: from the
arrival of the newest frame to the hand-over to the outbox.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from engines.spec.reading import At, LatencyMs, Reading
from stream.clock import Clock, rfc3339
from stream.records import EdgeCount, Record

MS_PER_S = 1000.0


class Sink(Protocol):
    """Where records go. A sink never makes the pipeline wait for a broker or a network."""

    @property
    def count(self) -> EdgeCount:
        """What it took, what it delivered, and what it dropped by reason."""
        ...

    async def put(self, record: Record) -> None:
        """Take one record."""
        ...

    async def settle(self, within_s: float) -> None:
        """Wait until what was taken is delivered; drop and count what is not after so long."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """When the parts of a reading happened, in seconds.

    Attributes:
        captured_at: When the newest frame was taken, Unix time; None where unknown.
        arrived_s: When it arrived, monotonic.
        perceived_s: When it had been perceived, monotonic.
        computed_s: When the reading had been computed, monotonic.
        face_age_s: Media time from the newest face to the newest frame; None without a face.
    """

    captured_at: float | None
    arrived_s: float
    perceived_s: float
    computed_s: float
    face_age_s: float | None


class Publisher:
    """Hands every record to every sink.

    Args:
        sinks: Where the records go, each opened and closed by its owner.
        clock: For the stamps.
    """

    def __init__(self, sinks: Sequence[Sink], clock: Clock) -> None:
        self._sinks = tuple(sinks)
        self._clock = clock

    @property
    def counts(self) -> tuple[EdgeCount, ...]:
        """The account of each sink."""
        return tuple(sink.count for sink in self._sinks)

    async def put(self, record: Record) -> None:
        """Hand a record to every sink."""
        for sink in self._sinks:
            await sink.put(record)

    async def settle(self, within_s: float) -> None:
        """Wait until every sink delivered what it took; after so long the rest is dropped.

        Then in = out + drops holds for every sink, which is what a summary tells.
        """
        async with asyncio.TaskGroup() as tasks:
            for sink in self._sinks:
                tasks.create_task(sink.settle(within_s))

    async def put_reading(self, reading: Reading, stamps: Stamps) -> Reading:
        """Stamp a reading, hand it to every sink, and return it as it went out."""
        stamped = self._stamped(reading, stamps)
        await self.put(stamped)
        return stamped

    def _stamped(self, reading: Reading, stamps: Stamps) -> Reading:
        monotonic_s, unix_s = self._clock.monotonic_s(), self._clock.unix_s()
        captured_at = stamps.captured_at
        total_s = monotonic_s - stamps.arrived_s
        arrived_at = unix_s - total_s
        decode_s = None if captured_at is None else arrived_at - captured_at
        face_age_s = stamps.face_age_s
        return replace(
            reading,
            at=At(
                captured=None if captured_at is None else rfc3339(captured_at),
                published=rfc3339(unix_s),
            ),
            latency_ms=LatencyMs(
                # A frame that came before it was taken: the two wall clocks do not agree, and how
                # late we are is not known.
                decode=None if decode_s is None or decode_s < 0 else _ms(decode_s),
                perceive=_ms(stamps.perceived_s - stamps.arrived_s),
                step=_ms(stamps.computed_s - stamps.perceived_s),
                publish=_ms(monotonic_s - stamps.computed_s),
                total=_ms(total_s),
            ),
            age_ms=None if face_age_s is None else _ms(face_age_s + total_s),
        )


def _ms(seconds: float) -> float:
    return round(seconds * MS_PER_S, 3)
