"""What a made-up person says: embeddings of utterances, each known somewhat after it ended."""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from training.synthetic.script import Script


def speech(
    script: Script,
    *,
    directions: Float64[ndarray, "2 E"],
    cue_length: float,
    word_delay_s: tuple[float, float],
    random: np.random.Generator,
) -> tuple[Float32[ndarray, "U E"], Float64[ndarray, " U"]]:
    """Draw the utterances of an interview.

    Args:
        script: When the cues are.
        directions: Which way an embedding turns for cue A and for cue B.
        cue_length: How far it turns, where its topic moves each number by 0.3.
        word_delay_s: The least and the most from an utterance's end to when it is known.
        random: Of this interview.

    Returns:
        The embedding of each utterance, and the media time from which on it is known.
    """
    ends_s = np.cumsum(random.uniform(4, 12, size=int(script.duration_s / 4) + 1))
    ends_s = ends_s[ends_s < script.duration_s]
    embeddings = 0.3 * random.normal(size=(len(ends_s), directions.shape[1]))
    for start_s, direction in zip(script.cues_s["text"], directions, strict=True):
        # the utterance during which the cue is; the last one where it is only hinted at
        place = min(int(np.searchsorted(ends_s, start_s)), len(ends_s) - 1)
        embeddings[place] += cue_length * direction
    known_s = ends_s + random.uniform(*word_delay_s, size=len(ends_s))
    return embeddings.astype(np.float32), np.maximum.accumulate(known_s)
