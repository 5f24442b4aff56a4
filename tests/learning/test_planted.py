import json
from dataclasses import replace

import numpy as np
import pytest

from engines.errors import ConfigError
from training.planted.experiment import Experiment
from training.planted.finding import find
from training.planted.material import Material
from training.planted.plan import CONDITIONS, QUICK, READS, Plan, Trial
from training.planted.pooled_regression import regress
from training.planted.table import table, write_results
from training.planted.trial import OUTCOME, WEIGHTS, Outcome
from training.synthetic.oracle import oracle

MANY = replace(QUICK, interviews=600, subjects=60)


def material(condition="planted", plan=MANY):
    return Material(plan, condition)


def answer(odds):
    return [Outcome(odds=np.asarray(odds, np.float64), parameters=1, cpu_s=0.0)]


def signs(given, own):
    scripts = {script.entry.name: script for script in own.interviews.scripts}
    tested = [scripts[entry.name] for entry in own.tested]
    return oracle(tested, own.interviews.config, given)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    made = Experiment(QUICK, tmp_path_factory.mktemp("planted"), "the command")
    for trial in QUICK.trials()[:4]:
        made.do(trial)
    made.do(Trial(condition="planted", reader="gcn"))
    return made


def test_every_reader_is_tried_with_a_signal_and_all_that_can_be_afforded_without():
    trials = Plan().trials()
    assert len(set(trials)) == len(trials)
    read = {name: {own.reader for own in trials if own.condition == name} for name in CONDITIONS}
    assert read["planted"] == set(READS)
    assert read["nothing"] == read["permuted"] == set(READS) - {"gcn"}
    seeds = {own.seed for own in trials if (own.condition, own.reader) == ("planted", "mlp")}
    assert len(seeds) > 1


def test_both_keypoint_bodies_have_the_same_encoder():
    mlp, gcn = (Plan().recipe(Trial(condition="planted", reader=name)) for name in ("mlp", "gcn"))
    assert gcn.network.model_copy(update={"body": "mlp"}) == mlp.network
    assert gcn.branches.keypoints.layers == mlp.branches.keypoints.layers


def test_nobody_is_learned_from_and_tested_on():
    split = material(plan=Plan()).split
    people = {name: {entry.subject for entry in fold} for name, fold in split.folds.items()}
    assert not people["train"] & people["test"]
    assert len(set().union(*people.values())) >= 60
    assert len(split.folds["test"]) > 1000


def test_permuted_labels_are_as_frequent_and_say_nothing_of_the_signs():
    own, permuted = material(plan=QUICK), material("permuted", QUICK)
    assert sorted(own.train.labels) == sorted(permuted.train.labels)
    assert own.train.labels != permuted.train.labels
    assert own.tested == permuted.tested


def test_who_sees_the_signs_finds_what_is_planted_and_who_guesses_does_not():
    own = material()
    found = find(own, "image", answer(signs(("image",), own)))
    assert found.short.value == 0
    assert found.balanced_accuracy.n == len(own.tested)
    guessed = np.random.default_rng(0).normal(size=len(own.tested))
    assert not find(own, "image", answer(guessed)).as_planted
    assert find(own, "image", answer(guessed)).ceiling == pytest.approx(0.75)


def test_who_knows_where_nothing_is_to_be_known_is_no_chance():
    own = material("nothing")
    labels = np.array([entry.label for entry in own.tested])
    assert not find(own, "text", answer(labels - 0.5)).as_planted
    assert find(own, "text", answer(np.zeros(len(labels)))).as_planted
    assert find(own, "text", answer(labels - 0.5)).ceiling == 0.5


def test_one_who_sees_all_signs_is_above_one_who_sees_one():
    own = material()
    joint = find(own, "joint", answer(signs(READS["joint"], own)))
    single = find(own, "mlp", answer(signs(READS["mlp"], own)))
    assert joint.ceiling > single.ceiling
    assert joint.balanced_accuracy.value > single.balanced_accuracy.value


def test_a_regression_on_pooled_features_finds_what_lies_in_an_amount():
    own = material(plan=QUICK)
    for fold in (own.train, own.test):
        for row, label in enumerate(fold.labels):
            track = fold.tracks(row, ["image"])["image"]
            track.features[:, ::4] += 2 * label * track.valid[:, None]
    odds = regress(own.train, own.test, ["image"])
    assert ((odds > 0) == np.array(own.test.labels)).mean() > 0.9


def test_the_table_has_a_line_for_every_trial_and_regression(experiment, tmp_path):
    results = experiment.results()
    readers = [finding.reader for finding in results.findings]
    assert sorted(readers) == sorted([*READS, *["regression"] * 4])
    assert results.gain is not None
    assert results.bodies is not None
    assert set(results.missing).isdisjoint({"planted-gcn-0", "planted-joint-0"})
    assert "nothing-image-0" in results.missing
    lines = table(results).splitlines()
    assert sum(line.startswith("| planted in each") for line in lines) == len(readers)
    assert "**Not done yet: " in lines[-1]
    write_results(results, tmp_path)
    figures = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [own["reader"] for own in figures["findings"]] == readers
    assert (tmp_path / "table.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_done_is_not_done_again(experiment):
    trial = Trial(condition="planted", reader="image")
    weights = experiment.out / trial.name / WEIGHTS
    written = weights.stat().st_mtime_ns
    again = Experiment(QUICK, experiment.out, "the command")
    again.do(trial)
    assert weights.stat().st_mtime_ns == written
    first, second = (own.results().findings[0] for own in (experiment, again))
    assert first == second


def test_a_folder_of_another_plan_is_refused(experiment):
    other = Experiment(replace(QUICK, width=8), experiment.out, "the command")
    with pytest.raises(ConfigError, match=f"{OUTCOME}: a trial of another plan lies here"):
        other.do(Trial(condition="planted", reader="image"))


def test_the_joint_network_begins_with_the_branches_that_were_trained_alone(experiment):
    assert (experiment.out / "planted-mlp-0" / WEIGHTS).is_file()
    first = {own.reader: own for own in experiment.results().findings}
    assert first["joint"].parameters > sum(first[name].parameters for name in ("image", "text"))
