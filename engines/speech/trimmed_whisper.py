"""Whisper whose encoder looks at the sound there is, and not always at thirty seconds.

Whisper was trained on windows of 30 s, and its encoder takes as long for one second of speech as
for thirty. It bears less: with some seconds of silence after the sound the words stay what they
are, and a pass costs a half to a quarter (``benchmarks/transcriber_trim.py`` holds it against the
whole window). How the library pads is not promised, so this is done for one version of it only.
"""

from typing import Any, Final

import faster_whisper
import numpy as np
from faster_whisper import WhisperModel
from jaxtyping import Float32
from numpy import ndarray
from tqdm.std import TqdmDefaultWriteLock  # type: ignore[import-untyped]

# Its progress bar, which is never shown, takes a semaphore that a killed process leaves behind.
TqdmDefaultWriteLock.mp_lock = None

TRIED: Final = "1.2.1"
"""The version of faster-whisper that the trim was tried with."""
FRAMES_A_S: Final = 100
WINDOW_S: Final = 30.0
LEAST_S: Final = 8.0
"""Shorter than this the encoder becomes unsure of what it hears."""
MARGIN_S: Final = 4.0
"""So much silence follows the sound at least: without it the last words are said again."""
STEP_S: Final = 2.0
"""Windows are multiples of this: each length has buffers of its own in the runtime."""


def trim_is_tried() -> bool:
    """Return whether this is the version of faster-whisper that the trim was tried with."""
    return bool(faster_whisper.__version__ == TRIED)


def window_s(sound_s: float) -> float:
    """Return how much the encoder has to look at for so much sound."""
    steps = np.ceil((sound_s + MARGIN_S) / STEP_S)
    return float(min(max(steps * STEP_S, LEAST_S), WINDOW_S))


class TrimmedWhisper(WhisperModel):  # type: ignore[misc]  # it has no types
    """A ``WhisperModel`` with a window that can be set, and a memory of the newest encoding.

    The language is told from the same encoding as the words, so the second call that asks for it
    gets the first one's.
    """

    _window_frames = int(WINDOW_S * FRAMES_A_S)
    _features: Float32[ndarray, "... M F"] | None = None
    _encoded: Any = None

    def look_at(self, seconds: float) -> None:
        """Set how much of the window the encoder looks at from now on; forget what it saw."""
        self._window_frames = int(seconds * FRAMES_A_S)
        self._features = self._encoded = None

    def encode(self, features: Float32[ndarray, "... M F"]) -> Any:  # noqa: ANN401 (untyped)
        """Return the encoding of the beginning of a window (called by ``WhisperModel``)."""
        cut = np.ascontiguousarray(features[..., : self._window_frames])
        if self._features is None or not np.array_equal(cut, self._features):
            self._encoded = super().encode(cut)
            self._features = cut
        return self._encoded
