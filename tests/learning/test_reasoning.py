"""What is learned with a teacher's notes, and what is left of it without."""

import json

import numpy as np
import pytest

from engines.backends import open_engine
from engines.build.network_export import load_network
from engines.config import RuntimeConfig
from engines.sequence.checkpoint import Fed, read_checkpoint
from engines.sequence.interview import InterviewEngines, InterviewState
from training.errors import DatasetError
from training.evaluation.evaluation import FoldName
from training.evaluation.metrics import METRICS
from training.evaluation.report import fold_entries, read_fold, write_report
from training.interview import Entry, Interview
from training.learning.predict import predict
from training.learning.run import train_network
from training.prediction import Predictions
from training.reasoning.notes import Note, NoteSheet
from training.reasoning.opening import with_notes
from training.reasoning.reasoned import as_learned, readings
from training.split import divide

TICKS, WIDTH = 30, 4
SEEN = ("gaze: averted", "gaze: held")
"""By class."""


class Blank:
    """Interviews whose words say nothing of the class."""

    name = "blank interviews"
    labels = ("no", "yes")
    taught = "synthetic"
    word_delay_s = 0.0

    def __init__(self, count):
        self.fed = {"text": Fed(name="random", digest="e" * 64)}
        self.entries = tuple(
            Entry(name=f"i{number}", subject=f"s{number}", label=number % 2)
            for number in range(count)
        )

    def __len__(self):
        return len(self.entries)

    def __getitem__(self, number):
        random = np.random.default_rng(number)
        return Interview(
            entry=self.entries[number],
            grid_hz=1.0,
            time_s=np.arange(TICKS, dtype=np.float64),
            shot=np.zeros(TICKS, np.int64),
            keypoints=np.zeros((TICKS, 137, 3), np.float32),
            keypoints_valid=np.zeros(TICKS, np.bool_),
            appearance=np.zeros((TICKS, 0), np.float32),
            appearance_valid=np.zeros(TICKS, np.bool_),
            text=random.normal(size=(4, WIDTH)).astype(np.float32),
            text_available_s=np.array([2.0, 9.0, 16.0, 23.0]),
        )


class Embedder:
    """Two directions for two texts."""

    digest = "e" * 64

    def embed(self, texts):
        return np.array([np.eye(WIDTH)[SEEN.index(text)] for text in texts], np.float32)


def sheet(interviews, teacher="somebody"):
    notes = {
        entry.name: (Note(time_s=float(12 + place % 5), text=SEEN[entry.label]),)
        for place, entry in enumerate(interviews.entries)
    }
    return NoteSheet(kind="cues", teacher=teacher, digest="d" * 64, notes=notes)


@pytest.fixture(scope="module")
def reasoned():
    blank = Blank(160)
    return with_notes(blank, sheet(blank), Embedder())


@pytest.fixture(scope="module")
def divided(reasoned):
    return divide(reasoned.entries, {"train": 0.4, "validation": 0.2, "test": 0.4}, seed=0)


@pytest.fixture(scope="module")
def words_alone(recipe):
    def make(**changed):
        return recipe(
            branches={
                "image": None,
                "keypoints": None,
                "text": {"layers": 1, "epochs": 8, "rate": 0.01},
            },
            prefixes={"count": 0},
            augment={},
            **changed,
        )

    return make


@pytest.fixture(scope="module")
def trained(reasoned, divided, words_alone, tmp_path_factory):
    out = tmp_path_factory.mktemp("reasoned")
    return train_network(reasoned, divided, words_alone(), out, accelerator="cpu")


def auc(network, interviews, entries, after_s=np.inf):
    read = predict(network, interviews, entries, after_s=(after_s,))
    odds = np.exp(read.logits[:, 0]) / np.exp(read.logits[:, 0]).sum(axis=1, keepdims=True)
    labels = np.array([entry.label for entry in entries])
    return float(METRICS["auc"](odds, labels, np.ones((1, len(labels))))[0])


def test_what_only_cues_tell_is_learned_with_them_and_is_chance_without(trained, reasoned, divided):
    network, test = load_network(trained), divided.folds["test"]
    assert auc(network, reasoned, test) > 0.95
    assert 0.3 < auc(network, reasoned.withheld, test) < 0.7
    # nobody's cue comes before second 12
    assert 0.3 < auc(network, reasoned, test, after_s=12.0) < 0.7


def test_a_reading_without_notes_is_that_of_interviews_that_never_had_any(
    trained, reasoned, divided
):
    network, test = load_network(trained), divided.folds["test"][:5]
    bare = as_learned(Blank(160), trained.description)
    one, other = (predict(network, own, test).logits for own in (reasoned.withheld, bare))
    assert np.array_equal(one, other)


def test_the_checkpoint_says_whose_notes_and_is_calibrated_with_and_without(trained, reasoned):
    description = read_checkpoint(trained.folder).description
    beside = description.beside["text"]
    assert (beside.teacher, beside.kind, beside.withheld) == ("somebody", "cues", 0.5)
    assert description.shape.text.features == 2 * WIDTH
    assert list(description.calibrations) == [own.name for own in readings(reasoned)]
    assert description.calibrations["blank interviews"].temperature > 0
    run = json.loads((trained.folder / "run.json").read_text())
    assert run["data"]["name"] == "blank interviews"
    assert run["data"]["reasoning"]["digest"] == "d" * 64
    assert run["recipe"]["augment"]["reasoning"] == 0.5


def test_figures_are_given_with_and_without_and_the_card_names_the_teacher(
    trained, reasoned, divided, tmp_path
):
    of = FoldName(data="blank interviews", protocol="own", fold="test")
    entries = fold_entries(trained, divided, of)
    told = {}
    for own in readings(reasoned):
        evaluation, predictions = read_fold(trained, own, entries, of)
        assert evaluation.calibrated_on == own.name
        assert isinstance(predictions, Predictions)
        told[own.name] = evaluation.scores.moments[-1].figures["auc"].value
        write_report(trained, evaluation, predictions, tmp_path / own.name, command="x")
    assert told["blank interviews, with cues of somebody"] > 0.95
    assert told["blank interviews"] < 0.7
    card = (tmp_path / "blank interviews" / "CARD.md").read_text()
    assert "beside it cues of somebody (labels dddddddddddd)" in card


def test_notes_of_another_teacher_are_refused(trained):
    blank = Blank(160)
    other = with_notes(blank, sheet(blank, teacher="another"), Embedder())
    with pytest.raises(DatasetError, match="learned from cues of somebody, these interviews have"):
        as_learned(other, trained.description)


def test_a_live_run_steps_it_on_words_alone_as_the_evaluation_without_notes(
    trained, reasoned, divided
):
    entry = divided.folds["test"][0]
    interview = reasoned.withheld[[own.name for own in reasoned.entries].index(entry.name)]
    assert not trained.description.untrained(reasoned.fed)

    def opened(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(backend="onnxruntime"), outputs=outputs)

    with InterviewEngines(trained, opened) as engines:
        state = InterviewState(engines)
        for tick, words in zip((2, 9, 16, 23), interview.text, strict=True):
            state.step(tick, {"text": words})
        stepped = state.read().logits
    read = predict(load_network(trained), reasoned.withheld, [entry]).logits[0, -1]
    assert stepped == pytest.approx(read, abs=1e-4)


def test_who_never_withholds_has_a_network_that_no_live_run_may_feed(
    reasoned, divided, words_alone, tmp_path
):
    recipe = words_alone()
    recipe = recipe.model_copy(
        update={"augment": recipe.augment.model_copy(update={"reasoning": 0.0})}
    )
    checkpoint = train_network(reasoned, divided, recipe, tmp_path, accelerator="cpu")
    reason = checkpoint.description.untrained(reasoned.fed)["text"]
    assert reason.endswith("with cues of somebody and never without, which this run has not")
    of = FoldName(data=reasoned.name, protocol="own", fold="test")
    evaluation, _ = read_fold(checkpoint, reasoned, divided.folds["test"], of)
    assert evaluation.modalities == ("text",)
    with pytest.raises(DatasetError, match="never without"):
        read_fold(checkpoint, reasoned.withheld, divided.folds["test"], of)
