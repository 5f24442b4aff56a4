import json

import pytest
from rich.console import Console

from engines.errors import ConfigError
from engines.sequence.checkpoint import Fed, read_checkpoint
from training.commands.evaluate_network import (
    EvaluateOptions,
    declared,
    evaluate_network,
    heading,
    main,
    tables,
)
from training.commands.train import TrainOptions
from training.data import DataOptions, open_data
from training.errors import DatasetError
from training.evaluation.evaluation import FoldName
from training.evaluation.report import fold_entries, read_fold
from training.learning.program import train

DATA = (
    "synthetic.interviews=60", "synthetic.subjects=30", "synthetic.positive=0.5",
    "synthetic.duration_s=[110,130]", "synthetic.lag_s=[25,50]", "synthetic.text_width=6",
    "split.test=0.3",
)  # fmt: skip
RECIPE = (
    "network.width=16", "network.heads=2", "branches.image=null", "branches.keypoints=null",
    "branches.text.epochs=2", "patience=null",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    return train(training(out))


def training(out):
    return TrainOptions(
        data="synthetic",
        out=out,
        recipe="small",
        overrides=(*DATA, *RECIPE),
        labels=None,
        protocol=None,
        lists=None,
        devices="1",
        accelerator="cpu",
        threads=1,
    )


def options(trained, **changed):
    stated = {"checkpoint": trained.folder, "data": "synthetic", "overrides": DATA}
    return EvaluateOptions(**stated | changed)


def test_a_run_writes_its_own_card_with_pictures_and_the_command(trained):
    text = (trained.folder / "CARD.md").read_text()
    assert "of whom none was in training" in text.replace("\n", " ")
    assert "Trained and scored by\n\n    subface train synthetic --out" in text
    named = {"evaluation.json", "confusion.png", "curves.png", "moments.png", "reliability.png"}
    assert named <= {path.name for path in trained.folder.iterdir()}
    assert all(f"({name})" in text for name in named if name.endswith(".png"))


def test_a_fold_is_scored_on_people_it_never_saw(trained, tmp_path):
    found = evaluate_network(
        options(trained, json=tmp_path / "scores.json", out=tmp_path / "report")
    )
    seen = json.loads((trained.folder / "run.json").read_text())["data"]["folds"]
    counts = [len(own["interviews"]) for own in seen.values()]
    assert found.scores.n == 60 - sum(counts)
    assert found.modalities == ("text",)
    assert found.calibrated_on == "made-up interviews (seed 0)"
    assert [moment.after_s for moment in found.scores.moments] == [10.0, 60.0, None]
    assert json.loads((tmp_path / "scores.json").read_text())["scores"]["n"] == found.scores.n
    card = (tmp_path / "report" / "CARD.md").read_text()
    assert "Scored by\n\n    subface evaluate network" in card
    assert "Trained by\n\n    subface train synthetic" in card


def test_the_fold_it_was_chosen_by_is_the_one_that_its_training_took(trained, tmp_path):
    found = evaluate_network(options(trained, fold="validation", out=tmp_path))
    seen = json.loads((trained.folder / "run.json").read_text())["data"]["folds"]["validation"]
    assert found.scores.n == len(seen["interviews"])
    card = (tmp_path / "CARD.md").read_text().replace("\n", " ")
    assert "the network was chosen and calibrated, so the figures are too good" in card


def test_data_divided_otherwise_would_test_on_what_was_learned(trained):
    with pytest.raises(DatasetError, match="divide the data as its training did"):
        evaluate_network(options(trained, overrides=(*DATA, "split.seed=5")))


def test_a_fold_that_is_not_there_is_named_with_those_that_are(trained):
    with pytest.raises(DatasetError, match="expected one of the folds train, validation, test"):
        evaluate_network(options(trained, fold="exam"))


def test_a_network_is_not_given_what_it_did_not_learn_from(trained):
    interviews, split = open_data(DataOptions(data="synthetic", overrides=DATA))
    of = FoldName(data=interviews.name, protocol=split.protocol, fold="test")
    entries = fold_entries(trained, split, of)

    class OtherWords:
        name, labels, entries = interviews.name, interviews.labels, interviews.entries
        taught, word_delay_s = interviews.taught, interviews.word_delay_s
        fed = {"text": Fed(name="another encoder")}  # noqa: RUF012 (a stand-in)

        def __len__(self):
            return len(interviews)

        def __getitem__(self, number):
            return interviews[number]

    with pytest.raises(DatasetError, match=r"can read nothing .* this run has another encoder"):
        read_fold(trained, OtherWords(), entries, of)


def test_what_is_shown_fits_a_terminal_and_says_of_how_many(trained):
    found = evaluate_network(options(trained))
    console = Console(width=80)
    with console.capture() as captured:
        console.print(heading(found), markup=False)
        for table in tables(found):
            console.print(table, markup=False)
    shown = captured.get()
    assert f"{found.scores.n} interviews of" in shown.replace("\n", " ")
    assert sum(line.startswith("AUC") for line in shown.splitlines()) == 1
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_prior_is_declared_by_name():
    assert declared("no=.3, yes=.7") == {"no": 0.3, "yes": 0.7}
    for wrong in ("no", "no=a,yes=b", "no=.5,no=.5"):
        with pytest.raises(ConfigError, match="--prior: expected"):
            declared(wrong)


def test_an_expected_failure_is_one_line_with_its_exit_code(trained, capsys):
    text = {"checkpoint": str(trained.folder / "none"), "data": "synthetic"}
    assert main(json.dumps(text)) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(json.dumps(text | {"prior": "half"})) == 2
    folder = {"json": str(trained.folder / "none" / "a.json")}
    assert main(json.dumps(text | folder)) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_second_training_of_a_done_run_leaves_its_report_as_it_is(trained):
    path = trained.folder / "CARD.md"
    before = path.stat().st_mtime_ns
    again = train(training(trained.folder))
    assert again == read_checkpoint(trained.folder)
    assert path.stat().st_mtime_ns == before
