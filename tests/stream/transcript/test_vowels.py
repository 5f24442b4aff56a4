import numpy as np
import pytest

from engines.spec.frame import SOUND_RATE_HZ
from stream.transcript.vowels import VowelLoudness

TIMES_S = np.arange(3 * SOUND_RATE_HZ) / SOUND_RATE_HZ
LOOKS_S = np.arange(0.1, 2.9, 0.04)


def course(hz, rate_hz, phase=0.0):
    """A tone whose loudness rises and falls."""
    loudness = 0.1 * (1.1 + np.sin(2 * np.pi * rate_hz * TIMES_S + phase))
    return (loudness * np.sin(2 * np.pi * hz * TIMES_S)).astype(np.float32)


def test_it_rises_and_falls_with_the_first_resonance_of_open_vowels():
    heard = VowelLoudness(course(900, 3.0), 0.0).at(LOOKS_S)

    assert np.corrcoef(heard, np.sin(2 * np.pi * 3 * LOOKS_S))[0, 1] > 0.9


def test_neither_a_hum_nor_a_hiss_changes_it_much():
    vowels = course(900, 3.0)
    alone = VowelLoudness(vowels, 0.0).at(LOOKS_S)
    among = VowelLoudness(vowels + course(150, 2.0) + course(5000, 4.0), 0.0).at(LOOKS_S)

    assert np.abs(among - alone).max() < 0.2 * np.ptp(alone)


def test_it_does_not_depend_on_how_loud_the_sound_is_as_a_whole():
    loud, soft = (
        VowelLoudness(np.float32(gain) * course(900, 3.0), 0.0).at(LOOKS_S) for gain in (3, 0.01)
    )

    assert loud == pytest.approx(soft, abs=1e-3)


def test_it_lies_on_the_clock_of_its_sound():
    early, late = (VowelLoudness(course(900, 3.0), start_s) for start_s in (0.0, 7.0))

    assert late.at(LOOKS_S + 7.0) == pytest.approx(early.at(LOOKS_S), abs=1e-6)


def test_digital_silence_has_a_course_too():
    silence = VowelLoudness(np.zeros(SOUND_RATE_HZ, np.float32), 0.0)

    assert np.ptp(silence.at(LOOKS_S)) == 0
