"""Sound as recognisers want it: 16 kHz, one channel, float32, on the clock of the pictures.

That one is the mix of all that the source has; or there are two, each with its own voice.

Within one unbroken stretch the time of a sample is counted, not read off the timestamps, which
jitter by a millisecond in many containers; where the timestamps leave the count by more than
``SLACK_S`` the stretch ends and a new one begins at its true time. A hole stays a hole: no silence
is invented, and the resampler is built anew, since it would smear the two sides into one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ

SLACK_S = 0.02
"""Less than one AAC packet of 1024 samples, so that a lost packet is seen as a hole, and more than
the jitter of timestamps in milliseconds."""
LONGEST = SOUND_RATE_HZ // 10
"""Samples of a stretch: a frame of FLAC or WAV may be longer, but what waits for a listener is
bounded in time by being bounded in number."""

STEREO = 2  # channels, which may be kept apart
MIX_DOWN = {"rematrix_maxval": "1.0"}  # two equal channels stay as loud as one, and none clips


@dataclass(frozen=True, slots=True)
class Stretch:
    """Resampled sound.

    Attributes:
        time_s: Media time of the first sample.
        samples: In [-1, 1]; read-only.
        channel: As in ``Sound``.
    """

    time_s: float
    samples: Float32[ndarray, " N"]
    channel: int | None = None


class SoundTrack:
    """Resamples the sound of one source.

    Args:
        apart: Keep the channels of stereo apart: each stretch comes once for either, with the same
            time. Whatever has not two channels is mixed.

    Attributes:
        apart: As above; it holds from the next ``flush`` on.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self.apart = apart
        self._is_apart = False
        self._resampler: AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None
        self._start_s = 0.0
        self._taken_s = 0.0  # of the stretch, at the rate of the source
        self._given = 0  # samples of the stretch, at our rate
        self._end_s: float | None = None

    def add(self, frame: AudioFrame, time_s: float) -> list[Stretch]:
        """Resample one decoded frame.

        Args:
            frame: Any rate, layout and format; they may change at any frame.
            time_s: Media time of its first sample.

        Raises:
            av.FFmpegError: If its layout cannot be mixed down; the frame is lost, no more.
        """
        out: list[Stretch] = []
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        off_s = time_s - (self._start_s + self._taken_s)
        if self._resampler is None or shape != self._shape or abs(off_s) > SLACK_S:
            out = self.flush()
            self._is_apart = self.apart and frame.layout.nb_channels == STEREO
            self._resampler = AudioResampler(
                format="fltp",
                layout="stereo" if self._is_apart else "mono",
                rate=SOUND_RATE_HZ,
                options=MIX_DOWN,
            )
            self._shape = shape
            self._start_s, self._taken_s, self._given = time_s, 0.0, 0
        frame.pts = None  # our count is the truth
        resampled = self._resampler.resample(frame)
        self._taken_s += frame.samples / frame.sample_rate
        return out + self._stretches(resampled)

    def flush(self) -> list[Stretch]:
        """Return what the resampler still holds; the next frame begins a new stretch."""
        if self._resampler is None:
            return []
        # A resampler with nothing to do hands back what it was given, the None included.
        rest: Sequence[AudioFrame | None] = self._resampler.resample(None)
        self._resampler = None
        return self._stretches([frame for frame in rest if frame is not None])

    def _stretches(self, frames: list[AudioFrame]) -> list[Stretch]:
        out = []
        for frame in frames:
            samples = frame.to_ndarray()
            time_s = self._start_s + self._given / SOUND_RATE_HZ
            self._given += samples.shape[1]
            out += self._in_parts(*self._without_overlap(time_s, samples))
        if out:
            self._end_s = out[-1].time_s + len(out[-1].samples) / SOUND_RATE_HZ
        return out

    def _without_overlap(
        self, time_s: float, samples: Float32[ndarray, "C N"]
    ) -> tuple[float, Float32[ndarray, "C N"]]:
        """Cut off what was heard already, where timestamps went back a little."""
        heard = 0 if self._end_s is None else round((self._end_s - time_s) * SOUND_RATE_HZ)
        if heard > 0:
            samples = samples[:, heard:]
            time_s += heard / SOUND_RATE_HZ
        samples = np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
        samples.flags.writeable = False
        return time_s, samples

    def _in_parts(self, time_s: float, samples: Float32[ndarray, "C N"]) -> list[Stretch]:
        """Cut what is too long into equal parts."""
        if not samples.shape[1]:
            return []
        out = []
        at = 0
        for part in np.array_split(samples, math.ceil(samples.shape[1] / LONGEST), axis=1):
            out += [
                Stretch(time_s + at / SOUND_RATE_HZ, row, channel if self._is_apart else None)
                for channel, row in enumerate(part)
            ]
            at += part.shape[1]
        return out
