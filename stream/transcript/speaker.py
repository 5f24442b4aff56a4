"""Who says an utterance: somebody who is watched, somebody else, or it cannot be told.

The mouths that were seen are held against the sound of the utterance. A picture in which nobody's
mouth could be followed says nothing: the voice may be that of whoever turns away.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.observation import Scene
from engines.spec.transcript import Speaker, Utterance
from stream.transcript.correspondence import chance, correspondence
from stream.transcript.lip_sync import LAGS_S, LipSync
from stream.transcript.mouths import Mouth, Mouths
from stream.transcript.vowels import VowelLoudness

MIN_SCORE: Final = 0.3
MIN_SURENESS: Final = 1.9
"""Times the spread of what fits by chance. Both were chosen on GRID: ``benchmarks/speaker.py``."""
SHORTEST_S: Final = 1.2
"""With what is around it. In less there are too few syllables to tell two people apart."""
MIN_COVERAGE: Final = 0.6
MIN_RATE_HZ: Final = 7.0
"""Four or five syllables a second are not seen with fewer looks at the mouth."""
AROUND_S: Final = 0.15
"""A mouth opens before it is heard and closes after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Who says an utterance.

    Attributes:
        speaker: Whether it is somebody who is watched.
        person_id: Who of those in the picture it is; None if nobody of them, or it is not known.
        score: How well the mouth that fits best does, -1..1; None where none could be followed.
        sureness: The same in units of the spread of what fits by chance.
    """

    speaker: Speaker
    person_id: str | None
    score: float | None
    sureness: float | None


UNKNOWN: Final = Attribution(speaker="unknown", person_id=None, score=None, sureness=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How well one mouth fits the voice.

    Attributes:
        mouth: Whose it is, and when it was seen.
        correlations: At ``LAGS_S``.
        score: The best of them at the lag of the source.
        chance: The spread of the score where mouth and voice have nothing to do with each other.
    """

    mouth: Mouth
    correlations: Float64[ndarray, " L"]
    score: float
    chance: float

    def suffices(self, score: float) -> bool:
        """Return whether such a score is believed of this mouth."""
        return score >= max(MIN_SCORE, MIN_SURENESS * self.chance)


class SpeakerRule:
    """Remembers the mouths of one source, and answers whose voice it is that is heard."""

    def __init__(self) -> None:
        self._mouths = Mouths()
        self._lip_sync = LipSync()

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
        if scene.epoch != self._mouths.epoch:
            self._lip_sync = LipSync()
        self._mouths.see(scene, watched)

    def speaker(
        self, utterance: Utterance, sound: Float32[ndarray, " N"], sound_s: float
    ) -> Attribution:
        """Return who says a final utterance, by what was seen so far; ask once for each.

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
        lag_s = self._lip_sync.lag_s
        fits = [
            self._fit(mouth, voice, end_s - start_s)
            for mouth in self._mouths.between(start_s - lag_s, end_s - lag_s)
            if _followed(mouth, end_s - start_s)
        ]
        self._learn(fits, end_s - start_s)
        return _attribution(fits)

    def _fit(self, mouth: Mouth, voice: VowelLoudness, length_s: float) -> _Fit:
        correlations = correspondence(mouth, voice, LAGS_S)
        return _Fit(
            mouth=mouth,
            correlations=correlations,
            score=self._lip_sync.best(correlations),
            chance=chance(length_s),
        )

    def _learn(self, fits: Sequence[_Fit], length_s: float) -> None:
        best = max(fits, key=lambda fit: float(fit.correlations.max()), default=None)
        if best is not None and best.suffices(float(best.correlations.max())):
            self._lip_sync.learn(best.correlations, length_s)


def _followed(mouth: Mouth, length_s: float) -> bool:
    seen_s = mouth.coverage * length_s
    return mouth.coverage >= MIN_COVERAGE and len(mouth.times_s) >= MIN_RATE_HZ * seen_s


def _attribution(fits: Sequence[_Fit]) -> Attribution:
    if not fits:
        return UNKNOWN
    best = max(fits, key=attrgetter("score"))
    speaker: Speaker = "unknown"
    person_id = None
    if best.suffices(best.score):
        speaker = "subject" if best.mouth.watched else "other"
        person_id = best.mouth.person_id
    elif any(fit.mouth.watched for fit in fits):
        speaker = "other"  # somebody out of the picture; unwatched faces alone would not tell
    return Attribution(
        speaker=speaker,
        person_id=person_id,
        score=best.score,
        sureness=best.score / best.chance,
    )
