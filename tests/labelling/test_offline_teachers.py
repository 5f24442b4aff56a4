"""Teachers that need no network: stored answers, and a lexicon."""

import json

import pytest
from teacher_server import CONFIRMED, REASONED

from engines.errors import ConfigError
from training.errors import DatasetError
from training.labelling import extra
from training.labelling.errors import ExtraMissingError
from training.labelling.lexicon import LexiconTeacher


def stored(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def line(clip, sample, step, content, **more):
    text = content if isinstance(content, str) else json.dumps(content)
    return {"clip": clip, "sample": sample, "step": step, "text": text} | more


def test_stored_answers_label_and_what_is_not_stored_is_said(clips, label, tmp_path):
    answers = stored(
        tmp_path / "answers.jsonl",
        line("clip0", 0, "reason", REASONED, model="some-model-3"),
        line("clip0", 0, "reflect", CONFIRMED),
        line("clip0", 1, "reason", "not JSON"),
        line("clip0", 1, "reason_repair", REASONED),
        line("clip0", 1, "reflect", CONFIRMED),
    )
    code, table = label(clips(2), dialect="recorded", answers=answers, allow_upload=[])
    first, second = table.clips
    assert (code, first.label, first.votes) == (0, "negative", (2, 0))
    assert [sample.repairs for sample in first.samples] == [0, 1]
    assert first.samples[0].model_version == "some-model-3"
    assert (second.status, second.label) == ("refused", None)
    assert "no recorded answer for clip1, sample 0, reason" in second.reason


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([{"clip": "a"}], "line 1: sample"),
        ([line("a", 0, "reason", "x")] * 2, "line 2: a, 0, reason is there twice"),
        ([line("a", 0, "guess", "x")], "line 1: step"),
    ],
)
def test_stored_answers_that_are_none_are_refused(lines, told, clips, label, tmp_path):
    answers = stored(tmp_path / "answers.jsonl", *lines)
    with pytest.raises(DatasetError, match=told):
        label(clips(1), dialect="recorded", answers=answers)


def test_a_lexicon_labels_by_what_the_subject_says(clips, label, tmp_path):
    said = ["I love it, it was wonderful!", "This was a terrible, horrible day.", "A table."]
    for number, words in enumerate(said):
        (tmp_path / f"clip{number}.vtt").write_text(f"WEBVTT\n\n00:00.100 --> 00:00.900\n{words}\n")
    given = {"dialect": "lexicon", "transcripts": tmp_path, "allow_upload": []}
    code, table = label(clips(3), **given)
    assert code == 0
    assert [clip.label for clip in table.clips] == ["positive", "negative", None]
    assert [clip.status for clip in table.clips] == ["labelled", "labelled", "withdrawn"]
    assert all(0.5 < clip.confidence <= 1 for clip in table.clips[:2])
    assert table.made_by["model"].startswith("vaderSentiment ")
    _, table = label(clips(3), labels="negative,neutral,positive", **given)
    assert [clip.label for clip in table.clips] == ["positive", "negative", "neutral"]


def test_a_lexicon_without_words_abstains(clips, label):
    code, table = label(clips(1), dialect="lexicon")
    assert (code, table.clips[0].status) == (0, "withdrawn")


def test_a_lexicon_knows_valences_only():
    with pytest.raises(ConfigError, match="negative, neutral, positive; got win, loss"):
        LexiconTeacher(["win", "loss"])


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setattr(extra, "ALWAYS", ("openai", "no_such_library", "no_such.library"))
    with pytest.raises(ExtraMissingError, match=r"no_such_library.*pip install 'subface\[labels\]"):
        extra.require_extra()
