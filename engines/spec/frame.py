"""Frames and sound: what a source yields, on two clocks that are never mixed.

``time_s`` is media time: what happened when. ``arrived_s`` is this machine's monotonic clock: how
late we are. Wall time is a third clock, used only where the stream itself gives it.
"""

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float32, UInt8
from numpy import ndarray

SOUND_RATE_HZ = 16_000  # what speech recognisers are trained on

GapReason = Literal["disconnected", "stalled", "corrupt", "timestamp_jump", "overrun", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded picture, upright, with square pixels.

    Attributes:
        source: The name of the source, unique in a run.
        epoch: Grows when sound and picture break together: a reconnect, a jump of timestamps.
        shot: Grows at a cut of the picture alone; it restarts at 0 in no epoch.
        index: Counts the decoded pictures of the source from 0, over all epochs.
        time_s: Media time in seconds; grows within an epoch.
        captured_at: When the camera took it, Unix seconds, where the stream says so.
        arrived_s: When it was decoded here, seconds of the monotonic clock.
        image: Red, green, blue; read-only.
    """

    source: str
    epoch: int
    shot: int
    index: int
    time_s: float
    captured_at: float | None
    arrived_s: float
    image: UInt8[ndarray, "H W 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A stretch of one channel's sound at ``SOUND_RATE_HZ``, on the media clock of the frames.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        time_s: Media time of the first sample.
        arrived_s: When it was decoded here, seconds of the monotonic clock.
        samples: In [-1, 1]; read-only.
        channel: Counts the channels from 0, where each is heard by itself; then stretches of the
            same time follow one another. None where all are mixed into one.
    """

    source: str
    epoch: int
    time_s: float
    arrived_s: float
    samples: Float32[ndarray, " N"]
    channel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Media that did not come: an event with a reason, never a black frame or invented silence.

    Attributes:
        source: The name of the source.
        epoch: The epoch that starts after the gap (or goes on after it).
        medium: Which of the two is missing.
        reason: Why.
        start_s: Media time at which the last data before it ended; None if there was none.
        end_s: Media time at which data go on, where both lie on one clock.
        lost_s: How long it lasted, in seconds of the monotonic clock for a live source, of media
            time for a file.
    """

    source: str
    epoch: int
    medium: Literal["video", "audio"]
    reason: GapReason
    start_s: float | None
    end_s: float | None
    lost_s: float
