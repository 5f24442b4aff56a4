"""What was said: words on the media clock, and the utterances they make.

A word has two places in time. ``start_s`` and ``end_s`` are when it was spoken; ``available_s`` is
when it was known here, later by what had to be heard after it and by the time that recognising
took. A network may use a word from then on and no sooner, live and offline alike.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from jaxtyping import Float32
from numpy import ndarray

from engines.spec.wire import CLOSED, Count, Share

Speaker = Literal["subject", "other", "unknown"]
"""Who says it: somebody who is watched, somebody else, or it cannot be told."""

UNSPACED: Final = frozenset({"ja", "lo", "my", "th", "yue", "zh"})
"""Languages that are written without a space between words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One recognised word."""

    __pydantic_config__: ClassVar = CLOSED

    text: str
    """As it is written, with its punctuation and without surrounding space."""
    start_s: float
    """Media time at which it begins."""
    end_s: float
    """Media time at which it ends."""
    probability: Share
    """The recogniser's own."""
    available_s: float | None = None
    """Media time from which on it is known and no longer changes; null while it may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What one pass of the recogniser made of a stretch of sound.

    Attributes:
        words: In the order of their times; none is final.
        language: As ISO 639-1 has it, such as ``en``.
        language_probability: 1 where the language was given and not detected.
    """

    words: tuple[Word, ...]
    language: str
    language_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One stretch of speech as far as it is known: final words first, then those that may change.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        number: Counts the utterances of the source from 0, over all epochs.
        revision: Counts what is known of this utterance from 0; a later one replaces an earlier.
        final: True for the last revision; then all of its words are final.
        start_s: Media time at which its first word begins.
        end_s: Media time at which its newest word ends.
        available_s: Media time at which this revision was known.
        language: As ISO 639-1 has it; None while it is not known.
        speaker: Who says it; ``unknown`` until it is final.
        person_id: Who of those in the picture says it; None if nobody of them, or it is not known.
        words: Never empty.
        channel: Of the sound that it was said in, as in ``Sound``.
    """

    source: str
    epoch: Count
    number: Count
    revision: Count
    final: bool
    start_s: float
    end_s: float
    available_s: float
    language: str | None
    speaker: Speaker
    person_id: str | None
    words: tuple[Word, ...]
    channel: Count | None = None

    @property
    def text(self) -> str:
        """The words, as one line."""
        between = "" if self.language in UNSPACED else " "
        return between.join(word.text for word in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEvidence:
    """The newest words of one person, as a network is given them.

    Attributes:
        embedding: Of these words together, those that give the outcome away masked if so asked.
        words: How many there are.
        start_s: Media time at which the first of them begins.
        end_s: Media time at which the newest of them ends.
        available_s: Media time from which on they are known.
    """

    embedding: Float32[ndarray, " D"]
    words: int
    start_s: float
    end_s: float
    available_s: float
