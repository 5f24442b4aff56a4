"""The newest sound of one source, without a hole, and when it came.

Places are counted in samples from where the tape began, so that the times of hours do not drift.
"""

from collections import deque

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ, Sound


class Tape:
    """Sound that is held as long as somebody may want to hear it again.

    Args:
        start_s: Media time at which it begins.
    """

    def __init__(self, start_s: float) -> None:
        self._origin_s = start_s
        self._first = 0  # sample of the tape that is held still
        self._end = 0
        self._pieces: deque[Sound] = deque()
        self._ends: deque[int] = deque()  # where each piece ends

    @property
    def end_s(self) -> float:
        """Media time behind the newest sample."""
        return self.time_s(self._end)

    @property
    def end(self) -> int:
        """The number of samples since the tape began."""
        return self._end

    def time_s(self, sample: int) -> float:
        """Return the media time of a sample, counted from where the tape began."""
        return self._origin_s + sample / SOUND_RATE_HZ

    def sample(self, time_s: float) -> int:
        """Return the sample at a media time, the nearest one that is held."""
        return min(max(round((time_s - self._origin_s) * SOUND_RATE_HZ), self._first), self._end)

    def put(self, sound: Sound) -> None:
        """Add the sound that follows."""
        self._pieces.append(sound)
        self._end += len(sound.samples)
        self._ends.append(self._end)

    def between(self, first: int, end: int) -> Float32[ndarray, " N"]:
        """Return the samples from one to before another; both must be held. Read-only."""
        whole = np.concatenate([piece.samples for piece in self._pieces])
        begin = self._end - len(whole)
        samples: Float32[ndarray, " N"] = whole[first - begin : end - begin]
        samples.flags.writeable = False
        return samples

    def forget(self, before: int) -> None:
        """Let go of what lies before a sample, as far as whole pieces go."""
        while self._pieces and self._ends[0] <= before:
            self._first = self._ends.popleft()
            self._pieces.popleft()

    def newest_until(self, sample: int) -> tuple[float, float]:
        """Return where the piece with a sample ends, in media time, and when it came, monotonic."""
        for end, piece in zip(self._ends, self._pieces, strict=True):
            if end >= sample:
                return self.time_s(end), piece.arrived_s
        msg = f"sample {sample} is not on the tape, which ends at {self._end}"
        raise IndexError(msg)
