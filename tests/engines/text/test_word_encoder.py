"""From words to a vector: what a profile masks is neither in the text nor in the vector."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.speech.outcome_words import OutcomeWords
from engines.speech.word_encoder import WordEncoder, open_word_encoder

ENGLISH = ["congratulations", "on", "the", "win", ",", "you", "played", "so", "well"]
KOREAN = ["오늘", "승리를", "거두어", "정말", "기쁩니다"]


@pytest.fixture
def masking(encoder):
    return WordEncoder(encoder, OutcomeWords.load("shipped"))


@pytest.mark.parametrize(
    ("words", "language", "leak"), [(ENGLISH, "en", "win"), (KOREAN, "ko", "승리")]
)
def test_a_masked_word_is_not_among_the_tokens(masking, encoder, words, language, leak):
    ids = encoder.token_ids(masking.text(words, language))
    pieces = encoder.token_ids(leak)[1:-1]
    open_ids = encoder.token_ids(" ".join(words))
    assert contains(open_ids, pieces), "the test looks for what is never there"
    assert not contains(ids, pieces)
    assert encoder.token_ids(encoder.mask_token)[1] in ids


def test_two_outcomes_that_are_masked_give_one_vector(masking):
    won = masking.embed(["we", "won", "today"], "en")
    lost = masking.embed(["we", "lost", "today"], "en")
    np.testing.assert_array_equal(won, lost)


def test_without_a_list_every_word_counts(encoder):
    plain = WordEncoder(encoder, None)
    won, lost = (plain.embed(["we", word, "today"], "en") for word in ("won", "lost"))
    assert not np.allclose(won, lost)


def test_words_of_a_language_without_spaces_are_written_together(encoder):
    assert WordEncoder(encoder, None).text(["今日", "は"], "ja") == "今日は"


def test_a_profile_says_whether_words_are_masked(store, need_model):
    need_model("minilm-l6")

    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    def text(**config):
        with open_word_encoder(TextConfig(**config), store, open_one) as opened:
            return opened.text(["we", "won"], "en")

    assert text() == "we won"
    assert text(outcome_words="shipped") == "we [MASK]"


def contains(ids, part):
    return any(ids[i : i + len(part)] == part for i in range(len(ids) - len(part) + 1))
