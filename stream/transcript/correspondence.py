"""How well the course of a mouth fits a voice: by correlation, at several lags.

That a mouth moves while a voice is heard says little: two people speak at once, or one chews. What
tells whose voice it is are the single syllables, jaw down where a vowel is loud.
"""

import itertools
import math
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from stream.transcript.mouths import Mouth
from stream.transcript.vowels import VowelLoudness

PART_S: Final = 2.5
"""The means are taken over so much at a time: a head that nods or a smile that comes is slower."""
STILL: Final = 0.008
"""A mouth whose opening deviates less from its mean stands still: that of the GRID speakers, by
0.001 to 0.005 when silent and 0.024 or more when speaking."""
_FEWEST: Final = 4  # samples of a part
_JAW_HZ: Final = 5.0  # a jaw goes up and down at most so often
_TINY: Final = 1e-12  # of a scale: below it the sound does not change at all


def correspondence(
    mouth: Mouth, voice: VowelLoudness, lags_s: Float64[ndarray, " L"]
) -> Float64[ndarray, " L"]:
    """Return the correlation of a mouth's opening with the loudness of vowels at each lag.

    Args:
        mouth: Over the whole of an utterance.
        voice: Of the same utterance.
        lags_s: How much later than it is seen each syllable is taken to be heard.

    Returns:
        In [-1, 1]; 0 for a mouth that stands still.
    """
    parts = _parts(mouth.times_s)
    opening = _deviations(mouth.opening[None], parts)[0]
    loudness = _deviations(np.array([voice.at(mouth.times_s + lag_s) for lag_s in lags_s]), parts)
    if np.sqrt(np.square(opening).mean()) < STILL:
        return np.zeros(len(lags_s))
    scale = np.sqrt(np.square(opening).sum() * np.square(loudness).sum(axis=1))
    correlations: Float64[ndarray, " L"] = (loudness @ opening) / np.maximum(scale, _TINY)
    return correlations


def chance(length_s: float) -> float:
    """Return the spread of the correlation of a mouth with a voice that is not its own.

    That of n independent pairs is 1 / sqrt(n), and what moves at up to 5 Hz has ten independent
    values a second. Fewer looks at the mouth did not widen it on the GRID clips.
    """
    return math.sqrt(1 / (2 * _JAW_HZ * length_s))


def _parts(times_s: Float64[ndarray, " T"]) -> list[slice]:
    """Return parts of about ``PART_S``, of equal length but for what was not seen."""
    length_s = times_s[-1] - times_s[0]
    inner_s = np.linspace(times_s[0], times_s[-1], max(round(length_s / PART_S), 1) + 1)[1:-1]
    edges = [0, *np.searchsorted(times_s, inner_s).tolist(), len(times_s)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def _deviations(courses: Float64[ndarray, "L T"], parts: list[slice]) -> Float64[ndarray, "L T"]:
    """Return what each course deviates from its mean in each part; too short a part is left out."""
    deviations = np.zeros_like(courses)
    for part in parts:
        if part.stop - part.start >= _FEWEST:
            course = courses[:, part]
            deviations[:, part] = course - course.mean(axis=1, keepdims=True)
    return deviations
