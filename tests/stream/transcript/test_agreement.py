from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engines.spec.transcript import Word
from stream.transcript.agreement import LocalAgreement, normalized

EVER = 1e9
TEXTS = ("no", "yes", "well", "the", "wizard")


def heard(agreement, words, until_s=EVER, from_s=0.0):
    return agreement.update(words, heard_from_s=from_s, trusted_until_s=until_s)


def texts(words):
    return [word.text for word in words]


@st.composite
def speech(draw, most=12):
    """Words one after another, of few texts, so that many are the same."""
    time_s, out = 0.0, []
    for text in draw(st.lists(st.sampled_from(TEXTS), max_size=most)):
        time_s += draw(st.floats(0.0, 1.0))
        end_s = time_s + draw(st.floats(0.15, 0.6))
        out.append(Word(text=text, start_s=time_s, end_s=end_s, probability=0.9))
        time_s = end_s
    return tuple(out)


def test_a_word_is_final_when_two_passes_agree_on_it(words):
    agreement = LocalAgreement()
    assert heard(agreement, words("ask not what")) == ()
    assert texts(heard(agreement, words("ask not where you"))) == ["ask", "not"]
    assert texts(agreement.tentative) == ["where", "you"]


def test_case_and_punctuation_are_no_disagreement(words):
    agreement = LocalAgreement()
    heard(agreement, words("And so, my"))
    assert texts(heard(agreement, words("and so my"))) == ["and", "so", "my"]


def test_a_word_at_the_edge_of_the_sound_waits(words):
    agreement = LocalAgreement()
    heard(agreement, words("one two three"))
    assert texts(heard(agreement, words("one two three"), until_s=0.8)) == ["one", "two"]
    assert texts(heard(agreement, words("one two three"))) == ["three"]


def test_what_is_final_is_not_taken_back(words):
    agreement = LocalAgreement()
    for _ in range(2):
        heard(agreement, words("an old supposed"))
    heard(agreement, words("an ill disposed young man"))
    heard(agreement, words("an ill disposed young man"))
    assert texts(agreement.final) == ["an", "old", "supposed", "young", "man"]


def test_two_final_words_that_are_heard_as_one_are_not_repeated(word):
    agreement = LocalAgreement()
    for _ in range(2):
        heard(agreement, (word("every", 0.0, 0.4), word("one", 0.4, 0.8)))
    joined = (word("everyone", 0.0, 0.8), word("is", 0.9, 1.1))
    heard(agreement, joined)
    heard(agreement, joined)
    assert texts(agreement.final) == ["every", "one", "is"]


def test_a_repeated_word_is_kept(word):
    agreement = LocalAgreement()
    for _ in range(2):
        heard(agreement, (word("no", 0.0),))
    twice = (word("no", 0.05), word("no", 0.6))
    heard(agreement, twice)
    heard(agreement, twice)
    assert texts(agreement.final) == ["no", "no"]


def test_passes_go_on_behind_a_cut(words):
    agreement = LocalAgreement()
    for _ in range(2):
        heard(agreement, words("one two three four"))
    agreement.cut(3)
    assert texts(agreement.final) == ["four"]
    rest = words("one two three four five")[3:]
    heard(agreement, rest, from_s=1.2)
    heard(agreement, rest, from_s=1.2)
    assert texts(agreement.final) == ["four", "five"]


def test_one_pass_can_be_believed_up_to_a_time(words):
    agreement = LocalAgreement()
    heard(agreement, words("one two three"))
    assert texts(agreement.believe(0.8)) == ["one", "two"]
    assert texts(agreement.tentative) == ["three"]


def test_letters_of_any_script_are_compared():
    assert normalized("Café,") == normalized("CAFÉ")
    assert normalized("안녕.") == normalized("안녕")
    assert normalized("—") == "—"


@given(st.lists(speech(), max_size=6))
def test_final_words_are_only_ever_appended(passes):
    agreement = LocalAgreement()
    before = ()
    for words in passes:
        newly = heard(agreement, words)
        assert agreement.final == (*before, *newly)
        before = agreement.final
    assert (*before, *agreement.finish()) == agreement.final


@given(st.lists(speech(), max_size=6))
def test_a_final_word_was_in_two_successive_passes(passes):
    agreement = LocalAgreement()
    last = ()
    for words in passes:
        for word in heard(agreement, words):
            assert normalized(word.text) in {normalized(other.text) for other in words}
            assert normalized(word.text) in {normalized(other.text) for other in last}
        last = words


@given(st.lists(speech(), max_size=6))
def test_times_never_go_back(passes):
    agreement = LocalAgreement()
    for words in passes:
        heard(agreement, words)
    agreement.finish()
    for one, other in zip(agreement.final, agreement.final[1:], strict=False):
        assert one.start_s <= other.start_s
        assert one.end_s <= other.end_s
    assert all(word.start_s <= word.end_s for word in agreement.final)


@given(speech())
def test_the_same_heard_twice_is_final(words):
    agreement = LocalAgreement()
    heard(agreement, words)
    assert heard(agreement, words) == words
    assert agreement.tentative == ()


@given(speech(most=20), st.data())
def test_whatever_the_passes_each_word_is_final_once(words, data):
    """Passes over more and more of the sound, from anywhere among what is final."""
    agreement = LocalAgreement()
    end = 0
    while end < len(words):
        end = data.draw(st.integers(end, len(words)))
        begin = data.draw(st.integers(0, len(agreement.final)))
        from_s = words[begin].start_s if begin < len(words) else 0.0
        until_s = data.draw(st.sampled_from([EVER, words[end - 1].start_s if end else 0.0]))
        heard(agreement, words[begin:end], until_s=until_s, from_s=from_s)
    agreement.finish()
    assert texts(agreement.final) == texts(words)


@given(speech(most=20), st.randoms(use_true_random=False))
def test_times_that_shift_a_little_lose_and_repeat_no_word(words, random):
    agreement = LocalAgreement()
    for end in range(len(words) + 1):
        shifted = [
            replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s)
            for word in words[:end]
            for shift_s in [random.uniform(-0.06, 0.06)]
        ]
        heard(agreement, shifted)
    agreement.finish()
    assert texts(agreement.final) == texts(words)


@given(st.lists(speech(), min_size=1, max_size=6))
def test_nothing_of_the_newest_pass_is_lost_at_the_end(passes):
    agreement = LocalAgreement()
    for words in passes:
        heard(agreement, words)
    tentative = agreement.tentative
    count = len(agreement.final)
    agreement.finish()
    assert texts(agreement.final[count:]) == texts(tentative)
