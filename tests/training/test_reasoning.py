"""A teacher's notes: what of them is taken, when a tick sees it, and how they are withheld."""

import json
from dataclasses import replace
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest

from engines.sequence.checkpoint import Fed
from training.errors import DatasetError
from training.labelling.sample import Sample
from training.labelling.table import ClipLabel, LabelTable, write_table
from training.learning.augment import augmented, warped, without_notes
from training.learning.features import track, widths
from training.learning.recipe import AugmentRecipe
from training.reasoning.notes import Note, NoteSheet, notes_of
from training.reasoning.opening import encoder_files, read_notes, with_notes

LABELS = ("negative", "positive")
CUES = [
    {"time_s": 5.0, "kind": "self_touch", "observed": "hand to the neck", "suggests": "unease"},
    {"time_s": 2.0, "kind": "lips", "observed": "Negative, pressed", "suggests": "held back"},
]


def sample(**changed):
    stated = {
        "number": 0,
        "outcome": "labelled",
        "label": "negative",
        "confidence": 0.8,
        "reasoning": "The smile stays below the eyes, so negative.",
        "cues": json.dumps(CUES),
        "counter_evidence": "The voice is firm.",
    }
    return Sample(**stated | changed)


def test_cues_are_what_was_observed_up_to_a_time_without_what_it_was_taken_for():
    assert notes_of([sample()], kind="cues", labels=LABELS) == (
        Note(time_s=2.0, text="lips: [MASK], pressed"),
        Note(time_s=5.0, text="lips: [MASK], pressed\nself touch: hand to the neck"),
    )


def test_all_is_the_reasoning_too_once_the_clip_is_over():
    first, _, last = notes_of([sample()], kind="all", labels=LABELS)
    assert first.text == "lips: Negative, pressed (held back)"
    assert last == Note(
        time_s=inf, text="The voice is firm.\nThe smile stays below the eyes, so negative."
    )


def test_the_first_sample_that_answered_speaks_whatever_it_concluded():
    samples = [
        sample(outcome="malformed", cues="[]", label=None),
        sample(number=1, outcome="withdrawn", label=None, cues=json.dumps(CUES[:1])),
        sample(number=2),
    ]
    (note,) = notes_of(samples, kind="cues", labels=LABELS)
    assert note.text == "self touch: hand to the neck"
    assert notes_of(samples[:1], kind="all", labels=LABELS) == ()


@pytest.fixture
def table(tmp_path):
    def write(*judged):
        clips = tuple(
            ClipLabel(
                clip=name, digest="0" * 64, status="labelled", reason="", label="negative",
                soft=(1.0, 0.0), votes=(1, 0), confidence=0.8, disagreement=0.0,
                samples=(own,),
            )
            for name, own in judged
        )  # fmt: skip
        made_by = {"provider": "gemini", "model": "gemini-2.5-pro", "prompts": "ab" * 32}
        path = tmp_path / "labels.parquet"
        write_table(path, LabelTable(labels=LABELS, made_by=made_by, clips=clips))
        return path

    return write


def test_the_notes_of_a_table_say_whose_they_are(table, interview):
    path = table(("00047", sample()), ("48", sample(cues="[]")), ("9", sample()))
    found = read_notes(path, "cues", of(interview()))
    assert found.teacher == "gemini gemini-2.5-pro abababababab"
    assert list(found.notes) == ["0047"]
    assert len(found.digest) == 64


def test_a_teacher_without_cues_is_refused(table, interview):
    path = table(("47", sample(cues="[]")))
    with pytest.raises(DatasetError, match="noted no cues of the interviews of interviews, of w"):
        read_notes(path, "cues", of(interview()))
    assert list(read_notes(path, "all", of(interview())).notes) == ["0047"]


def test_notes_on_other_clips_are_refused(table, interview):
    with pytest.raises(DatasetError, match=r"noted no reasoning .*, of which 0 are in it"):
        read_notes(table(("x", sample())), "all", of(interview()))


class Embedder:
    """A vector that tells how many lines a text has; the real encoder: tests/learning."""

    digest = "e" * 64

    def embed(self, texts):
        return np.array([[len(text.splitlines()), 1] for text in texts], np.float32)


class Interviews(SimpleNamespace):
    """A set of the interviews that it is given."""

    def __getitem__(self, number):
        return self.own[number]

    def __len__(self):
        return len(self.own)


def of(*own, digest="e" * 64):
    return Interviews(
        own=own,
        name="interviews",
        entries=tuple(one.entry for one in own),
        labels=LABELS,
        taught="hidden_emotion",
        fed={"text": Fed(name="minilm-l6", digest=digest)},
        word_delay_s=1.0,
    )


NOTES = (Note(time_s=2.0, text="a"), Note(time_s=5.01, text="a\nb"), Note(time_s=inf, text="c"))


def sheet(notes=NOTES, name="0047"):
    return NoteSheet(kind="all", teacher="somebody", digest="d" * 64, notes={name: notes})


@pytest.fixture
def reasoned(interview):
    return with_notes(of(interview()), sheet(), Embedder())


def test_no_tick_sees_a_cue_before_its_time_nor_the_reasoning_before_the_end(reasoned):
    interview = reasoned[0]
    own = track(interview, "text", width=6)
    lines = own.features[:, 4]
    first = {2.0: 25, 5.01: 63}  # 12.5 ticks a second
    assert np.flatnonzero(lines == 1)[0] == first[2.0]
    assert interview.time_s[first[5.01]] >= 5.01 > interview.time_s[first[5.01] - 1]
    assert not own.features[: first[2.0], 4:].any()
    # steps are taken where words or notes came, and nowhere else
    assert np.flatnonzero(own.valid).tolist() == [13, 25, 38, 63, 99]
    assert interview.newest_note()[-2:].tolist() == [1, 2]


def test_the_vector_holds_words_then_notes_and_either_waits_for_the_other(reasoned):
    features = track(reasoned[0], "text", width=6).features
    assert features[13].tolist() == [1, 1, 1, 1, 0, 0]
    assert features[25].tolist() == [1, 1, 1, 1, 1, 1]
    assert features[63].tolist() == [3, 3, 3, 3, 2, 1]


def test_interviews_of_which_notes_are_withheld_are_those_without_beside_zeros(reasoned, interview):
    plain = track(interview(), "text", width=4)
    for own in (reasoned.withheld[0], without_notes(reasoned[0])):
        assert widths(own)["text"] == 6
        bare = track(own, "text", width=6)
        assert np.array_equal(bare.valid, plain.valid)
        assert np.array_equal(bare.features[:, :4], plain.features)
        assert not bare.features[:, 4:].any()


def test_an_interview_without_words_has_zeros_in_their_place(interview):
    silent = interview(text=np.zeros((0, 0), np.float32), text_available_s=np.zeros(0))
    own = with_notes(of(silent), sheet(), Embedder())[0]
    assert widths(own)["text"] == 4
    assert track(own, "text", width=4).features[25].tolist() == [0, 0, 1, 1]


def test_training_withholds_notes_as_often_as_it_is_told(reasoned):
    def kept(share):
        random = np.random.default_rng(0)
        recipe = AugmentRecipe(reasoning=share)
        return sum(len(augmented(reasoned[0], recipe, random).notes) > 0 for _ in range(200))

    assert (kept(0), kept(1)) == (200, 0)
    assert 70 < kept(0.5) < 130


def test_who_has_no_notes_is_varied_as_before(interview):
    recipe = AugmentRecipe(words_s=1.0)
    one, other = (
        augmented(interview(), replace_reasoning(recipe, share), np.random.default_rng(3))
        for share in (0.0, 1.0)
    )
    assert np.array_equal(one.text_available_s, other.text_available_s)
    assert AugmentRecipe(reasoning=0.5).varies is False


def replace_reasoning(recipe, share):
    return recipe.model_copy(update={"reasoning": share})


def test_a_slower_interview_has_its_notes_later_and_the_reasoning_still_at_its_end(reasoned):
    own = warped(reasoned[0], 0.3, np.random.default_rng(1))
    assert own.newest_note()[-1] == 2
    assert own.newest_note()[-2] == 1
    assert not np.array_equal(own.notes_available_s, reasoned[0].notes_available_s)


def test_what_was_noted_after_the_last_tick_is_left_out(interview):
    late = (Note(time_s=2.0, text="a"), Note(time_s=7.99, text="a\nb"))
    own = with_notes(of(interview()), sheet(late), Embedder())[0]
    assert own.notes_available_s.tolist() == [2.0]


def test_interviews_with_notes_are_others_to_be_calibrated_on(reasoned):
    assert reasoned.name == "interviews, with cues and reasoning of somebody"
    assert reasoned.withheld.name == "interviews"


def test_notes_by_another_encoder_than_the_words_are_refused(interview):
    with pytest.raises(DatasetError, match="expected one encoder for both"):
        with_notes(of(interview(), digest="f" * 64), sheet(), Embedder())


def test_without_words_there_is_nothing_to_stand_beside(interview):
    silent = of(interview())
    silent.fed = {}
    with pytest.raises(DatasetError, match="no words; a teacher's reasoning is an input beside"):
        with_notes(silent, sheet(), Embedder())


def test_words_of_no_encoder_that_there_is_are_refused(store):
    with pytest.raises(DatasetError, match="words by made up: expected a text encoder"):
        encoder_files(Fed(name="made up"), store)


def test_the_encoder_of_the_words_is_found_with_its_tokenizer(store, need_model):
    need_model("minilm-l6-weights")
    need_model("minilm-l6-tokenizer")
    weights, tokenizer = encoder_files(Fed(name="minilm-l6"), store)
    assert (weights.suffix, tokenizer.name) == (".safetensors", "tokenizer.json")


def test_notes_are_checked_as_words_are(interview):
    with pytest.raises(DatasetError, match="notes_available_s: expected seconds that rise"):
        replace(
            interview(),
            notes=np.ones((2, 3), np.float32),
            notes_available_s=np.array([2.0, 1.0]),
        )
