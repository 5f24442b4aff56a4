"""LocalAgreement-2: words that two successive passes over the sound agree on are final.

A recogniser that hears more sound may change its mind about what it heard before, so a word is
believed only once a second pass, over more sound, says it again; words at the very edge of the
sound are cut off in the middle too often to be believed. What is final is never taken back, even
where a later pass hears it otherwise: the part of a pass that is known already is found by
aligning it, by text and time, with the final words.

Source: Liu, Spanakis, Niehues, 'Low-Latency Sequence-to-Sequence Speech Recognition and
Translation by Partial Hypothesis Selection', 2020; Machacek, Dabre, Bojar, 'Turning Whisper into
Real-Time Transcription System', 2023.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from engines.spec.transcript import Word

REMEMBERED = 8  # final words that a new pass is aligned with
OTHER_TEXT = 0.6
"""Two words at one place that differ in text: dearer than 0.5 s apart, cheaper than two misses."""
MISSED = 0.7
"""A final word that a pass no longer hears, though its sound was there."""
EXTRA = 0.5
"""A word amid the final ones that is none of them."""
EXTRA_AFTER = 1.0
"""The same behind them, where new words are to be expected."""
FARTHEST_S = 1.0  # words this far apart or farther are equally unlike


def normalized(text: str) -> str:
    """Return a word without case and punctuation; one that is nothing else stays as it is."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum())
    return bare.casefold() or text


class LocalAgreement:
    """What is final and what is not of one stretch of speech, pass by pass.

    Attributes:
        final: The final words since the last cut, in the order of their times.
        tentative: What the newest pass heard behind them.
    """

    def __init__(self) -> None:
        self.final: tuple[Word, ...] = ()
        self.tentative: tuple[Word, ...] = ()
        self._known: tuple[Word, ...] = ()  # the newest final words, over cuts too

    def update(
        self, words: Sequence[Word], *, heard_from_s: float, trusted_until_s: float
    ) -> tuple[Word, ...]:
        """Take what a pass heard, and return the words that become final by it.

        Args:
            words: In the order of their times; final ones may be among them, changed or not.
            heard_from_s: Media time at which the sound of the pass began.
            trusted_until_s: A word that ends later is too near the edge of the sound.
        """
        news = tuple(words)[self._count_known(words, heard_from_s) :]
        agreed = 0
        for before, now in zip(self.tentative, news, strict=False):
            if normalized(before.text) != normalized(now.text) or now.end_s > trusted_until_s:
                break
            agreed += 1
        self.tentative = news
        return self._settle(agreed)

    def believe(self, until_s: float) -> tuple[Word, ...]:
        """Make final what the newest pass heard up to a media time, without a second pass."""
        count = 0
        while count < len(self.tentative) and self.tentative[count].end_s <= until_s:
            count += 1
        return self._settle(count)

    def finish(self) -> tuple[Word, ...]:
        """Make final all that the newest pass heard: there will be no further one."""
        return self._settle(len(self.tentative))

    def cut(self, count: int) -> None:
        """Let go of the first final words; passes begin behind them from now on."""
        self.final = self.final[count:]

    def _settle(self, count: int) -> tuple[Word, ...]:
        settled = []
        last = self._known[-1] if self._known else None
        for word in self.tentative[:count]:
            last = word if last is None else _not_before(word, last)
            settled.append(last)
        self.tentative = self.tentative[count:]
        self.final += tuple(settled)
        self._known = (*self._known, *settled)[-REMEMBERED:]
        return tuple(settled)

    def _count_known(self, words: Sequence[Word], heard_from_s: float) -> int:
        """Return how many of the first words are the final ones, heard once more.

        It is an edit distance: the final words against the first so many of these, cheapest
        number wins; the smallest one among equals, so that in doubt a word is kept.
        """
        if not self._known:
            return 0
        last_s = self._known[-1].end_s
        extra = [EXTRA if _middle_s(word) < last_s else EXTRA_AFTER for word in words]
        costs = [0.0]
        for cost in extra:
            costs.append(costs[-1] + cost)
        for known in self._known:
            missed = 0.0 if known.end_s <= heard_from_s else MISSED
            above, costs = costs, [costs[0] + missed]
            for i, word in enumerate(words):
                paired = above[i] + _unlikeness(known, word)
                costs.append(min(paired, above[i + 1] + missed, costs[i] + extra[i]))
        # A word left over counts too if it lies where the final ones do.
        for i, word in enumerate(words):
            if _middle_s(word) < last_s:
                costs[: i + 1] = [cost + EXTRA for cost in costs[: i + 1]]
        return costs.index(min(costs))


def _unlikeness(one: Word, other: Word) -> float:
    apart_s = abs(_middle_s(one) - _middle_s(other))
    other_text = 0.0 if normalized(one.text) == normalized(other.text) else OTHER_TEXT
    return other_text + min(apart_s, FARTHEST_S)


def _middle_s(word: Word) -> float:
    return (word.start_s + word.end_s) / 2


def _not_before(word: Word, last: Word) -> Word:
    """Return a word whose times do not go back behind those of the last one."""
    start_s = max(word.start_s, last.start_s)
    return replace(word, start_s=start_s, end_s=max(word.end_s, last.end_s, start_s))
