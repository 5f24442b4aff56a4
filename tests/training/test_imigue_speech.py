import numpy as np
import pytest

from training.errors import DatasetError
from training.imigue.interviews import ImigueFolders
from training.imigue.speech import SpeechConfig, embed_words, read_words
from training.imigue.textgrid import Interval, read_textgrid
from training.interview import Entry

TURNS = [(0.0, 2.0, "SPEAKER_01"), (2.0, 9.0, "SPEAKER_00"), (9.0, 10.0, "SPEAKER_01")]
WORDS = [
    (0.5, 1.0, "how"), (1.0, 1.5, "so"), (2.5, 3.0, "we"), (3.0, 3.5, 'played "well"'),
    (3.5, 6.0, ""), (6.0, 6.5, "today"), (9.2, 9.6, "thanks"),
]  # fmt: skip


def long_form(tiers):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", "xmax = 10"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), 1):
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f'        name = "{name}"',
        ]
        lines += [
            "        xmin = 0",
            "        xmax = 10",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, (start_s, end_s, text) in enumerate(intervals, 1):
            quoted = text.replace('"', '""')
            lines += [f"        intervals [{place}]:", f"            xmin = {start_s}"]
            lines += [f"            xmax = {end_s}", f'            text = "{quoted}"']
    return "\n".join(lines) + "\n"


def short_form(tiers):
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "10", "<exists>"]
    lines += [str(len(tiers) + 1), '"TextTier"', '"marks"', "0", "10", "1", "4.5", '"click"']
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", "10", str(len(intervals))]
        for start_s, end_s, text in intervals:
            quoted = text.replace('"', '""')
            lines += [str(start_s), str(end_s), f'"{quoted}"']
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / "0047"
    own.mkdir()
    (own / "segments.TextGrid").write_text(long_form({"vad": [], "diarization": TURNS}))
    (own / "words.TextGrid").write_text(long_form({"words": WORDS, "phones": []}))
    return tmp_path


@pytest.mark.parametrize("form", [long_form, short_form])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_textgrid_of_either_form_and_any_encoding_is_read(tmp_path, form, encoding):
    path = tmp_path / "a.TextGrid"
    path.write_text(form({"words": WORDS, "speakers": TURNS}), encoding=encoding)
    tiers = read_textgrid(path)

    assert list(tiers) == ["words", "speakers"]
    assert tiers["speakers"] == tuple(Interval(*turn) for turn in TURNS)
    assert [word.text for word in tiers["words"]] == [
        "how",
        "so",
        "we",
        'played "well"',
        "today",
        "thanks",
    ]


@pytest.mark.parametrize("cut", [0, 30, 200, 500])
def test_a_textgrid_that_breaks_off_is_refused(tmp_path, cut):
    path = tmp_path / "a.TextGrid"
    path.write_text(long_form({"words": WORDS})[:cut])
    with pytest.raises(DatasetError, match=r"a.TextGrid: expected a TextGrid of Praat"):
        read_textgrid(path)


def test_the_athlete_is_who_speaks_longest(folder):
    words = read_words(folder, "47", SpeechConfig())
    assert [word.text for word in words] == ["we", 'played "well"', "today"]


def test_words_are_known_when_their_stretch_of_speech_has_ended_and_somewhat_later(folder):
    words = read_words(folder, "47", SpeechConfig(delay_s=1.0))
    assert [word.available_s for word in words] == [4.5, 4.5, 7.5]


def embed(words):
    return np.array([len(words), sum(map(len, words))], np.float32)


def test_the_newest_words_are_embedded_each_time_that_more_are_known(folder):
    words = read_words(folder, "47", SpeechConfig(delay_s=1.0))
    text, known_s = embed_words(words, embed, SpeechConfig())
    assert text[:, 0].tolist() == [2, 3]
    assert known_s.tolist() == [4.5, 7.5]

    nothing, never_s = embed_words((), embed, SpeechConfig())
    assert (len(nothing), len(never_s)) == (0, 0)


def test_words_that_are_old_are_left_out(folder):
    config = SpeechConfig()
    brief = SpeechConfig(evidence=config.evidence.model_copy(update={"seconds": 2.0}))
    words = read_words(folder, "47", brief)
    assert embed_words(words, embed, brief)[0][:, 0].tolist() == [2, 1]


def test_an_interview_has_its_words_from_when_they_were_known(folder, tmp_path):
    keypoints = tmp_path / "tables"
    keypoints.mkdir()
    np.savetxt(keypoints / "47.csv", np.zeros((250, 411)), delimiter=",")
    folders = ImigueFolders(keypoints=keypoints, speech=folder, embed=embed)
    interview = folders.read(Entry(name="47", subject="7", label=1))
    _, valid = interview.text_as_of()

    assert not interview.keypoints_valid.any()
    assert interview.time_s[valid][0] == pytest.approx(5.0, abs=0.08)


def test_a_file_or_a_tier_that_is_missing_is_named_with_what_is_there(folder):
    with pytest.raises(DatasetError, match=r"expected a folder 48 of iMiGUE-Speech; .*Oulu"):
        read_words(folder, "48", SpeechConfig())
    with pytest.raises(
        DatasetError, match=r"mfa.TextGrid: .* the folder has segments.TextGrid, wo"
    ):
        read_words(folder, "47", SpeechConfig(words="mfa.TextGrid"))
    with pytest.raises(DatasetError, match="in a tier 'athlete'; the tiers are vad, diarization"):
        read_words(folder, "47", SpeechConfig(speaker_tier="athlete"))
