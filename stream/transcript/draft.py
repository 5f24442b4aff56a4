"""An utterance while it is being said: what is final, what is not, and which revision that is."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from engines.spec.transcript import Utterance, Word


class Draft:
    """Gathers the words of one utterance and says it again when something changed.

    It says nothing before its first final word: so whatever number was said has a last revision,
    and that has words.

    Args:
        source: The name of the source.
        epoch: As in ``Frame``.
        number: Gives it its number; asked when it is first said, so that none is left out.
        words: Those that are final from the beginning: the utterance before was cut in front.
        channel: As in ``Sound``.
    """

    def __init__(
        self,
        *,
        source: str,
        epoch: int,
        number: Callable[[], int],
        words: Sequence[Word] = (),
        channel: int | None = None,
    ) -> None:
        self.words: list[Word] = list(words)
        self._source = source
        self._channel = channel
        self._epoch = epoch
        self._number_of = number
        self._number: int | None = None
        self._revision = 0
        self._said: tuple[int, list[str]] = (0, [])

    def add(self, words: Sequence[Word], available_s: float) -> None:
        """Take words that became final at a media time."""
        self.words += (replace(word, available_s=available_s) for word in words)

    def revise(
        self, tentative: Sequence[Word], *, available_s: float, language: str | None
    ) -> Utterance | None:
        """Return the utterance as it is now; None if it was said so already."""
        says = len(self.words), [word.text for word in tentative]
        if not self.words or says == self._said:
            return None
        self._said = says
        words = (*self.words, *tentative)
        return self._utterance(words, available_s=available_s, language=language, final=False)

    def close(
        self, count: int, *, available_s: float, language: str | None
    ) -> tuple[Utterance | None, list[Word]]:
        """Return its last revision, of the first words, and those left for the next utterance.

        The utterance is None where there are no words.
        """
        mine, rest = self.words[:count], self.words[count:]
        if not mine:
            return None, rest
        last = self._utterance(mine, available_s=available_s, language=language, final=True)
        return last, rest

    def _utterance(
        self, words: Sequence[Word], *, available_s: float, language: str | None, final: bool
    ) -> Utterance:
        if self._number is None:
            self._number = self._number_of()
        revision = self._revision
        self._revision += 1
        return Utterance(
            source=self._source,
            epoch=self._epoch,
            number=self._number,
            revision=revision,
            final=final,
            start_s=words[0].start_s,
            end_s=max(word.end_s for word in words),
            available_s=available_s,
            language=language,
            speaker="unknown",
            person_id=None,
            words=tuple(words),
            channel=self._channel,
        )
