"""From shards, a csv of gold and a table of labels to a pool, and on to a trained network."""

import csv
import hashlib
import json

import pytest
from pydantic_core import to_json

from engines.errors import ConfigError
from training.ablation.options import AblateOptions
from training.ablation.program import main as ablate
from training.commands.train import TrainOptions
from training.data import DataOptions, open_data
from training.errors import DatasetError
from training.labelling.sample import Sample
from training.labelling.table import ClipLabel, LabelTable, write_table
from training.learning.labelled_pool import labelled_pool
from training.learning.program import main
from training.pseudo_label.opinions import opinions_in
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.script import SyntheticConfig

CLASSES = ("negative", "positive")
GOLD = 60
"""Of 100 interviews; the others have no label."""
SETTINGS = (
    "network.width=16", "network.heads=2", "branches.image=null", "branches.keypoints=null",
    "branches.text.layers=1", "branches.text.epochs=1", "pseudo.folds=2", "pseudo.rounds=1",
    "batch=20", "patience=null", "split.test=0.3",
)  # fmt: skip


def film(name):
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture(scope="module")
def made_up():
    return SyntheticInterviews(
        SyntheticConfig(
            interviews=100,
            subjects=50,
            positive=0.5,
            grid_hz=0.5,
            duration_s=(105.0, 110.0),
            lag_s=(30.0, 50.0),
            text_width=5,
            appearance_width=3,
        )
    )


@pytest.fixture(scope="module")
def shards(made_up, write_shards, tmp_path_factory):
    """A folder as an extraction leaves it, each of its interviews a film."""
    folder = tmp_path_factory.mktemp("shards")
    write_shards(folder, made_up, fed=dict(made_up.fed), film=film)
    return folder


@pytest.fixture
def gold(made_up, tmp_path):
    """Write labels of the first interviews, and whose some of the others are."""

    def write(count=GOLD, owners=()):
        path = tmp_path / "gold.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["name", "subject", "label"])
            for own in made_up.entries[:count]:
                rows.writerow([own.name, own.subject, CLASSES[own.label]])
            for own in owners:
                rows.writerow([own.name, own.subject, ""])
        return path

    return write


def judged(name, label, **changed):
    sample = Sample(number=0, outcome="labelled", label=label, confidence=0.9)
    stated = {"clip": name, "digest": film(name), "status": "labelled", "reason": ""}
    return ClipLabel(**stated | {"samples": (sample,)} | changed)


@pytest.fixture
def table(made_up, tmp_path):
    """Write what a teacher that is always right says of all interviews, or of some clips."""

    def write(clips=None, labels=CLASSES):
        everybody = [judged(own.name, CLASSES[own.label]) for own in made_up.entries]
        path = tmp_path / "labels.parquet"
        made_by = {"provider": "recorded", "model": "a-model", "prompts": "c" * 64}
        clips = tuple(everybody if clips is None else clips)
        write_table(path, LabelTable(labels=labels, made_by=made_by, clips=clips))
        return path

    return write


def opened(shards, labels):
    return open_data(
        DataOptions(data=str(shards), labels=labels, overrides=("split.test=0.3",), unlabelled=True)
    )


def names(entries):
    return {entry.name for entry in entries}


def test_the_pool_is_who_has_no_label_and_gold_measures_the_teacher(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    found = labelled_pool(interviews, split, table(), transductive=False)
    pool = found.pool
    assert names(pool.entries) == names(made_up.entries[GOLD:])
    assert found.gold_judged == found.gold == len(split.folds["train"])
    assert found.kept_out == GOLD - found.gold
    assert pool.asked.all()
    right = [entry.label for entry in made_up.entries[GOLD:]]
    assert pool.said.hard.tolist() == right
    assert pool.of_gold.hard.tolist() == [entry.label for entry in split.folds["train"]]
    assert pool.teacher.startswith("recorded a-model cccccccccccc (labels ")


def test_no_interview_of_a_test_enters_the_pool_unless_it_is_declared(shards, gold, table):
    interviews, split = opened(shards, gold())
    kept_out = names(split.folds["test"]) | names(split.folds["validation"])
    pool = labelled_pool(interviews, split, table(), transductive=False).pool
    assert not names(pool.entries) & kept_out
    declared = labelled_pool(interviews, split, table(), transductive=True)
    assert names(declared.pool.entries) - names(pool.entries) == names(split.folds["test"])
    assert declared.pool.transductive
    assert "transductive: the test's are in it" in declared.told()


def test_clips_of_people_of_the_test_stay_out_where_the_labels_say_whose_they_are(
    shards, gold, table, made_up
):
    owned = made_up.entries[GOLD:]
    interviews, split = opened(shards, gold(owners=owned))
    pool = labelled_pool(interviews, split, table(), transductive=False).pool
    people = {entry.subject for name in ("test", "validation") for entry in split.folds[name]}
    assert names(pool.entries) == {own.name for own in owned if own.subject not in people}
    assert len(pool.entries) < len(owned)


def test_a_film_is_known_by_its_digest_under_any_name(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    renamed = [
        judged(f"take {number}", CLASSES[own.label], digest=film(own.name))
        for number, own in enumerate(made_up.entries)
    ]
    pool = labelled_pool(interviews, split, table(renamed), transductive=False).pool
    assert names(pool.entries) == names(made_up.entries[GOLD:])


def test_another_film_of_the_same_name_is_none_of_the_interviews(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    *others, last = [judged(own.name, CLASSES[own.label]) for own in made_up.entries]
    changed = judged(last.clip, "positive", digest=film("another"))
    found = labelled_pool(interviews, split, table([*others, changed]), transductive=False)
    assert last.clip not in names(found.pool.entries)
    assert found.unknown == 1
    without = judged(last.clip, "positive", digest=None)
    found = labelled_pool(interviews, split, table([*others, without]), transductive=False)
    assert last.clip in names(found.pool.entries)


def test_a_film_that_was_judged_under_two_names_has_the_votes_of_both(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    own = [judged(entry.name, CLASSES[entry.label]) for entry in made_up.entries]
    again = judged("again", CLASSES[1 - made_up.entries[-1].label], digest=own[-1].digest)
    pool = labelled_pool(interviews, split, table([*own, again]), transductive=False).pool
    place = [entry.name for entry in pool.entries].index(own[-1].clip)
    both = opinions_in([own[-1].samples + again.samples], CLASSES).soft[0]
    assert pool.said.soft[place].tolist() == both.tolist() == [0.5, 0.5]


def test_gold_that_was_not_judged_is_neither_an_answer_nor_silence(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    first = split.folds["train"][0].name
    own = [
        judged(entry.name, CLASSES[entry.label]) for entry in made_up.entries if entry.name != first
    ]
    unread = ClipLabel(clip=first, digest=None, status="unreadable", reason="cut off")
    found = labelled_pool(interviews, split, table([*own, unread]), transductive=False)
    assert found.pool.asked.tolist() == [False] + [True] * (found.gold - 1)
    assert f"judged {found.gold - 1} of {found.gold} gold ones" in found.told()


def test_classes_in_another_order_are_the_same_classes(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())
    pool = labelled_pool(interviews, split, table(labels=CLASSES[::-1]), transductive=False).pool
    assert pool.said.hard.tolist() == [entry.label for entry in made_up.entries[GOLD:]]


def test_what_cannot_be_a_pool_is_told_with_the_remedy(shards, gold, table, made_up):
    interviews, split = opened(shards, gold())

    def refused(clips, labels=CLASSES):
        with pytest.raises(DatasetError) as told:
            labelled_pool(interviews, split, table(clips, labels), transductive=False)
        return str(told.value)

    clips = [judged(own.name, CLASSES[own.label]) for own in made_up.entries]
    three = refused(clips, ("negative", "neutral", "positive"))
    assert "its classes are negative, neutral, positive, those of the gold negative, pos" in three
    assert "`subface label --labels negative,positive`" in three
    strange = refused([judged("elsewhere", "positive"), judged("far", "negative")])
    assert "none of its 2 clips (elsewhere, far) is" in strange
    assert "one of the 100 interviews" in strange
    assert "(synthetic-0000, synthetic-0001, " in strange
    unasked = refused(clips[GOLD:])
    assert "how often it errs is counted on them: `subface label` these clips too" in unasked
    assert split.folds["train"][0].name in unasked
    assert "so there is no pool" in refused(clips[:GOLD])


def test_a_line_without_a_label_is_refused_where_there_is_no_teacher(shards, gold, made_up):
    path = gold(owners=made_up.entries[GOLD:])
    with pytest.raises(DatasetError, match=r"label is empty; .* a teacher says of them \(--ps"):
        open_data(DataOptions(data=str(shards), labels=path))
    interviews, split = opened(shards, path)
    assert len(interviews) == len(made_up)
    assert sum(map(len, split.folds.values())) == GOLD


def training(shards, labels, pseudo, out, **changed):
    stated = {
        "data": str(shards),
        "out": out,
        "recipe": "small",
        "overrides": SETTINGS,
        "labels": labels,
        "protocol": None,
        "lists": None,
        "devices": "1",
        "accelerator": "cpu",
        "threads": 1,
        "pseudo": pseudo,
    }
    return TrainOptions(**stated | changed)


@pytest.mark.parametrize("transductive", [False, True])
def test_a_training_by_a_teachers_labels_says_so_on_its_card(
    shards, gold, table, tmp_path, capsys, transductive
):
    options = training(shards, gold(), table(), tmp_path / "run", transductive=transductive)
    assert main(to_json(options).decode()) == 0
    said = capsys.readouterr()
    pool = json.loads((tmp_path / "run/run.json").read_text())["pool"]
    assert f"pool: {len(pool['interviews'])} interviews by recorded a-model" in said.err
    assert "gold alone: AUC " in said.err
    assert "round 1: AUC " in said.err
    assert "1-without-0: text: epoch 1/1" in said.err
    last = said.out.splitlines()[-1]
    assert last.startswith("AUC on the gold that was left out: gold alone ")
    card = " ".join((tmp_path / "run/CARD.md").read_text().split())
    assert f"| pool | {len(pool['interviews'])} interviews without a label" in card
    assert "| its teacher | recorded a-model cccccccccccc" in card
    assert f"| rounds | {last} |" in card
    assert ("Transductive:" in card) is transductive
    assert ("of whom none was in training" in card) is not transductive
    assert f"--pseudo {tmp_path / 'labels.parquet'}" in card
    evaluation = json.loads((tmp_path / "run/evaluation.json").read_text())
    assert evaluation["transductive"] == (evaluation["scores"]["n"] if transductive else 0)
    assert (tmp_path / "run/curves.png").is_file()


def test_options_of_a_pool_that_do_not_fit_are_told(shards, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(ConfigError, match=r"--pseudo .*none.parquet: no such file; `subface la"):
        training(shards, None, tmp_path / "none.parquet", out).check_pool()
    with pytest.raises(ConfigError, match="--pseudo is for interviews that were recorded"):
        training("synthetic", None, tmp_path, out).check_pool()
    with pytest.raises(ConfigError, match="--transductive says what --pseudo"):
        training(shards, None, None, out, transductive=True).check_pool()


@pytest.mark.parametrize("transductive", [False, True])
def test_an_ablation_learns_from_the_same_pool(shards, gold, table, tmp_path, capsys, transductive):
    options = AblateOptions(
        data=str(shards),
        out=tmp_path / "table",
        config="small",
        overrides=(
            "seeds=1", "read=[text]", "vary=[{labels: gold}, {labels: pseudo}]", "split.test=0.3",
            "recipe.network={width: 16, heads: 2}", "recipe.branches.text={layers: 1, epochs: 1}",
        ),
        labels=gold(),
        protocol=None,
        lists=None,
        pseudo=table(),
        transductive=transductive,
        plan=False,
        accelerator="cpu",
        threads=1,
    )  # fmt: skip
    assert ablate(to_json(options).decode()) == 0
    assert "by recorded a-model" in capsys.readouterr().out
    said = (tmp_path / "table/table.md").read_text()
    assert "| gold + pseudo-labels (kept: " in said
    assert "gold alone: every label of recorded interviews is gold (1 row)" in said
    assert "Pseudo-labels by recorded a-model cccccccccccc (labels " in said
    assert ("Transductive: the pool has interviews of the test" in said) is transductive
    # the round of gold alone is the row of all labels, not trained again
    first = tmp_path / "table/trainings/text-streaming-pseudo-0/rounds/0-all/stages/text"
    assert [path.name for path in first.iterdir()] == ["weights.safetensors"]
