"""What the listener of one source says to those behind it."""

from dataclasses import dataclass

from jaxtyping import Float32
from numpy import ndarray

from engines.spec.transcript import Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A revision of an utterance, with the sound of it where that is wanted once more.

    Attributes:
        utterance: What is known of it.
        sound: The sound at ``SOUND_RATE_HZ`` from ``sound_s`` on, of a final one: who says it is
            told by holding it against the mouths that were seen. It is never published or kept.
        sound_s: Media time of its first sample.
    """

    utterance: Utterance
    sound: Float32[ndarray, " N"] | None = None
    sound_s: float = 0.0
