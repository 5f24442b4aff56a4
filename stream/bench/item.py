"""One reading on its way, cut into what it waited for and what was computed: the two add up."""

from dataclasses import dataclass
from typing import ClassVar

from engines.spec.wire import CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Where the time went from the arrival of a reading's newest frame to its publication, in ms.

    The parts follow one another on one clock: ``wait``, ``look``, then ``step`` within
    ``step_wait``, then ``publish``. Their sum is ``total``, which the publisher stamped by itself.
    """

    __pydantic_config__: ClassVar = CLOSED

    source: str
    seq: int
    time_s: float
    """Media time of the end of the reading's window."""
    wait_ms: float
    """Waiting: from the arrival of the frame until the eyes began to look at it."""
    look_ms: float
    """Computing: the perception of that frame, all its engines."""
    step_wait_ms: float
    """Waiting: from there until the reading was composed, hand-overs included, less ``step``."""
    step_ms: float
    """Computing: the calls of the fusing network in that time, for this source."""
    publish_ms: float
    """Computing: from there until it was handed to the sinks."""
    total_ms: float
    age_ms: float | None
    """Of the newest face in it, as published; null without a face."""
    glass_ms: float | None = None
    """From the moment burnt into the newest frame until publication; null where there is none."""

    @property
    def queue_ms(self) -> float:
        """What it waited."""
        return self.wait_ms + self.step_wait_ms

    @property
    def compute_ms(self) -> float:
        """What was computed for it."""
        return self.look_ms + self.step_ms + self.publish_ms
