"""The recogniser, as the pipeline sees it: two calls that wait, whatever process answers them."""

from typing import Protocol

from jaxtyping import Float32
from numpy import ndarray

from engines.spec.transcript import Hypothesis
from engines.spec.voice import VoiceState


class Ears(Protocol):
    """What hears. Both calls are functions of their arguments: it remembers nothing."""

    async def voice(
        self, samples: Float32[ndarray, " N"], state: VoiceState | None
    ) -> tuple[Float32[ndarray, " M"], VoiceState]:
        """Return how surely each chunk of 512 samples (32 ms) holds a voice, 0..1.

        Args:
            samples: Sound at ``SOUND_RATE_HZ``, a whole number of chunks.
            state: As returned for the sound before; None at the beginning and after a hole.

        Raises:
            EarsLostError: If the recogniser died on it; the next call finds a new one.
        """
        ...

    async def transcribe(
        self,
        samples: Float32[ndarray, " N"],
        *,
        start_s: float,
        language: str | None,
        prompt: str,
    ) -> Hypothesis:
        """Return the words in a stretch of sound.

        Args:
            samples: Sound at ``SOUND_RATE_HZ``, at most 26 s.
            start_s: Media time of its first sample: the words' times are media times.
            language: ISO 639-1; None to detect it.
            prompt: What was said before, which the recogniser spells alike; may be empty.

        Raises:
            EarsLostError: If the recogniser died on it; the next call finds a new one.
        """
        ...
