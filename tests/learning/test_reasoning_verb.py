"""From shards and a table of labels to a network with a teacher's cues, as the verbs do it."""

import csv
import json
from dataclasses import replace

import pytest
from pydantic_core import to_json

from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.sequence.checkpoint import Fed, read_checkpoint
from training.commands.evaluate_network import EvaluateOptions, evaluate_network, heading
from training.commands.evaluate_network import command as evaluated_by
from training.commands.train import TrainOptions
from training.errors import DatasetError
from training.labelling.sample import Sample
from training.labelling.table import ClipLabel, LabelTable, write_table
from training.learning.program import main, train
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.script import SyntheticConfig

CLASSES = ("negative", "positive")
COUNT, GOLD = 70, 50
SETTINGS = (
    "network.width=16", "network.heads=2", "branches.image=null", "branches.keypoints=null",
    "branches.text.layers=1", "branches.text.epochs=6", "pseudo.folds=2", "pseudo.rounds=1",
    "batch=20", "patience=null", "split.test=0.4", "prefixes.count=0",
)  # fmt: skip
SEEN = ("looks down at the table", "laughs with the whole face")


@pytest.fixture(scope="module")
def made_up():
    return SyntheticInterviews(
        SyntheticConfig(
            interviews=COUNT,
            subjects=COUNT // 2,
            positive=0.5,
            grid_hz=0.5,
            duration_s=(105.0, 110.0),
            lag_s=(30.0, 50.0),
            text_width=384,
            appearance_width=3,
        )
    )


@pytest.fixture(scope="module")
def data(made_up, write_shards, tmp_path_factory):
    """Shards whose words are MiniLM's by name, gold of some, and a teacher's table of all."""
    store, folder = ModelStore(), tmp_path_factory.mktemp("data")
    if not all(store.present(name) for name in ("minilm-l6-weights", "minilm-l6-tokenizer")):
        pytest.skip("needs MiniLM: `subface models pull minilm-l6-weights minilm-l6-tokenizer`")
    words = Fed(name="minilm-l6", digest=store.digest("minilm-l6-weights"))
    (folder / "shards").mkdir()
    write_shards(folder / "shards", made_up, fed={"text": words})
    with (folder / "gold.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "subject", "label"])
        for own in made_up.entries[:GOLD]:
            rows.writerow([own.name, own.subject, CLASSES[own.label]])
    made_by = {"provider": "recorded", "model": "a-model", "prompts": "c" * 64}
    clips = tuple(_judged(own.name, own.label) for own in made_up.entries)
    table = LabelTable(labels=CLASSES, made_by=made_by, clips=clips)
    write_table(folder / "labels.parquet", table)
    return folder


def _judged(name, label):
    cue = {"time_s": 20.0, "kind": "other", "observed": SEEN[label], "suggests": CLASSES[label]}
    sample = Sample(
        number=0,
        outcome="labelled",
        label=CLASSES[label],
        confidence=0.9,
        cues=json.dumps([cue]),
        reasoning=f"So it is {CLASSES[label]}.",
    )
    return ClipLabel(clip=name, digest=None, status="labelled", reason="", samples=(sample,))


def training(data, out, **changed):
    return TrainOptions(
        **{
            "data": str(data / "shards"),
            "out": out,
            "recipe": "small",
            "overrides": SETTINGS,
            "labels": data / "gold.csv",
            "protocol": None,
            "lists": None,
            "devices": "1",
            "accelerator": "cpu",
            "threads": 1,
            "pseudo": data / "labels.parquet",
            "reasoning": "cues",
        }
        | changed
    )


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    assert main(to_json(training(data, out)).decode()) == 0
    return read_checkpoint(out)


def evaluating(trained, data, **changed):
    stated = {
        "checkpoint": trained.folder,
        "data": str(data / "shards"),
        "labels": data / "gold.csv",
        "overrides": ("split.test=0.4",),
    }
    return EvaluateOptions(**stated | changed)


def test_a_run_leaves_a_card_as_live_and_one_with_the_cues(trained):
    beside = trained.description.beside["text"]
    assert beside.told() == "cues of recorded a-model cccccccccccc"
    assert beside.width == 384
    bare = (trained.folder / "CARD.md").read_text()
    reasoned = (trained.folder / "with_reasoning" / "CARD.md").read_text()
    told = "Read with cues of recorded a-model cccccccccccc: no live run has them."
    assert told in " ".join(reasoned.split())
    assert "Read with" not in bare
    assert "--reasoning cues" in bare
    assert "beside it cues of recorded a-model" in bare


def test_a_fold_is_scored_without_the_cues_or_with_them(trained, data):
    given = {"pseudo": data / "labels.parquet", "reasoning": "cues"}
    bare = evaluate_network(evaluating(trained, data))
    reasoned = evaluate_network(evaluating(trained, data, **given))
    found = [one.scores.moments[-1].figures["auc"].value for one in (bare, reasoned)]
    assert found[1] > 0.95 > found[0]
    assert "with cues of recorded a-model cccccccccccc, which no live run has" in heading(reasoned)
    assert "with cues" not in heading(bare)
    assert bare.calibrated_on == "shards"
    assert reasoned.calibrated_on == "shards, with cues of recorded a-model cccccccccccc"
    assert "--reasoning cues" in evaluated_by(evaluating(trained, data, **given))


def test_the_same_command_finds_its_run_done(trained, data):
    again = train(training(data, trained.folder))
    assert again.digest == trained.digest


def test_what_was_learned_with_cues_is_not_read_with_the_reasoning(trained, data):
    given = {"pseudo": data / "labels.parquet", "reasoning": "all"}
    with pytest.raises(DatasetError, match="these interviews have cues and reasoning of recorded"):
        evaluate_network(evaluating(trained, data, **given))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reasoning": "all"}, "--reasoning all: give --pseudo LABELS"),
        ({"pseudo": "labels.parquet"}, "--pseudo has what --reasoning"),
    ],
)
def test_half_of_what_evaluation_asks_for_is_refused(trained, data, changed, said):
    with pytest.raises(ConfigError, match=said):
        evaluate_network(evaluating(trained, data, **changed))


def test_a_training_without_labels_has_no_reasoning(data, tmp_path):
    with pytest.raises(ConfigError, match="--reasoning says what of --pseudo LABELS is read"):
        train(training(data, tmp_path, pseudo=None))


def test_a_recipe_without_words_has_no_place_for_reasoning(data, tmp_path):
    settings = (*SETTINGS, "branches.text=null", "branches.image={layers: 1, epochs: 1}")
    options = replace(training(data, tmp_path), overrides=settings)
    with pytest.raises(DatasetError, match="has no branch for text"):
        train(options)
