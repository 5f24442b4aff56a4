"""Speech in progress: the sound since it began, what was made of it, and where it may be cut."""

from dataclasses import dataclass

from engines.spec.transcript import Word
from stream.transcript.agreement import LocalAgreement
from stream.transcript.draft import Draft

SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "।")  # noqa: RUF001 (full width, as they are written)
SENTENCE_S = 0.3
"""The end of a sentence is as good a place for a cut as so much more of a pause."""
LONGEST_BREATH_S = 0.4
"""A cut lies in the middle of the pause, or half of this behind the word."""


@dataclass(slots=True, kw_only=True)
class Speech:
    """One utterance, while it is being said.

    Attributes:
        begin: Sample of the tape at which its sound begins.
        passed: Sample up to which the newest pass heard; ``begin`` before the first one.
        voice_passed_s: Media time of the newest voice in that pass.
        agreement: Which of its words are final; it goes on over a cut.
        draft: The words, as they are published.
        language: As the newest pass has it.
    """

    begin: int
    passed: int
    voice_passed_s: float
    agreement: LocalAgreement
    draft: Draft
    language: str | None = None

    def best_cut(self, earliest_s: float, latest_s: float) -> tuple[int, float] | None:
        """Return how many final words to cut off, and where in the sound; None if nowhere.

        Args:
            earliest_s: Media time before which a cut would leave too much.
            latest_s: Media time behind which it would leave too little to understand.
        """
        final = self.agreement.final
        behind = (*final[1:], *self.agreement.tentative[:1])
        pauses = [_pause_s(word, after) for word, after in zip(final, behind, strict=False)]
        pauses += [0.0] * (len(final) - len(pauses))
        places = [i for i, word in enumerate(final) if earliest_s <= word.end_s <= latest_s]
        if not places:
            return None
        best = max(places, key=lambda i: (_worth_s(final[i], pauses[i]), i))
        return best + 1, final[best].end_s + min(pauses[best], LONGEST_BREATH_S) / 2


def _pause_s(word: Word, after: Word) -> float:
    return max(after.start_s - word.end_s, 0.0)


def _worth_s(word: Word, pause_s: float) -> float:
    return pause_s + SENTENCE_S * word.text.endswith(SENTENCE_ENDS)
