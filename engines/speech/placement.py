"""Where words are in time: what Whisper says, held against where a voice is.

Whisper aligns words by what its decoder looked at, and lets them touch: the word after a pause
begins where the one before it ended, a second too early (``ask`` in the pauses of the well-known
speech). A voice is heard or not within 32 ms, so a word keeps that part of its time that has one.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.voice import CHUNK_S

VOICED: Final = 0.35
"""Where an utterance that has begun still goes on, by Silero's own rule."""
SURE: Final = 0.5
"""Where an utterance begins, by the same rule."""
PAUSE_S: Final = 0.2
"""Less silence than this is within a word: the stop of a consonant."""
EDGE_S: Final = 0.05
"""The network hears a voice so late, and so long after its end."""
SHORTEST_S: Final = 0.1
"""Less than this is the edge of a neighbour."""

Span = tuple[float, float]


def voiced_spans(scores: Float32[ndarray, " M"]) -> tuple[Span, ...]:
    """Return where a voice is, in seconds from the first chunk, pauses of words left in.

    There is none where the network is never as sure as it must be for an utterance to begin: three
    seconds of music score .47, and Whisper makes 'Bye!' of them.
    """
    if scores.max(initial=0.0) < SURE:
        return ()
    voiced = np.concatenate([[False], scores >= VOICED, [False]])
    edges = np.flatnonzero(voiced[1:] != voiced[:-1]) * CHUNK_S
    return tuple(_joined(edges.reshape(-1, 2).tolist()))


def _joined(spans: list[list[float]]) -> Iterator[Span]:
    begin_s = end_s = -np.inf
    for next_begin_s, next_end_s in spans:
        if next_begin_s - end_s >= PAUSE_S:
            if end_s > begin_s:
                yield max(begin_s - EDGE_S, 0.0), end_s + EDGE_S
            begin_s = next_begin_s
        end_s = next_end_s
    if end_s > begin_s:
        yield max(begin_s - EDGE_S, 0.0), end_s + EDGE_S


def placed(word: Span, voiced: tuple[Span, ...]) -> Span:
    """Return the part of a word's time in which there is a voice; of several the last.

    It is the beginning that Whisper has too early. A word without any voice stays where it is:
    somebody whispers, or the voice was missed.
    """
    parts = [(max(word[0], begin_s), min(word[1], end_s)) for begin_s, end_s in voiced]
    return next((part for part in reversed(parts) if part[1] - part[0] >= SHORTEST_S), word)
