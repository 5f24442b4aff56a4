"""The words that count as evidence, and as of when: the newest ones of each person, embedded.

Only final words of final utterances enter: who says them is known only then. Each embedding holds
from the media time at which its newest words were known, and a window sees the one that was known
when it was cut, so that no reading hears the future.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from jaxtyping import Float32
from numpy import ndarray

from engines.config import TextConfig
from engines.spec.transcript import TextEvidence, Utterance, Word

Embed = Callable[[Sequence[str], str | None], Awaitable[Float32[ndarray, " D"]]]
"""Returns the vector of words, given their language."""

EVERYONE: Final = "*"
"""Under which words are kept where it does not matter who says them."""
PERSONS: Final = 64  # the one not heard for longest is forgotten first
KEPT: Final = 16  # embeddings a person: a reading is seldom later than one utterance


class _Person:
    """What one person said."""

    def __init__(self, words: int) -> None:
        self.words: deque[Word] = deque(maxlen=words)
        self.evidence: deque[TextEvidence] = deque(maxlen=KEPT)


class TextMemory:
    """Keeps what was said in one source, as far as it is evidence.

    Args:
        config: Whose words, and how many.
        embed: Turns words into a vector.
    """

    def __init__(self, config: TextConfig, embed: Embed) -> None:
        self._config = config
        self._embed = embed
        self._persons: dict[str, _Person] = {}  # the one heard last stands last

    async def add(self, utterance: Utterance) -> None:
        """Take a final utterance into account, if its words are evidence."""
        key = self._key(utterance)
        if key is None:
            return
        person = self._persons.pop(key, None) or _Person(self._config.words)
        self._persons[key] = person
        if len(self._persons) > PERSONS:
            del self._persons[next(iter(self._persons))]
        person.words.extend(utterance.words)
        newest_s = person.words[-1].end_s
        while person.words[0].end_s < newest_s - self._config.seconds:
            person.words.popleft()
        words = tuple(person.words)
        embedding = await self._embed([word.text for word in words], utterance.language)
        person.evidence.append(
            TextEvidence(
                embedding=embedding,
                words=len(words),
                start_s=words[0].start_s,
                end_s=newest_s,
                available_s=utterance.available_s,
            )
        )

    def as_of(self, person_id: str | None, time_s: float) -> TextEvidence | None:
        """Return what a person's newest words were at a media time; None if there were none."""
        key = EVERYONE if self._config.speaker == "all" else person_id
        person = None if key is None else self._persons.get(key)
        if person is None:
            return None
        known = (e for e in reversed(person.evidence) if e.available_s <= time_s)
        return next(known, None)

    def _key(self, utterance: Utterance) -> str | None:
        if self._config.speaker == "all":
            return EVERYONE
        return utterance.person_id if utterance.speaker == "subject" else None
