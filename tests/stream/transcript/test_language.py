from engines.spec.transcript import Hypothesis
from stream.transcript.language import ENOUGH_S, SURE, SpokenLanguage

LITTLE_S = ENOUGH_S / 2


def heard(language, probability=0.9):
    return Hypothesis(words=(), language=language, language_probability=probability)


def test_a_given_language_is_asked_for_always():
    spoken = SpokenLanguage("ko")
    assert (spoken.asked(LITTLE_S), spoken.asked(ENOUGH_S)) == ("ko", "ko")
    assert spoken.decided
    spoken.begin()
    assert spoken.decided


def test_it_is_detected_once_there_is_enough_and_kept_for_the_utterance():
    spoken = SpokenLanguage(None)
    spoken.begin()
    assert spoken.asked(LITTLE_S) is None
    assert spoken.heard(heard("fr"), LITTLE_S)
    assert not spoken.decided  # too little to tell it by
    assert spoken.heard(heard("de"), ENOUGH_S)
    assert spoken.decided
    assert spoken.asked(ENOUGH_S) == "de"


def test_the_next_utterance_begins_in_the_language_before():
    spoken = SpokenLanguage(None)
    spoken.begin()
    spoken.heard(heard("de"), ENOUGH_S)
    spoken.begin()
    assert spoken.asked(LITTLE_S) == "de"
    assert spoken.asked(ENOUGH_S) is None
    assert spoken.heard(heard("en"), ENOUGH_S)
    assert spoken.current == "en"


def test_an_unsure_change_is_not_made():
    spoken = SpokenLanguage(None)
    spoken.begin()
    spoken.heard(heard("de"), ENOUGH_S)
    spoken.begin()
    assert not spoken.heard(heard("en", SURE - 0.1), ENOUGH_S)
    assert spoken.decided
    assert spoken.current == "de"


def test_the_first_language_needs_no_certainty():
    spoken = SpokenLanguage(None)
    spoken.begin()
    assert spoken.heard(heard("en", 0.1), ENOUGH_S)
    assert spoken.current == "en"
