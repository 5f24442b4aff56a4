"""Who says an utterance: somebody who is watched, somebody else, or it cannot be told.

The mouths that were seen are held against the sound of the utterance. A picture in which nobody's
mouth could be followed says nothing: the voice may be that of whoever turns away.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.observation import Scene
from engines.spec.transcript import Speaker, Utterance
from stream.transcript.correspondence import correspondence
from stream.transcript.mouths import Mouth, Mouths
from stream.transcript.vowels import VowelLoudness

MIN_SCORE: Final = 0.38
"""Chosen on the GRID clips: ``benchmarks/speaker.py``."""
SHORTEST_S: Final = 1.0
"""In less there are too few syllables to tell two people apart."""
MIN_COVERAGE: Final = 0.6
MIN_RATE_HZ: Final = 7.0
"""Four or five syllables a second are not seen with fewer looks at the mouth."""
AROUND_S: Final = 0.15
"""A mouth opens before it is heard and closes after."""
LAGS_S: Final = np.array([-0.04, 0.0, 0.04])
"""Sound and picture of one source are no farther apart: EBU R 37 allows +40 and -60 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who says an utterance.

    Attributes:
        speaker: Whether it is somebody who is watched.
        person_id: Who of those in the picture it is; None if nobody of them, or it is not known.
        score: How well the mouth that fits best does, -1..1; None where none could be followed.
    """

    speaker: Speaker
    person_id: str | None
    score: float | None


UNKNOWN: Final = Attribution(speaker="unknown", person_id=None, score=None)


class SpeakerRule:
    """Remembers the mouths of one source, and answers whose voice it is that is heard."""

    def __init__(self) -> None:
        self._mouths = Mouths()

    @property
    def seen_until(self) -> tuple[int, float] | None:
        """Epoch and media time of the newest scene; None before the first."""
        return None if self._mouths.epoch is None else (self._mouths.epoch, self._mouths.newest_s)

    def see(self, scene: Scene, watched: Collection[str]) -> None:
        """Take one analysed frame into account, in order.

        Args:
            scene: Everyone in the frame.
            watched: Whose words are the subject's, by ``person_id``.
        """
        self._mouths.see(scene, watched)

    def speaker(
        self, utterance: Utterance, sound: Float32[ndarray, " N"], sound_s: float
    ) -> Attribution:
        """Return who says a final utterance, by what was seen so far.

        Args:
            utterance: Its place in media time counts, not its words.
            sound: At ``SOUND_RATE_HZ``; it should hold the whole utterance.
            sound_s: Media time of its first sample.
        """
        start_s = max(utterance.start_s - AROUND_S, sound_s)
        end_s = min(utterance.end_s + AROUND_S, sound_s + len(sound) / SOUND_RATE_HZ)
        if utterance.epoch != self._mouths.epoch or end_s - start_s < SHORTEST_S:
            return UNKNOWN
        first, last = (round((time_s - sound_s) * SOUND_RATE_HZ) for time_s in (start_s, end_s))
        voice = VowelLoudness(sound[first:last], start_s)
        judged = [
            (float(correspondence(mouth, voice, LAGS_S).max()), mouth)
            for mouth in self._mouths.between(start_s, end_s)
            if _followed(mouth, end_s - start_s)
        ]
        return _attribution(judged)


def _followed(mouth: Mouth, length_s: float) -> bool:
    seen_s = mouth.coverage * length_s
    return mouth.coverage >= MIN_COVERAGE and len(mouth.times_s) >= MIN_RATE_HZ * seen_s


def _attribution(judged: Sequence[tuple[float, Mouth]]) -> Attribution:
    if not judged:
        return UNKNOWN
    score, best = max(judged, key=itemgetter(0))
    if score >= MIN_SCORE:
        speaker: Speaker = "subject" if best.watched else "other"
        return Attribution(speaker=speaker, person_id=best.person_id, score=score)
    # it is not those who were seen; only of whoever is watched does that tell
    seen = any(mouth.watched for _, mouth in judged)
    return Attribution(speaker="other" if seen else "unknown", person_id=None, score=score)
