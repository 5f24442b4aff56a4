"""Endpoints: when somebody begins to speak and when that is over, by the scores of the voice.

Two thresholds, so that a voice that wavers around one does not begin and end all the time; a
stretch of voice too short to be a word begins nothing, and a pause too short to be an end ends
nothing.
"""

import math
from dataclasses import dataclass

from engines.config import VoiceConfig
from engines.spec.voice import CHUNK_S

HYSTERESIS = 0.15  # as Silero's own code has it
LEAST = 0.01  # a score below this is silence, however low the threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBegan:
    """Somebody speaks.

    Attributes:
        start_s: Media time from which on there is something to hear, with its pad.
    """

    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEnded:
    """Nobody speaks any more.

    Attributes:
        end_s: Media time at which the last voice ended.
    """

    end_s: float


class Endpointer:
    """Follows the voice of one unbroken stretch of sound, chunk by chunk.

    Args:
        config: The thresholds.

    Attributes:
        speaking: Whether somebody speaks, a pause included.
        voice_until_s: Media time at which the newest voice ended; None before any.
    """

    def __init__(self, config: VoiceConfig) -> None:
        self.speaking = False
        self.voice_until_s: float | None = None
        self._config = config
        self._high = max(config.min_score, LEAST)
        self._low = max(config.min_score - HYSTERESIS, LEAST)
        self._speech_chunks = _chunks(config.min_speech_s)
        self._silence_chunks = _chunks(config.min_silence_s)
        self._voiced = False
        self._first_s = 0.0
        self._voice_count = 0  # chunks with voice since it came up
        self._silence_count = 0  # chunks without, since the newest voice

    def update(self, score: float, time_s: float) -> VoiceBegan | VoiceEnded | None:
        """Take the score of one chunk; return what it makes happen.

        Args:
            score: How surely the chunk holds a voice, 0..1.
            time_s: Media time of its first sample.
        """
        self._voiced = score >= (self._low if self._voiced else self._high)
        return self._voice(time_s) if self._voiced else self._silence()

    def _voice(self, time_s: float) -> VoiceBegan | None:
        if not self._voice_count:
            self._first_s = time_s
        self._voice_count += 1
        self._silence_count = 0
        self.voice_until_s = time_s + CHUNK_S
        if self.speaking or self._voice_count < self._speech_chunks:
            return None
        self.speaking = True
        return VoiceBegan(start_s=self._first_s - self._config.pad_s)

    def _silence(self) -> VoiceEnded | None:
        self._silence_count += 1
        if self.speaking:
            if self._silence_count < self._silence_chunks:
                return None
        elif self._silence_count < self._speech_chunks:
            return None  # a voice that comes up in bits is a voice
        ended, self.speaking, self._voice_count = self.speaking, False, 0
        if not ended or self.voice_until_s is None:
            return None
        return VoiceEnded(end_s=self.voice_until_s)


def _chunks(duration_s: float) -> int:
    return math.ceil(duration_s / CHUNK_S - 1e-9)
