"""From the words of a person to one vector: masked, laid together, encoded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jaxtyping import Float32
from numpy import ndarray

from engines.config import TextConfig
from engines.engine import OpenEngine
from engines.models.store import ModelStore
from engines.spec.transcript import UNSPACED
from engines.speech.outcome_words import OutcomeWords
from engines.speech.text_encoder import TextEncoder, open_text_encoder


class WordEncoder:
    """Encodes words as a profile says.

    Args:
        encoder: Turns a text into a vector.
        outcome_words: Those that are masked before; None if none are.
    """

    def __init__(self, encoder: TextEncoder, outcome_words: OutcomeWords | None) -> None:
        self._encoder = encoder
        self._outcome_words = outcome_words

    def text(self, words: Sequence[str], language: str | None) -> str:
        """Return what of the words the encoder may read, as one text."""
        if self._outcome_words is not None:
            token = self._encoder.mask_token
            words = self._outcome_words.mask(words, language, token=token)
        return ("" if language in UNSPACED else " ").join(words)

    def embed(self, words: Sequence[str], language: str | None) -> Float32[ndarray, " D"]:
        """Return the vector of words that follow one another.

        Args:
            words: As they were recognised, with their punctuation.
            language: ISO 639-1: it says which outcome words there are; None for all.
        """
        return self._encoder.embed(self.text(words, language))


@contextmanager
def open_word_encoder(
    config: TextConfig, store: ModelStore, open_engine: OpenEngine
) -> Iterator[WordEncoder]:
    """Open what a profile names; raises as ``open_text_encoder`` and ``OutcomeWords.load`` do."""
    listed = config.outcome_words
    outcome_words = None if listed is None else OutcomeWords.load(listed)
    with open_text_encoder(config, store, open_engine) as encoder:
        yield WordEncoder(encoder, outcome_words)
