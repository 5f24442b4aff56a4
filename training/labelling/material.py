"""What of a clip a teacher is shown, and what of it is held back to see what leaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engines.spec.transcript import UNSPACED, Utterance
from engines.speech.outcome_words import MASK, OutcomeWords
from training.labelling.question import Picture, Video

TranscriptVariant = Literal["shown", "masked", "none"]
FaceVariant = Literal["shown", "blurred"]
Show = Literal["frames", "video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that is said."""

    start_s: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One clip as it is shown.

    Attributes:
        clip: Its name.
        digest: SHA-256 of its file.
        duration_s: How long it is.
        pictures: Frames of it, in order; none if it is shown as a film.
        lines: What is said in it; empty where that is held back or not known.
        transcript: What was done to the words.
        face: What was done to faces.
        video: The film that it is shown as; None if frames are.
    """

    clip: str
    digest: str
    duration_s: float
    pictures: tuple[Picture, ...]
    lines: tuple[Line, ...]
    transcript: TranscriptVariant
    face: FaceVariant
    video: Video | None = None


def lines_of(said: Sequence[Utterance], masks: OutcomeWords | None) -> tuple[Line, ...]:
    """Return what is said, line by line.

    Args:
        said: The utterances.
        masks: The words that tell the outcome; None leaves them.
    """
    lines = []
    for utterance in said:
        words = [word.text for word in utterance.words]
        if masks is not None:
            words = masks.mask(words, utterance.language, token=MASK)
        between = "" if utterance.language in UNSPACED else " "
        lines.append(
            Line(
                start_s=utterance.start_s,
                speaker=utterance.speaker,
                text=between.join(words),
            )
        )
    return tuple(lines)
