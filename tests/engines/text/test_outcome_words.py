"""Words that give the outcome away: what is masked, what stays, and what reaches the encoder."""

# ruff: noqa: RUF001 (letters that look alike are its subject)
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs import shipped
from engines.errors import ConfigError
from engines.speech.outcome_words import MASK, OutcomeWords, canonical

SHIPPED = OutcomeWords.load("shipped")

LEAKS_EN = [
    "win", "won", "wins", "winner", "winners", "winning", "victory", "victories", "lose", "lost",
    "loses", "losing", "loss", "defeat", "defeated", "beat", "beaten", "champion", "champions",
    "championship", "title", "trophy", "final", "finals", "finalist", "semifinal", "semi-final",
    "quarter-finals", "match-point", "knockout", "congratulations", "congrats", "unbeaten",
    "qualified", "eliminated", "runner-up",
]  # fmt: skip
LEAKS_KO = [
    "이겼어요", "이겼습니다", "이겼지만", "이기고", "이기는", "이기면", "이겨서", "이긴",
    "이길", "이깁니다", "승리", "승리를", "승리했습니다", "첫승리", "우승", "우승을",
    "우승했어요", "준우승에", "패배", "패배가", "패했습니다", "패한", "졌어요", "졌습니다",
    "졌지만", "졌다", "져서", "지다", "역전승", "역전승으로", "역전패를", "챔피언", "챔피언이",
    "결승", "결승에서", "준결승", "결승전", "4강에", "16강", "3연승", "2승", "1패를",
    "금메달을", "트로피를", "탈락했어요", "축하드립니다", "매치포인트에서", "완패",
    "진출했습니다",
]  # fmt: skip
STAYS_EN = [
    "window", "wind", "wine", "twin", "winter", "won't", "wonder", "wonderful", "wonderfully",
    "wander", "finally", "finalise", "closet", "blossom", "close", "glossy",
    "beast", "upbeat", "beatles", "entitled", "subtitle", "quality", "point", "match", "play",
    "happy", "sad", "disappointed", "proud", "upset", "relieved", "knocking", "through", "round",
    "cup", "tidal", "congregation", "metal", "mental", "reward",
]  # fmt: skip
STAYS_KO = [
    "지금", "지난", "지면", "지고", "지는", "지켜", "지내고", "진", "진짜", "진심으로", "질문",
    "질", "집", "집중", "아버지", "어머니", "하지만", "느껴졌어요", "가졌어요", "좋아졌어요",
    "떨어졌어요", "빠져서", "멀어져서", "이기적인", "이기심", "이야기", "이기주의", "승부",
    "승부를", "승용차", "승객", "여전히", "결정", "결과", "연습", "경기", "경기를", "기뻐요",
    "슬퍼요", "속상해요", "자랑스러워요", "패션", "패턴", "강의", "강하게", "선수",
    "대승적으로", "첫승부",
]  # fmt: skip
SENTENCES = {
    "en": [
        "Congratulations on the win!",
        "I had a match point, and then another match point.",
        "She was knocked out, so he is through to the next round.",
        "Yes, the winner's trophy is heavy... the Champions' dinner too",
        "We have LOST the semi - final",
        "it's your third title, isn’t it?",
    ],
    "ko": [
        "오늘 이겼어요, 정말 기뻐요.",
        "결승전에서 져서 너무 속상합니다.",
        "우승을 축하드립니다! 매치 포인트 때 어땠나요?",
        "역전승으로 4강에 진출했습니다.",
        "결승에서 이기고 우승 트로피를 들었습니다",
        "지난번에는 패배했지만 이번에는 승리했어요",
    ],
}


def masked(text, language=None, words=SHIPPED, **options):
    return words.mask(text.split(), language, **options)


@pytest.mark.parametrize("language", ["en", "en-GB", None])
@pytest.mark.parametrize("word", LEAKS_EN)
def test_an_english_word_that_leaks_is_masked(word, language):
    assert masked(word, language) == [MASK]


@pytest.mark.parametrize("language", ["ko", None])
@pytest.mark.parametrize("word", LEAKS_KO)
def test_a_korean_word_that_leaks_is_masked_with_its_endings(word, language):
    assert masked(word, language) == [MASK]


@pytest.mark.parametrize("word", STAYS_EN)
def test_an_english_word_that_only_looks_like_one_stays(word):
    assert masked(word) == [word]


@pytest.mark.parametrize("word", STAYS_KO)
def test_a_korean_word_that_only_looks_like_one_stays(word):
    assert masked(word) == [word]


@pytest.mark.parametrize(
    "word",
    [
        "WON",
        "Won,",
        "“won”",
        "won...",
        "¡won!",
        "(won)",
        "*won*",
        "_won_",
        "w\u200bon",
        "\ufeffwon",
        "w\u00ado\u2060n",
        "ｗｏｎ",
        "ＷＯＮ！",
        "wo\u0301n",
        "wón",
        "just-won",
        "won/lost",
        "𝐰𝐨𝐧",
    ],
)
def test_a_word_is_known_in_any_dress(word):
    assert SHIPPED.mask([word], "en") == [MASK]


@pytest.mark.parametrize(
    "word", ["winner's", "winners'", "winner’s", "winner＇s", "WINNER`S", "champion'll", "title'd"]
)
def test_a_possessive_or_a_contraction_hides_nothing(word):
    assert SHIPPED.mask([word], "en") == [MASK]


@pytest.mark.parametrize("word", ["won't", "Won’t", "won't've"])
def test_a_denied_will_is_no_victory(word):
    assert SHIPPED.mask([word], "en") == [word]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_letters_composed_in_any_way_are_the_same_word(form):
    for text in (*SENTENCES["ko"], *SENTENCES["en"]):
        written = unicodedata.normalize(form, text)
        places = [word == MASK for word in masked(written)]
        assert places == [word == MASK for word in masked(text)]
        assert any(places)


@pytest.mark.parametrize(
    "words",
    [
        ["match", "point"],
        ["Match,", "Point."],
        ["match", "-", "point"],
        ["match-point"],
        ["matchpoint"],
        ["match\u00a0point"],
        ["ＭＡＴＣＨ", "points!"],
        ["매치", "포인트에서"],
        ["매치포인트"],
    ],
)
def test_a_phrase_is_found_over_words_in_one_word_and_written_together(words):
    kept = [word for word in SHIPPED.mask(words, None) if word != MASK]
    assert kept in ([], ["-"])


def test_half_a_phrase_is_no_phrase():
    words = ["the", "point", "of", "this", "match", "was", "a", "point"]
    assert SHIPPED.mask(words, "en") == words


def test_masking_leaves_the_other_words_as_they_are():
    assert masked("Well, I’m  SO proud of the Win, you know?", "en") == [
        "Well,", "I’m", "SO", "proud", "of", "the", MASK, "you", "know?",
    ]  # fmt: skip
    assert masked("오늘 이겼어요, 정말 기뻐요!", "ko") == ["오늘", MASK, "정말", "기뻐요!"]


def test_what_is_to_be_kept_is_kept_in_its_phrase_only():
    assert masked("one final question", "en") == ["one", "final", "question"]
    assert masked("one question about the final", "en")[-1] == MASK
    assert masked("I lost count", "en") == ["I", "lost", "count"]
    assert masked("I lost", "en") == ["I", MASK]


def test_a_language_has_its_own_list_and_an_unknown_one_has_all():
    said = ["win", "승리", "victoria"]
    assert SHIPPED.mask(said, "en") == [MASK, "승리", "victoria"]
    assert SHIPPED.mask(said, "ko") == ["win", MASK, "victoria"]
    for language in (None, "", "es", "xx"):
        assert SHIPPED.mask(said, language) == [MASK, MASK, "victoria"]


def test_the_mask_is_the_one_that_is_asked_for():
    assert masked("we won it", "en", token="<mask>") == ["we", "<mask>", "it"]


UNKNOWN = 100


def contains(ids, part):
    return any(ids[k : k + len(part)] == part for k in range(len(ids) - len(part) + 1))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_masked_word_reaches_the_encoder(encoder, language):
    """The issue's own: it is looked for in the token ids."""

    def pieces(word):
        return encoder.token_ids(word)[1:-1]

    hidden = 0
    for sentence in SENTENCES[language]:
        words = sentence.split()
        left = SHIPPED.mask(words, language, token=encoder.mask_token)
        ids = encoder.token_ids(" ".join(left))
        stays = [word for word in left if word != encoder.mask_token]
        for word in (before for before, now in zip(words, left, strict=True) if before != now):
            bare = re.search(r"\w+", word)[0]
            if pieces(bare) == [UNKNOWN]:  # an English vocabulary lacks some Korean letters
                continue
            hidden += 1
            assert contains(encoder.token_ids(sentence), pieces(bare))  # it would have
            assert not contains(ids, pieces(bare))
        # nothing but the words that stay, and one mask for each of the others
        assert ids.count(pieces(encoder.mask_token)[0]) == len(words) - len(stays)
        assert [k for k in ids if k != pieces(encoder.mask_token)[0]] == encoder.token_ids(
            " ".join(stays)
        )
    assert hidden >= 10


@pytest.mark.parametrize("word", LEAKS_EN)
def test_no_english_word_of_the_list_is_left_in_the_token_ids(encoder, word):
    ids = encoder.token_ids(" ".join(masked(f"Well, the {word.upper()}! I mean {word}.", "en")))
    assert not contains(ids, encoder.token_ids(word)[1:-1])
    assert ids == encoder.token_ids("Well, the [MASK] I mean [MASK]")


@pytest.mark.parametrize("word", LEAKS_KO)
def test_no_korean_word_of_the_list_is_left_in_the_token_ids(encoder, word):
    ids = encoder.token_ids(" ".join(masked(f"음, {word}! 그리고 {word}.", "ko")))
    assert not contains(ids, encoder.token_ids(word)[1:-1])
    assert ids == encoder.token_ids("음, [MASK] 그리고 [MASK]")


PIECES = st.sampled_from(
    [
        *LEAKS_EN, *LEAKS_KO, *STAYS_EN, *STAYS_KO,
        "final", "question", "one", "match", "point", "through", "to", "the", "next", "lost",
        "count", "semi", "매치", "포인트", "첫", "승", "—", "", MASK, "final-question-won",
    ]
)  # fmt: skip
WORDS = st.lists(st.one_of(PIECES, st.text(max_size=12), st.tuples(PIECES, PIECES).map("-".join)))


@given(words=WORDS, language=st.sampled_from(["en", "ko", "de", None]))
def test_masking_keeps_the_number_of_words_and_masks_all_at_once(words, language):
    once = SHIPPED.mask(words, language)
    assert len(once) == len(words)
    assert all(now in (before, MASK) for before, now in zip(words, once, strict=True))
    assert SHIPPED.mask(once, language) == once


@given(words=WORDS)
def test_all_lists_mask_what_one_of_them_masks_but_for_what_is_kept(words):
    together = SHIPPED.mask(words, None)
    for language in ("en", "ko"):
        for one, all_of_them in zip(SHIPPED.mask(words, language), together, strict=True):
            assert one != MASK or all_of_them == MASK


@given(st.text())
def test_the_canonical_form_is_its_own(text):
    assert canonical(canonical(text)) == canonical(text)


@pytest.fixture
def load(tmp_path):
    path = tmp_path / "words.yaml"

    def read(text):
        path.write_text(text, encoding="utf-8")
        return OutcomeWords.load(path)

    return read


def test_a_file_of_ones_own_replaces_the_lists(load):
    words = load("languages: {fr: {mask: [gagn*, balle de match, set 3], keep: [gagne pain]}}")
    assert masked("j'ai gagné 6-4", "fr", words) == ["j'ai", MASK, "6-4"]
    assert masked("Balle de match, set 3", "fr", words) == [MASK, MASK, MASK, MASK, MASK]
    assert masked("un gagne-pain", "fr", words) == ["un", "gagne-pain"]
    assert masked("we won", None, words) == ["we", "won"]


def test_yaml_makes_no_truth_values_of_words(load):
    words = load("languages: {no: {mask: [yes, on, 1]}}")
    assert masked("yes no on 1", "no", words) == [MASK, "no", MASK, MASK]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("languages: {en: {mask: [won, '...']}}", r"languages\.en\.mask\.1: expected words of let"),
        ("languages: {en: {mask: ['*']}}", r"languages\.en\.mask\.0: expected words .* got '\*'"),
        ("languages: {en: {mask: [win], keep: [a+b]}}", r"languages\.en\.keep\.0: .* got 'a\+b'"),
        ("languages: {en: {mask: []}}", r"languages\.en\.mask: .* at least 1 item"),
        ("languages: {en: {keep: [a]}}", r"languages\.en\.mask: field required"),
        ("languages: {en: {mask: win}}", r"languages\.en\.mask: .* valid tuple"),
        ("languages: {EN: {mask: [win]}}", r"languages\.EN.*: .*\^\[a-z\]\{2,3\}\$"),
        ("languages: {en: {mask: [win], word: []}}", r"languages\.en\.word: extra inputs are not"),
        ("languages: {}", r"languages: .* at least 1 item"),
        ("- win", r"the file: .* valid dictionary"),
        ("", r"the file: .* valid dictionary"),
        ("languages: [", "not YAML: .*line 1"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_by_its_name_its_key_and_what_was_expected(load, text, said):
    with pytest.raises(ConfigError, match=rf"words\.yaml: {said}") as caught:
        load(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_told_by_its_name(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        OutcomeWords.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        OutcomeWords.load(path)


def test_a_list_is_known_by_the_digest_of_its_file(load):
    text = shipped("outcome_words.yaml").read_text(encoding="utf-8")
    assert load(text).digest == SHIPPED.digest
    assert load(text.replace("- trophy\n", "")).digest != SHIPPED.digest
