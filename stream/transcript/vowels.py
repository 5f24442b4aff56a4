"""How loud the open vowels of a voice are, moment by moment.

The wider the jaw, the higher the first resonance of the mouth and the more sound there is above
600 Hz: 'ah' has it, 'ee', 'oo', a hum and a mains hum have not. Below that, the voice itself is
heard whatever the mouth does; above 1500 Hz the hiss of consonants, whose jaw is nearly shut.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ

BAND_HZ: Final = (600, 1500)
_HOP, _WINDOW, _FFT = 160, 400, 512  # samples: 10, 25 and 32 ms
_SMOOTHING_S: Final = 0.03  # a jaw moves more slowly than a voice's energy
_FLOOR: Final = 1e-3  # of the loudest moment: 30 dB below it all silence is alike


class VowelLoudness:
    """The course of it over a stretch of sound.

    Args:
        sound: At ``SOUND_RATE_HZ``, at least 25 ms.
        start_s: Media time of its first sample.

    Raises:
        ValueError: If the sound is shorter.
    """

    def __init__(self, sound: Float32[ndarray, " N"], start_s: float) -> None:
        pieces = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(pieces * np.hanning(_WINDOW), _FFT)
        low, high = (round(hz * _FFT / SOUND_RATE_HZ) for hz in BAND_HZ)
        energy = np.square(np.abs(spectrum[:, low:high])).sum(axis=1)
        loudest = float(energy.max())
        # digital silence has no loudest moment
        self._course = _smooth(np.log(energy / loudest + _FLOOR)) if loudest > 0 else 0 * energy
        self._times_s = start_s + (_HOP * np.arange(len(energy)) + _WINDOW / 2) / SOUND_RATE_HZ

    def at(self, times_s: Float64[ndarray, " T"]) -> Float64[ndarray, " T"]:
        """Return the logarithm of the loudness at media times; beyond the ends, that of the end."""
        loudness: Float64[ndarray, " T"] = np.interp(times_s, self._times_s, self._course)
        return loudness


def _smooth(course: Float64[ndarray, " T"]) -> Float64[ndarray, " T"]:
    hop_s = _HOP / SOUND_RATE_HZ
    reach = round(3 * _SMOOTHING_S / hop_s)
    offsets_s = hop_s * np.arange(-reach, reach + 1)
    weights = np.exp(-np.square(offsets_s / _SMOOTHING_S) / 2)
    return np.convolve(np.pad(course, reach, mode="edge"), weights / weights.sum(), "valid")
