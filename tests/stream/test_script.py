"""Words that are given: records and captions, and files that are neither."""

import pytest

from engines.errors import ConfigError
from stream.config import Profile
from stream.listening import script_of
from stream.records import to_json
from stream.source.address import parse_sources
from stream.transcript.script import read_script

VTT = """WEBVTT

00:01.000 --> 00:03.000
<v subject>It was &amp; is good.

00:04.000 --> 00:05.000
Two
lines
"""
SRT = """1
00:00:01,000 --> 00:00:03,000
It <i>was</i> good.
"""


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def test_captions_become_utterances_known_at_the_end_of_their_cue(write):
    first, second = read_script(write("said.vtt", VTT), "film")
    assert first.text == "It was & is good."
    assert (first.start_s, first.end_s, first.available_s) == (1.0, 3.0, 3.0)
    assert [round(word.start_s, 3) for word in first.words] == [1.0, 1.4, 1.8, 2.2, 2.6]
    assert (second.text, second.number, second.source) == ("Two lines", 1, "film")


def test_subrip_is_read_without_its_marks(write):
    (said,) = read_script(write("said.srt", SRT), "film")
    assert said.text == "It was good."


def test_our_own_records_keep_the_times_of_words_and_who_said_them(write, samples):
    partial, said = samples.transcript(final=False), samples.transcript(final=True)
    lines = "\n".join(to_json(record).decode() for record in (partial, said))
    (read,) = read_script(write("said.jsonl", lines), "film")
    assert read.words == said.words
    assert read.speaker == said.speaker
    assert read.available_s == said.available_s


def test_utterances_come_in_the_order_in_which_they_were_known(write):
    late = "00:01.000 --> 00:09.000\nlong\n\n00:02.000 --> 00:03.000\nshort\n"
    said = read_script(write("said.vtt", "WEBVTT\n\n" + late), "film")
    assert [utterance.text for utterance in said] == ["short", "long"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("said.vtt", "WEBVTT\n", "nothing is said"),
        ("said.txt", "just words", "neither records"),
        ("said.jsonl", '{"kind": "transcript"}\n', "line 1"),
        ("said.jsonl", "{}\nno json\n", "line 1"),
    ],
)
def test_a_file_of_something_else_is_refused(write, name, content, reason):
    with pytest.raises(ConfigError, match=reason):
        read_script(write(name, content), "film")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.vtt: no such file"):
        read_script(tmp_path / "gone.vtt", "film")


@pytest.mark.parametrize("sources", [["rtsp://10.0.0.7/live"], ["a.mp4", "b.mp4"]])
def test_given_words_go_with_one_file_alone(write, tmp_path, monkeypatch, sources):
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    path = write("said.vtt", VTT)
    profile = Profile.model_validate({"name": "test", "speech": {"transcript": str(path)}})
    with pytest.raises(ConfigError, match="one file"):
        script_of(profile, parse_sources(sources))
