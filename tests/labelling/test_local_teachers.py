"""The starter's networks as teachers, and votes: nothing leaves this machine."""

from contextlib import ExitStack

import pytest

from engines.errors import ConfigError
from engines.spec.labels import VALENCES
from training.labelling.local import open_local
from training.labelling.valence import judged

SAID = ("I love it, it was wonderful!", "This was a terrible, horrible day.")


@pytest.fixture
def words(tmp_path):
    """What is said in two clips."""
    for number, text in enumerate(SAID):
        written = f"WEBVTT\n\n00:00.100 --> 00:00.900\n{text}\n"
        (tmp_path / f"clip{number}.vtt").write_text(written)
    return {"transcripts": tmp_path, "allow_upload": []}


def test_the_text_head_labels_by_what_is_said(clips, label, words, need_model):
    need_model("minilm-l6")
    code, table = label(clips(2), dialect="text-head", **words)
    assert code == 0
    assert [clip.label for clip in table.clips] == ["positive", "negative"]
    assert all(0.5 < clip.confidence <= 1 for clip in table.clips)
    assert table.made_by["model"].startswith("starter-text ")
    assert table.clips[0].samples[0].reasoning.startswith("1 lines: negative 0.0")


def test_the_expression_network_labels_by_faces_and_abstains_without(media, clips, label, store):
    faces = [media / "faces" / "single_face.mp4"]
    code, table = label([*faces, *clips(1)], dialect="expression", frame_px=480, allow_upload=[])
    seen, tiny = table.clips
    assert code == 0
    assert seen.label in {"negative", "positive"}
    assert seen.samples[0].reasoning.startswith("faces in 2 of 2 frames")
    assert 0.5 <= seen.confidence <= 1
    assert table.made_by["provider"] == "expression"
    assert tiny.status in {"withdrawn", "labelled"}


def test_a_vote_has_everybody_who_has_something_to_say(clips, label, words, store, need_model):
    need_model("minilm-l6")
    code, table = label(clips(2), dialect="votes", **words)
    assert code == 0
    for clip in table.clips:
        assert [sample.number for sample in clip.samples] == [0, 1, 2]
        voted = [sample for sample in clip.samples if sample.label is not None]
        assert sum(clip.votes) == len(voted) >= 2
    assert table.clips[0].label == "positive"
    assert table.made_by["model"].count(";") == 2


def test_what_is_no_class_does_not_count():
    sample = judged([0.2, 0.7, 0.1], ["negative", "positive"], reasoning="", model="m")
    assert (sample.label, round(sample.confidence, 3)) == ("negative", 0.667)
    three = judged([0.2, 0.7, 0.1], VALENCES, reasoning="", model="m")
    assert three.label == "neutral"


@pytest.mark.parametrize("name", ["text-head", "expression", "votes"])
def test_networks_know_valences_only(name, store, need_model):
    need_model("minilm-l6")
    with ExitStack() as opened, pytest.raises(ConfigError, match="got win, loss"):
        open_local(name, ["win", "loss"], opened)


def test_without_words_the_text_head_abstains(clips, label, need_model):
    need_model("minilm-l6")
    code, table = label(clips(1), dialect="text-head", allow_upload=[])
    assert (code, table.clips[0].status) == (0, "withdrawn")
    assert table.clips[0].samples[0].reason == "nothing is said in it"
