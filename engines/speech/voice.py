"""Voice activity: how surely each 32 ms of sound hold a voice, by Silero's network (v6).

It is the file that faster-whisper brings, run as that library runs it, but with its state handed in
and out: a stream is judged piece by piece and gives what the whole would have given.
"""

import numpy as np
from faster_whisper.vad import get_vad_model
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.voice import CHUNK, CONTEXT, VoiceState


class VoiceActivity:
    """Judges sound; what it remembers is in the state that the caller keeps."""

    def __init__(self) -> None:
        self._session = get_vad_model().session

    def judge(
        self, samples: Float32[ndarray, " N"], state: VoiceState | None
    ) -> tuple[Float32[ndarray, " M"], VoiceState]:
        """Return the probability of a voice in each chunk, and the state after the last.

        Args:
            samples: Sound at ``SOUND_RATE_HZ``, a whole number of chunks, at least one.
            state: As returned for the sound before; None at the beginning and after a hole.

        Raises:
            ValueError: If it is no whole number of chunks.
        """
        if not len(samples) or len(samples) % CHUNK:
            msg = f"samples: expected a multiple of {CHUNK}, got {len(samples)}"
            raise ValueError(msg)
        before = state or VoiceState.initial()
        chunks = samples.reshape(-1, CHUNK)
        contexts = np.vstack([before.context, chunks[:-1, -CONTEXT:]])
        scores, hidden, cell = self._session.run(
            None,
            {"input": np.hstack([contexts, chunks]), "h": before.hidden, "c": before.cell},
        )
        after = VoiceState(hidden=hidden, cell=cell, context=chunks[-1, -CONTEXT:].copy())
        return scores.reshape(-1), after
