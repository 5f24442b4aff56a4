"""Two channels with a voice of its own in each: an interview with a microphone a person.

Mixed, two people who talk at once are one sound, and the louder is all that a recogniser
understands of it; such channels are better heard apart. Ordinary stereo must not be: the same voice
stands in both, and would be heard twice. So they count as two voices only where that is plain: both
come and go, each is alone at times, and nothing of one is in the other, at any delay that the way
between two microphones makes. One that is heard 30 dB fainter in the other channel is enough to be
mixed: a recogniser understands that too. What that was tried on: ``tests/stream/source``.
"""

import logging
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ
from stream.config import SourceConfig
from stream.source.sound import STEREO
from stream.source.spec import SourceSpec

log = logging.getLogger(__name__)

PROBED_S: Final = 30.0
"""So much of a file is judged: by then both have most likely spoken."""
FRAME: Final = SOUND_RATE_HZ // 20
"""Samples of which a level is taken: shorter than a syllable."""
LOUD_DB: Final = 20.0
"""So far below its loudest a channel still is heard."""
FLOOR_DB: Final = -55.0
"""Nothing fainter is heard at all; relative to full scale."""
HEARD_S: Final = 1.0
"""Less than this in a channel is a click or a cough."""
SWING_DB: Final = 10.0
"""A voice pauses: between its loudest and its faintest is more than this. Noise goes on."""
ALONE_DB: Final = 10.0
ALONE_S: Final = 0.2
"""For so long at least one is louder than the other by ``ALONE_DB``, and the other by turns."""
LIKENESS_OF: Final = SOUND_RATE_HZ // 2
"""Samples over which two channels are compared."""
LONGEST_LAG: Final = SOUND_RATE_HZ // 50
"""Samples that sound is on its way between two microphones: 20 ms are 7 m."""
MOST_ALIKE: Final = 0.2
"""The correlation at the best lag, in the median; the same voice in a large room still has 0.28."""


def hears_apart(spec: SourceSpec, config: SourceConfig) -> bool:
    """Return whether a source's two channels are to be heard apart, if two they are. It blocks.

    Only of a local file that is found out: a stream would have to be held back as long as it takes.

    Args:
        spec: Which source.
        config: What its channels are; ``auto`` looks.
    """
    if config.channels != "auto":
        return config.channels == "apart"
    if spec.kind != "file" or spec.scheme != "file" or not Path(spec.url).is_file():
        return False
    try:
        sound = _beginning(spec.url)
    except (av.FFmpegError, ValueError, IndexError):
        return False  # whoever reads it says what is wrong with it
    if sound is None or not are_two_voices(sound):
        return False
    log.info("%s: a voice in each of its two channels: they are heard apart", spec.name)
    return True


def are_two_voices(sound: Float32[ndarray, "2 N"]) -> bool:
    """Return whether the channels of a sound at ``SOUND_RATE_HZ`` have a voice each."""
    count = sound.shape[1] // FRAME
    if not count:
        return False
    framed = sound[:, : count * FRAME].reshape(STEREO, count, FRAME).astype(np.float64)
    level_db = 10 * np.log10(np.square(framed).mean(axis=2) + np.finfo(np.float32).tiny)
    faintest_db, loudest_db = np.percentile(level_db, (10, 95), axis=1)
    is_heard = level_db > np.maximum(loudest_db[:, None] - LOUD_DB, FLOOR_DB)
    if (loudest_db - faintest_db < SWING_DB).any() or (_s(is_heard) < HEARD_S).any():
        return False
    louder_db = level_db[0] - level_db[1]
    is_alone = is_heard & np.stack([louder_db > ALONE_DB, louder_db < -ALONE_DB])
    return bool((_s(is_alone) >= ALONE_S).all()) and _likeness(sound, is_heard) < MOST_ALIKE


def _s(frames: ndarray) -> Float64[ndarray, " 2"]:
    seconds: Float64[ndarray, " 2"] = frames.sum(axis=1) * (FRAME / SOUND_RATE_HZ)
    return seconds


def _likeness(sound: Float32[ndarray, "2 N"], is_heard: ndarray) -> float:
    """Return how alike the channels are while one is heard: 0 for not at all, 1 for the same."""
    each = []
    for at in range(0, sound.shape[1] - LIKENESS_OF + 1, LIKENESS_OF):
        if is_heard[:, at // FRAME : (at + LIKENESS_OF) // FRAME].any():
            left, right = sound[:, at : at + LIKENESS_OF].astype(np.float64)
            each.append(_correlation(left, right))
    return float(np.median(each)) if each else 1.0


def _correlation(left: Float64[ndarray, " N"], right: Float64[ndarray, " N"]) -> float:
    """Return the largest correlation of two sounds within ``LONGEST_LAG``, without its sign."""
    power = np.sqrt(np.square(left).sum() * np.square(right).sum())
    if not power:
        return 0.0
    size = 2 * len(left)
    product = np.fft.rfft(left, size) * np.conj(np.fft.rfft(right, size))
    lagged = np.abs(np.fft.irfft(product, size))
    return float(max(lagged[: LONGEST_LAG + 1].max(), lagged[-LONGEST_LAG:].max()) / power)


def _beginning(path: str) -> Float32[ndarray, "2 N"] | None:
    """Return the first of a file's sound; None if it has not two channels."""
    with av.open(path, options={"pattern_type": "none"}) as file:
        stream = file.streams.best("audio")
        if not isinstance(stream, AudioStream) or stream.layout.nb_channels != STEREO:
            return None
        resampler = AudioResampler(format="fltp", layout="stereo", rate=SOUND_RATE_HZ)
        parts: list[ndarray] = []
        missing = round(PROBED_S * SOUND_RATE_HZ)
        for frame in file.decode(stream):
            frame.pts = None
            for part in resampler.resample(frame):
                parts.append(part.to_ndarray()[:, :missing])
                missing -= parts[-1].shape[1]
            if not missing:
                break
    return np.concatenate(parts, axis=1) if parts else None
