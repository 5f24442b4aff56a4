from dataclasses import replace

import numpy as np
import pytest
import torch

from engines.errors import ConfigError
from engines.networks.text_head import WIDTH
from training.pseudo_label.batches import Mixture
from training.pseudo_label.lesson import Lesson
from training.pseudo_label.loss import borrowed_loss, gold_loss
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.rounds import Rounds
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import SteppedLearner, StepRecipe
from training.weak_to_strong.comparison import Exam, compare, gold_threshold
from training.weak_to_strong.experiment import Experiment
from training.weak_to_strong.material import Material
from training.weak_to_strong.outcome import Outcome, kept
from training.weak_to_strong.plan import Plan, Trial
from training.weak_to_strong.table import table
from training.weak_to_strong.text_examples import TextExamples
from training.weak_to_strong.text_plan import TEXTS
from training.weak_to_strong.trial import do_trial

EVEN = torch.tensor([0.5, 0.5])
RECIPE = StepRecipe(mixture=Mixture(size=64), steps=150, gold_steps=60, trust=10.0, rate=1e-3)
PLAN = Plan(
    ways=TEXTS.ways,
    shares=(0.06,),
    seeds=2,
    folds=3,
    settings=Settings(rounds=1),
    recipe=RECIPE,
)


def material(right=0.8, learned=1000, test=500):
    """Made-up vectors whose first numbers tell the class, and a teacher that often does."""
    random = np.random.default_rng(0)
    labels = random.integers(2, size=learned + test)
    vectors = random.normal(size=(len(labels), WIDTH)).astype(np.float32)
    vectors[:, :16] += 0.35 * (2 * labels[:, None] - 1)
    said = np.where(random.random(len(labels)) < right, labels, 1 - labels)
    sure = random.uniform(0.6, 0.9, size=len(labels))
    soft = np.where(said[:, None] == [0, 1], sure[:, None], 1 - sure[:, None])
    soft[random.random(len(labels)) < 0.1] = 0
    return Material(
        classes=("negative", "positive"),
        labels=labels,
        examples=TextExamples(torch.from_numpy(vectors), np.arange(learned)),
        opinions=Opinions(soft),
        learned=learned,
    )


@pytest.fixture(scope="module")
def known():
    return material()


def right(outcome, own):
    labels = own.labels[own.test]
    said = outcome.probabilities.argmax(axis=1)
    return np.mean([(said[labels == label] == label).mean() for label in (0, 1)])


def outcome(own, way, seed=0, plan=PLAN):
    return do_trial(Trial(way=way, share=plan.shares[0], seed=seed), plan, own)


HASTY = replace(PLAN, seeds=1, recipe=replace(RECIPE, steps=10, gold_steps=5))
"""Whose students are good for nothing."""


def test_the_loss_through_no_noise_is_that_of_the_labels(seeded):
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    prior = torch.tensor([0.2, 0.3, 0.5])
    through = borrowed_loss(
        logits, torch.eye(3)[labels], noise=torch.eye(3), weights=torch.ones(6), prior=prior
    )
    assert torch.allclose(through, gold_loss(logits, labels, prior=prior))


def test_a_teacher_that_says_the_same_of_every_class_teaches_nothing(seeded):
    logits = torch.randn(8, 2, requires_grad=True)
    answers = torch.eye(3)[torch.randint(3, (8,))]
    noise = torch.tensor([[0.2, 0.5, 0.3]] * 2)
    borrowed_loss(logits, answers, noise=noise, weights=torch.ones(8), prior=EVEN).backward()
    assert logits.grad.abs().max() < 1e-6


def test_the_loss_of_answers_is_their_improbability_by_hand():
    logits = torch.tensor([[0.0, np.log(3.0)]])
    noise = torch.tensor([[0.8, 0.2], [0.4, 0.6]])
    answers = torch.tensor([[0.25, 0.75]])
    loss = borrowed_loss(logits, answers, noise=noise, weights=torch.tensor([2.0]), prior=EVEN)
    said = np.array([0.25 * 0.8 + 0.75 * 0.4, 0.25 * 0.2 + 0.75 * 0.6])
    assert float(loss) == pytest.approx(-2 * (np.array([0.25, 0.75]) @ np.log(said)), rel=1e-5)


def test_a_weight_of_zero_takes_an_example_out(seeded):
    logits = torch.randn(2, 2)
    answers, noise = torch.eye(2), torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    given = {"noise": noise, "prior": EVEN}
    both = borrowed_loss(logits, answers, weights=torch.tensor([1.0, 0.0]), **given)
    one = borrowed_loss(logits[:1], answers[:1], weights=torch.ones(1), **given)
    assert torch.allclose(both, one / 2)


def test_rare_classes_are_said_as_readily_as_frequent_ones(known):
    positive = np.flatnonzero(known.labels[: known.learned])[:90]
    negative = np.flatnonzero(known.labels[: known.learned] == 0)[:10]
    rows = np.concatenate([positive, negative])
    learner = SteppedLearner(known.examples, RECIPE)
    said = {}
    for name, prior in (("known", [0.1, 0.9]), ("not known", [0.5, 0.5])):
        lesson = Lesson(gold=rows, labels=known.labels[rows], prior=np.array(prior))
        said[name] = learner.taught(lesson, seed=0).read(known.test)[:, 1].mean()
    assert said["known"] < said["not known"] - 0.1
    assert abs(said["known"] - 0.5) < 0.15


def test_the_same_seed_makes_the_same_student_and_random_numbers_elsewhere_do_not_matter(known):
    first = outcome(known, "student", plan=HASTY)
    torch.manual_seed(99)
    second = outcome(known, "student", plan=HASTY)
    assert np.array_equal(first.probabilities, second.probabilities)


def test_gold_alone_is_round_zero(known):
    gold, pool = known.draw(0.06, 0, PLAN.folds)
    assert len(np.intersect1d(gold.rows, pool)) == 0
    assert len(gold.rows) + len(pool) == known.learned
    never = replace(PLAN, settings=Settings(rounds=1, least_gain=1.0))
    alone = outcome(known, "gold")
    assert np.array_equal(outcome(known, "student", plan=never).probabilities, alone.probabilities)


def test_a_useful_teacher_makes_a_better_student_than_gold_alone(known):
    gold, student = (
        np.mean([right(outcome(known, way, seed), known) for seed in range(2)])
        for way in ("gold", "student")
    )
    assert student > gold + 0.05


def test_a_useless_teacher_costs_hardly_anything_where_naive_learning_pays():
    own = material(right=0.5)
    ways = {
        way: np.mean([right(outcome(own, way, seed), own) for seed in range(2)])
        for way in ("gold", "naive", "student")
    }
    assert ways["student"] > ways["gold"] - 0.02
    assert ways["naive"] < ways["gold"] - 0.05


def test_a_teacher_that_always_lies_is_as_good_as_one_that_tells_the_truth():
    """What it says is only evidence: gold knows what it means."""
    own = material(right=0.1)
    assert right(outcome(own, "student"), own) > right(outcome(own, "gold"), own) + 0.05


def test_only_the_transductive_way_sees_the_test_unlabelled(known, monkeypatch):
    pools = []
    run = Rounds.run
    monkeypatch.setattr(Rounds, "run", lambda own: pools.append(own._task.pool) or run(own))
    for way in ("student", "transductive"):
        outcome(known, way, plan=HASTY)
    inductive, transductive = pools
    assert not np.isin(known.test, inductive).any()
    assert np.isin(known.test, transductive).all()


def test_the_threshold_that_gold_prefers():
    assert 0.2 < gold_threshold(np.array([0.0, 0.2, 0.6, 0.9]), np.array([0, 0, 1, 1])) < 0.6


def test_what_came_of_a_trial_is_kept_and_another_plans_is_refused(tmp_path):
    made = Outcome(probabilities=np.eye(2), scores=(0.5, 0.75), cpu_s=1.0, best=1)
    path = tmp_path / "trials" / "student.npz"
    assert kept(path, "plan", lambda: made).best == 1
    again = kept(path, "plan", lambda: pytest.fail("it was done"))
    assert (again.scores, again.best) == (made.scores, 1)
    assert np.array_equal(again.probabilities, made.probabilities)
    with pytest.raises(ConfigError, match="another plan"):
        kept(path, "other", lambda: made)


def test_the_table_tells_every_way_and_keeps_the_transductive_one_apart(known, tmp_path, capsys):
    experiment = Experiment(HASTY, known, tmp_path)
    for trial in HASTY.trials():
        experiment.do(trial)
    found = experiment.comparison(0.06)
    assert set(found.ways) == {*PLAN.ways, "teacher"}
    about = {"command": "the command", "of": "texts", "resampled": "texts", "cpu_s": 60.0}
    lines = table({"6 %": found}, about).splitlines()
    apart = [line for line in lines if "apart" in line]
    assert len(apart) == 2
    assert all(line.endswith("|  |  |") for line in apart)
    assert sum(line.startswith("| 6 %") for line in lines) == 10


def test_differences_are_paired_seed_by_seed():
    labels = np.array([0, 1] * 20)
    good, bad = (np.eye(2)[labels], np.eye(2)[np.zeros(40, int)])
    test = Exam(labels=labels, subjects=[str(row) for row in range(40)], classes=("a", "b"))
    found = compare(test, {"student": [good, good], "gold": [bad, good]})
    told = found.ways["gold"]["balanced_accuracy"]
    assert told.each_above == (0.5, 0.0)
    assert told.above.value == pytest.approx(0.25)
    assert told.seeds == (0.5, 1.0)
