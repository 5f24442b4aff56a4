from dataclasses import replace

import numpy as np
import pytest

from engines.errors import ConfigError
from training.ablation import experiment as experiments
from training.ablation.config import AblationConfig
from training.ablation.cost import costs_of
from training.ablation.experiment import Experiment
from training.ablation.listing import listing
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.results import Judge
from training.ablation.row import Training, Way
from training.ablation.table import TABLE, ranked, table
from training.ablation.trial import spending
from training.learning import branches_then_joint
from training.split import divide
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.script import SyntheticConfig
from training.weak_to_strong.outcome import Outcome

TINY = {
    "network": {"width": 16, "heads": 2, "looks": 2, "band_s": 60.0, "channels": [4], "kernel": 1},
    "branches": {name: {"layers": 1, "epochs": 1} for name in ("image", "keypoints", "text")},
    "joint": {"epochs": 1},
    "batch": 6,
    "prefixes": {"count": 0},
    "pseudo": {"folds": 2, "rounds": 1, "grades": 2, "doubt": 1.0},
}
STREAMING = Way(body=None, encoder="streaming", labels="all")


def config(**changed):
    stated = {"name": "tiny", "recipe": TINY, "seeds": 1, "gold": {"share": 0.6, "right": 0.7}}
    return AblationConfig.model_validate(stated | changed)


@pytest.fixture(scope="module")
def open_table(interviews, split):
    """Return an experiment in a folder."""

    def make(out, **changed):
        stated = config(**changed)
        material = Material(interviews, split, stated.gold)
        plan = Plan(config=stated, has=material.has, labels=material.labels)
        return Experiment(
            plan,
            material,
            costs_of(plan, material),
            out,
            changed=(),
            command="the command",
            accelerator="cpu",
        )

    return make


ROWS = {"read": ["image", "text", "image+text"], "vary": [{"labels": "pseudo", "read": ["text"]}]}


@pytest.fixture(scope="module")
def made(open_table, tmp_path_factory):
    out = tmp_path_factory.mktemp("ablation")
    return out, open_table(out, **ROWS).run()


def test_every_row_is_filled_with_figures_differences_and_costs(made):
    out, results = made
    assert [line.row.given for line in results.lines] == [
        ("image",), ("text",), ("image", "text"), ("text",),
    ]  # fmt: skip
    for line in results.lines:
        assert all(0 <= own.value <= 1 for own in line.figures.values())
        assert line.parameters > 0
        assert line.cpu_s > 0
    whole = results.lines[2]
    assert whole.above is None
    alone = results.lines[0]
    assert alone.compared == "all"
    assert alone.above.value == pytest.approx(
        alone.figures["auc"].value - whole.figures["auc"].value
    )
    text = (out / TABLE).read_text()
    assert text == table(results)
    assert text.count("\n| ") == 5
    assert "| gold + pseudo-labels (kept: " in text
    assert "`the command`" in text
    assert (out / "table.png").read_bytes().startswith(b"\x89PNG")


def test_branches_alone_are_the_first_stage_of_all_that_have_them(made):
    out, _ = made
    for name in ("image", "text"):
        weights = f"stages/{name}/weights.safetensors"
        own = (out / "trainings" / f"{name}-streaming-all-0" / weights).read_bytes()
        joint = out / "trainings" / "image+text-streaming-all-0"
        assert (joint / weights).read_bytes() == own
        assert not (joint / "stages" / name / "metrics.csv").exists()
        assert (joint / "stages/joint/metrics.csv").is_file()


def test_what_is_done_is_not_done_again(made, open_table, monkeypatch):
    out, results = made
    monkeypatch.setattr(experiments, "do_training", lambda *_, **__: pytest.fail("done before"))
    assert open_table(out, **ROWS).run() == results


def test_another_plan_and_other_data_are_refused(made, open_table, interviews):
    out, _ = made
    with pytest.raises(ConfigError, match="a table of another plan lies here"):
        open_table(out, **ROWS | {"seeds": 2})
    others = divide(interviews.entries, {"train": 0.5, "validation": 0.25, "test": 0.25}, seed=3)
    stated = config(**ROWS)
    material = Material(interviews, others, stated.gold)
    plan = Plan(config=stated, has=material.has, labels=material.labels)
    with pytest.raises(ConfigError, match="a table of other data lies here"):
        Experiment(plan, material, {}, out, changed=(), command="", accelerator="cpu")


def test_an_interrupted_table_goes_on_with_what_is_missing(made, open_table, monkeypatch, tmp_path):
    real, begun = experiments.do_training, []

    def interrupted(training, *given, **named):
        if len(begun) == 1:
            raise KeyboardInterrupt
        begun.append(training.name)
        return real(training, *given, **named)

    monkeypatch.setattr(experiments, "do_training", interrupted)
    rows = {"read": ROWS["read"]}
    with pytest.raises(KeyboardInterrupt):
        open_table(tmp_path, **rows).run()
    text = (tmp_path / TABLE).read_text()
    assert "**Not done yet: text-streaming-all-0, image+text-streaming-all-0.**" in text
    monkeypatch.setattr(experiments, "do_training", real)
    results = open_table(tmp_path, **rows).run()
    assert results.missing == ()
    # the same to the bit as what was made in one go
    whole = made[1].lines
    assert [own.figures for own in results.lines] == [own.figures for own in whole[:3]]


def test_what_an_interrupted_training_cost_counts(tmp_path):
    path = tmp_path / "cpu_s.txt"
    path.write_text("10.0\n")
    with pytest.raises(KeyboardInterrupt), spending(path):
        raise KeyboardInterrupt
    assert 10 <= float(path.read_text()) < 11


def test_what_a_teacher_labels_nobody_else_knows(interviews, split):
    stated = config()
    material = Material(interviews, split, stated.gold)
    training = Training(given=("text",), way=replace(STREAMING, labels="pseudo"), seed=0)
    gold = material.split_of(training).folds["train"]
    pool = material.pool_of(training)
    names = {entry.name for entry in split.folds["train"]}
    assert {entry.name for entry in (*gold, *pool.entries)} == names
    assert len(gold) + len(pool.entries) == len(names)
    assert len(gold) == round(0.6 * len(names))
    assert {entry.label for entry in pool.entries} == {0}
    assert material.pool_of(replace(training, way=STREAMING)) is None
    assert material.split_of(replace(training, way=STREAMING)) is split


def test_gold_alone_is_the_first_round_of_pseudo_labels(open_table, tmp_path, monkeypatch):
    rows = {"read": ["text"], "vary": [{"labels": "gold"}, {"labels": "pseudo"}]}
    trained = []
    real = branches_then_joint.run_stage
    monkeypatch.setattr(
        branches_then_joint,
        "run_stage",
        lambda stage, folder, **named: (trained.append(folder), real(stage, folder, **named)),
    )
    results = open_table(tmp_path, **rows).run()
    assert [line.compared for line in results.lines] == [None, "base", "gold"]
    lessons = {folder.parts[-3] for folder in trained if "rounds" in folder.parts}
    assert {"0-without-0", "0-without-1", "1-without-0", "1-without-1"} <= lessons
    assert "0-all" not in lessons
    if results.lines[2].kept == (0,):
        assert results.lines[2].figures == results.lines[1].figures


@pytest.fixture(scope="module")
def many():
    """A judge of more interviews than anything is trained on here."""
    interviews = SyntheticInterviews(
        SyntheticConfig(
            interviews=600,
            subjects=60,
            positive=0.5,
            grid_hz=1.0,
            duration_s=(110.0, 130.0),
            lag_s=(25.0, 50.0),
            appearance_width=6,
            text_width=5,
        )
    )
    shares = {"train": 0.2, "validation": 0.2, "test": 0.6}
    stated = config()
    material = Material(interviews, divide(interviews.entries, shares, seed=0), stated.gold)
    return Plan(config=stated, has=material.has, labels=material.labels), material


def outcomes(plan, material, noise):
    """What readers say who see every sign, some of them through noise."""
    random = np.random.default_rng(0)
    found = {}
    for training in plan.trainings:
        odds = material.known(training.given).logits[:, 0, 1].astype(np.float64)
        odds += np.clip(noise(training) * random.normal(size=len(odds)), -20, 20)
        right = 1 / (1 + np.exp(-odds))
        found[training] = Outcome(
            probabilities=np.stack([1 - right, right], axis=1), scores=(), cpu_s=1.0
        )
    return found


def test_readers_of_all_signs_come_in_the_planted_order(many):
    plan, material = many
    judge = Judge(plan, material, costs_of(plan, material))
    ranking = judge.results(outcomes(plan, material, lambda _: 0.0), "").ranking
    assert ranking.planted == (
        ("image + keypoints + text",),
        ("image + keypoints", "keypoints + text"),
        ("image + text",),
        ("keypoints",),
        ("image", "text"),
    )
    assert ranking.pairs == ranking.right == 19
    assert ranking.sure >= 12
    assert ranking.wrong == 0
    assert "Of 19 pairs of rows whose planted AUC differ 19 were found" in "".join(ranked(ranking))


def test_readers_of_noise_do_not(many):
    plan, material = many
    judge = Judge(plan, material, costs_of(plan, material))
    blind = outcomes(plan, material, lambda own: 20.0 if len(own.given) == 3 else 0.0)
    ranking = judge.results(blind, "").ranking
    assert ranking.found[-1] == "image + keypoints + text"
    assert ranking.right == 13
    assert ranking.wrong == 6
    assert "not all in that order" in "".join(ranked(ranking))


def test_the_plan_tells_each_training_with_its_cost_and_what_is_shared(many):
    plan, material = many
    costs = costs_of(plan, material)
    assert set(costs) == set(plan.trainings)
    assert all(own.cpu_s > 0 for own in costs.values())
    text = listing(plan, material, costs)
    assert "7 rows, 7 trainings of recipe small" in text
    assert "3 of one modality are the first stage of the 4 others (unshared: 16 stages)" in text
    assert all(f"\n{own.name} " in text for own in plan.trainings)


def test_what_is_learned_from_more_costs_more(many):
    _, material = many
    stated = config(read=["text"], vary=[{"labels": "gold"}, {"labels": "pseudo"}])
    varied = Plan(config=stated, has=material.has, labels=material.labels)
    seen = {own.way.labels: cost.seen for own, cost in costs_of(varied, material).items()}
    assert seen["gold"] < seen["all"] < seen["pseudo"]
