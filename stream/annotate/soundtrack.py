"""The sound track of a film: stretches of sound in, AAC packets out, holes filled with silence.

Elsewhere a hole stays a hole. Players, though, count samples instead of reading times, so in a file
that is to be played the missing ones are there, as silence. Channels that are heard apart are mixed
again: who looks on hears both.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ, Sound

BIT_RATE: Final = 64_000  # generous for mono at 16 kHz
PACKET_SAMPLES: Final = 1024  # AAC's
SILENCE: Final[Float32[ndarray, " N"]] = np.zeros(PACKET_SAMPLES, dtype=np.float32)


class SoundTrack:
    """Encodes the sound of one source.

    Args:
        stream: The file's track.
        origin_s: The media time of the file's start; sound before it is left out.
    """

    def __init__(self, stream: AudioStream, origin_s: float) -> None:
        stream.bit_rate = BIT_RATE
        self._stream = stream
        self._origin_s = origin_s
        self._encoded = 0  # samples, silence included
        self._waiting = SILENCE[:0]
        self._apart: Sound | None = None  # of the first channel, while the second is to come

    def add(self, sound: Sound) -> "Iterator[Packet[AudioStream]]":
        """Yield the packets that a stretch of sound completes."""
        first, self._apart = self._apart, None
        if first is not None and sound.channel and first.time_s == sound.time_s:
            sound = replace(sound, samples=(first.samples + sound.samples) / 2)
        elif first is not None:  # the other channel of it was lost
            yield from self._place(first)
        if sound.channel == 0:
            self._apart = sound
        else:
            yield from self._place(sound)

    def finish(self) -> "Iterator[Packet[AudioStream]]":
        """Yield the last packets; the very last is filled up with silence."""
        if self._apart is not None:
            yield from self._place(self._apart)
        if len(self._waiting):
            yield from self._put(SILENCE[len(self._waiting) :])
        yield from self._stream.encode()

    def _place(self, sound: Sound) -> "Iterator[Packet[AudioStream]]":
        start = round((sound.time_s - self._origin_s) * SOUND_RATE_HZ)
        hole = start - self._encoded - len(self._waiting)
        for missing in range(hole, 0, -PACKET_SAMPLES):
            yield from self._put(SILENCE[:missing])
        yield from self._put(sound.samples[max(-hole, 0) :])  # without what was there already

    def _put(self, samples: Float32[ndarray, " N"]) -> "Iterator[Packet[AudioStream]]":
        self._waiting = np.concatenate([self._waiting, samples])
        while len(self._waiting) >= PACKET_SAMPLES:
            whole, self._waiting = np.split(self._waiting, [PACKET_SAMPLES])
            frame = AudioFrame.from_ndarray(whole[None], format="fltp", layout="mono")
            frame.sample_rate = SOUND_RATE_HZ
            frame.pts, frame.time_base = self._encoded, Fraction(1, SOUND_RATE_HZ)
            self._encoded += PACKET_SAMPLES
            yield from self._stream.encode(frame)
