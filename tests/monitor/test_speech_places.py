"""Where words lie: each within 300 ms of its place in a film of six speakers.

The corpus gives a clip's sentence and no times, so a word's place is told by two witnesses: the
stretch of its clip in which there is a voice at all, and, for words that both hear, the same
recogniser's pass over the single clip, cut out of the film's sound.
"""

from functools import partial

import av
import numpy as np
import pytest

from engines.config import SpeechConfig
from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.voice import CHUNK, CHUNK_S
from engines.speech.recogniser import Recogniser

TOLERANCE_S = 0.3
ENGLISH = "speech.language=en"


@pytest.fixture
def run_monitor(run_monitor):
    """The whole monitor, ears included."""
    return partial(run_monitor, hears=True)


@pytest.fixture(scope="module")
def recogniser(store):
    with Recogniser(store.path("whisper-base"), SpeechConfig(language="en")) as opened:
        yield opened


def decoded(clip):
    """Return the sound of a clip, mono, by the decoder alone."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE_HZ)
    with av.open(str(clip)) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])


def voiced(recogniser, samples):
    """Return from when to when there is a voice, in seconds."""
    whole = samples[: len(samples) // CHUNK * CHUNK]
    scores, _ = recogniser.voice(whole.astype(np.float32), None)
    loud = np.flatnonzero(scores >= 0.5)
    return loud[0] * CHUNK_S, (loud[-1] + 1) * CHUNK_S


def bare(text):
    return "".join(filter(str.isalnum, text.lower()))


@pytest.mark.slow
def test_words_lie_within_300_ms_of_their_place(run_monitor, joined_grid, recogniser, media):
    run = run_monitor(joined_grid.path, "--set", ENGLISH, "--set", "reading.subject=all")
    words = [word for r in run.of("transcript") if r["final"] for word in r["words"]]
    heard = compared = 0
    for name, start_s, end_s, sentence in joined_grid.clips:
        samples = decoded(media / "grid" / f"{name}.mpg").astype(np.float32)
        from_s, until_s = voiced(recogniser, samples)
        inside = [word for word in words if start_s <= word["start_s"] < end_s]
        heard += len(inside)
        for word in inside:
            assert start_s + from_s - TOLERANCE_S <= word["start_s"], (name, sentence, word)
            assert word["end_s"] <= start_s + until_s + TOLERANCE_S, (name, sentence, word)
        alone = recogniser.transcribe(samples, 0.0, "en", "").words
        for word in inside:
            twins = [other for other in alone if bare(other.text) == bare(word["text"])]
            if len(twins) == 1:
                compared += 1
                assert word["end_s"] - start_s == pytest.approx(twins[0].end_s, abs=TOLERANCE_S)
    assert heard >= 4 * len(joined_grid.clips)
    assert compared >= 2 * len(joined_grid.clips)
