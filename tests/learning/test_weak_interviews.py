import json
from dataclasses import replace

import numpy as np
import pytest

from engines.errors import ConfigError
from training.weak_to_strong.__main__ import main
from training.weak_to_strong.interview_examples import InterviewExamples
from training.weak_to_strong.interview_material import DRAWN, make_material
from training.weak_to_strong.interview_plan import (
    FIRST,
    MAIN,
    QUICK,
    WAYS,
    InterviewPlan,
    InterviewTrial,
)
from training.weak_to_strong.noisy_teacher import NoisyTeacher

TRIAL = InterviewTrial(way="student", right=0.7, share=0.3, seed=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("interviews")


@pytest.fixture(scope="module")
def material(folder):
    return make_material(QUICK, folder)


def test_the_teacher_is_as_noisy_as_stated_and_takes_the_trait_for_the_class():
    random = np.random.default_rng(0)
    labels, traits = np.repeat([0, 0, 1, 1], 1000), np.tile(np.repeat([0, 1], 1000), 2)
    teacher = NoisyTeacher(right=0.7, tilt=0.05, lean=0.1)
    said = teacher.label(labels, traits, random).hard
    right = said == labels
    assert right.mean() == pytest.approx(0.7)
    assert right[labels == 1].mean() - right[labels == 0].mean() == pytest.approx(0.1)
    assert said[traits == 1].mean() - said[traits == 0].mean() == pytest.approx(0.2)


def test_a_teacher_beyond_always_is_refused():
    with pytest.raises(ConfigError, match="for every class and trait"):
        NoisyTeacher(right=0.9, tilt=0.05, lean=0.1)


def test_nobody_is_on_both_sides_and_gold_is_divided_by_people(material):
    tested = material.for_test
    assert not set(material.people[tested]) & set(material.people[~tested])
    assert (tested.sum(), (~tested).sum()) == (QUICK.tested, QUICK.learned)
    gold, pool = material.gold_and_pool(TRIAL)
    assert not tested[gold.rows].any()
    assert not tested[pool].any()
    by_fold = [set(material.people[gold.rows[gold.folds == fold]]) for fold in (0, 1)]
    assert not by_fold[0] & by_fold[1]


def test_the_trait_tells_nothing_and_can_be_seen(material):
    assert abs(np.corrcoef(material.labels, material.traits)[0, 1]) < 0.15
    fed = material.drawn.fed["text"]
    means = np.array(
        [own[valid].mean(axis=0) for own, valid in zip(fed.features, fed.valid, strict=True)]
    )
    apart = means[material.traits == 1].mean(axis=0) - means[material.traits == 0].mean(axis=0)
    assert 0.7 < np.linalg.norm(apart) < 1.5


def test_what_was_drawn_is_read_again_and_drawn_anew_for_another_plan(material, folder):
    before = (folder / DRAWN).stat().st_mtime_ns
    again = make_material(QUICK, folder)
    assert (folder / DRAWN).stat().st_mtime_ns == before
    assert np.array_equal(again.drawn.ticks, material.drawn.ticks)
    fed, first = again.drawn.fed["text"], material.drawn.fed["text"]
    assert np.array_equal(fed.features, first.features)
    other = make_material(replace(QUICK, generator=5), folder.with_name("other"))
    assert not np.array_equal(other.labels, material.labels)


def test_an_interview_is_read_at_its_own_end_whoever_is_beside_it(material):
    examples = InterviewExamples(material.drawn, width=16, layers=1)
    network = examples.network(2).eval()
    order = np.argsort(material.drawn.ticks)
    alone = network(examples.feed(order[:1], None))
    beside = network(examples.feed(order[[0, -1]], None))
    assert np.allclose(alone.detach()[0], beside.detach()[0], atol=1e-5)


def test_noise_is_added_in_training_alone_and_only_where_something_was_said(material):
    rows = np.arange(8)
    plain = InterviewExamples(material.drawn, width=16, layers=1)
    noisy = InterviewExamples(material.drawn, width=16, layers=1, noise=0.5)
    (as_it_is,) = plain.feed(rows, None)[0].values()
    (in_training,) = noisy.feed(rows, np.random.default_rng(0))[0].values()
    (tested,) = noisy.feed(rows, None)[0].values()
    assert np.array_equal(tested.features, as_it_is.features)
    added = (in_training.features - as_it_is.features).numpy()
    said = as_it_is.valid.numpy()
    assert np.all(added[~said] == 0)
    assert 0.45 < added[said].std() < 0.55


@pytest.mark.parametrize("wrong", [["--steps", "0"], ["--noise", "-1"]])
def test_a_plan_that_cannot_be_is_refused(wrong, tmp_path, capsys):
    assert main(["interviews", "--out", str(tmp_path), "--quick", *wrong]) == 2
    assert "expected 0 or more, 1 or more" in capsys.readouterr().err


def test_options_change_the_plan(tmp_path):
    own = ["--noise", ".5", "--steps", "3", "--generator", "2"]
    assert main(["interviews", "--out", str(tmp_path), "--quick", *own]) == 0
    stated = json.loads(_stated(tmp_path / "trials"))
    assert stated[0][0]["seed"] == 2
    assert 0.5 in stated
    assert stated[-1]["steps"] == stated[-1]["gold_steps"] == 3


def test_without_the_curve_there_are_the_main_teacher_and_the_useless_one(tmp_path):
    assert main(["interviews", "--out", str(tmp_path), "--quick", "--no-curve"]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results["comparisons"]) == {"teacher 70 %, gold 10 %", "teacher 50 %, gold 10 %"}


def _stated(folder):
    with np.load(next(iter(sorted(folder.iterdir())))) as found:
        return str(found["stated"])


@pytest.mark.parametrize("plan", [InterviewPlan(), FIRST])
def test_the_plan_has_what_was_promised(plan):
    assert plan.tested >= 10_000
    assert plan.points[MAIN] == 5
    assert MAIN == (0.7, 0.1)
    assert {right for right, _ in plan.points} >= {0.5, 0.7}
    names = [trial.name for trial in plan.trials()]
    assert len(names) == len(set(names))


def test_nobody_learns_longer_than_gold_alone():
    plan = InterviewPlan()
    assert {plan.recipe_of(way).steps for way in WAYS} == {plan.recipe.gold_steps}
    longer = {way for way in WAYS if plan.recipe_of(way).gold_steps > plan.recipe.steps}
    assert longer == {"patient"}


def test_one_command_does_all_of_it_and_goes_on(tmp_path, capsys):
    command = ["interviews", "--out", str(tmp_path), "--quick"]
    assert main(command) == 0
    first = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results["comparisons"]) == {
        "teacher 70 %, gold 10 %",
        "teacher 50 %, gold 10 %",
        "teacher 70 %, gold 30 %",
    }
    assert (tmp_path / "table.md").read_text() in first
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}
    assert main(command) == 0
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}
