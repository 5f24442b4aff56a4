"""Pseudo-labels without any framework: answers, noise, votes, weights, batches, rounds."""

from dataclasses import replace

import numpy as np
import pytest

from engines.errors import ConfigError
from training.errors import DatasetError
from training.labelling.sample import Sample
from training.pseudo_label.answers import Alphabet
from training.pseudo_label.batches import Mixture, mixed
from training.pseudo_label.noise import likelihoods, measured_noise, posterior
from training.pseudo_label.opinions import Opinions, opinions_in
from training.pseudo_label.rounds import Rounds
from training.pseudo_label.settings import Settings
from training.pseudo_label.task import Gold, Task, Teaching
from training.pseudo_label.weights import weigh
from training.pseudo_label.worth import chance_of


def opinions(*positive):
    """Return opinions by the share of class 1; None abstains."""
    rows = [(0.0, 0.0) if own is None else (1 - own, own) for own in positive]
    return Opinions(np.array(rows, np.float64))


class Listener:
    """A learner that notes its lessons and whose students say what it is told."""

    def __init__(self, says):
        self.lessons = []
        self.seeds = []
        self._says = says

    def taught(self, lesson, *, seed):
        self.lessons.append(lesson)
        self.seeds.append(seed)
        return Reader(self._says(lesson, len(self.lessons)))


class Reader:
    def __init__(self, positive):
        self._positive = positive

    def read(self, rows):
        own = self._positive(rows)
        return np.stack([1 - own, own], axis=1)


def task(labels, *, pool=40, folds=2, right=0.8, teachers=1):
    """Gold of these labels in rows 0..., a pool after it, and teachers that are often right."""
    labels = np.asarray(labels, np.int64)
    random = np.random.default_rng(3)
    truth = np.concatenate([labels, random.integers(2, size=pool)])

    def teach():
        said = np.where(random.random(len(truth)) < right, truth, 1 - truth)
        every = opinions(*(0.1 + 0.8 * said))
        return Teaching(
            gold=every.of(np.arange(len(labels))), pool=every.of(np.arange(len(labels), len(truth)))
        )

    return Task(
        gold=Gold(
            rows=np.arange(len(labels)), labels=labels, folds=np.arange(len(labels)) // 2 % folds
        ),
        pool=np.arange(len(labels), len(truth)),
        teachers=tuple(teach() for _ in range(teachers)),
        classes=2,
    )


def same(first, second):
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("rows", "answers", "noise", "weights")
    )


def knowing(labels, right):
    """Return students that know the truth of some share of the rows of gold."""

    def positive(rows):
        truth = np.asarray(labels)[rows % len(labels)]
        return np.where(rows % 10 < 10 * right, 0.2 + 0.6 * truth, 0.8 - 0.6 * truth)

    return positive


def test_gold_is_never_outnumbered_in_a_batch():
    random = np.random.default_rng(0)
    mixture = Mixture(size=7, gold=0.5)
    batches = list(mixed(mixture, gold=5, borrowed=30, steps=10, random=random))
    assert {(len(known), len(others)) for known, others in batches} == {(4, 3)}
    pool = np.concatenate([others for _, others in batches])
    assert sorted(pool) == list(range(30))
    gold = np.concatenate([known for known, _ in batches])
    assert np.bincount(gold).tolist() == [8] * 5


@pytest.mark.parametrize("wrong", [{"gold": 0.4}, {"gold": 1.2}, {"size": 1}])
def test_a_batch_in_which_the_teacher_outvotes_gold_is_refused(wrong):
    with pytest.raises(ConfigError, match="must not outvote"):
        Mixture(**wrong)


def test_gold_alone_makes_batches_of_the_same_gold():
    batches = list(
        mixed(Mixture(size=8), gold=3, borrowed=0, steps=4, random=np.random.default_rng())
    )
    assert [(len(known), len(others)) for known, others in batches] == [(4, 0)] * 4


def test_a_vote_is_spread_by_its_confidence_and_a_withdrawn_one_abstains():
    yes, no = (Sample(number=0, outcome="labelled", label=name) for name in ("yes", "no"))
    gone = Sample(number=0, outcome="withdrawn")
    found = opinions_in(
        [(yes, no, yes, yes), (replace(yes, confidence=0.7), gone), (gone,), ()], ("no", "yes")
    )
    assert np.allclose(found.soft, [[0.25, 0.75], [0.3, 0.7], [0, 0], [0, 0]])
    assert found.said.tolist() == [True, True, False, False]


def test_opinions_that_are_no_shares_are_refused():
    with pytest.raises(DatasetError, match="row 1: expected shares"):
        Opinions(np.array([[0.5, 0.5], [0.5, 0.6]]))


def test_surer_answers_have_letters_of_their_own_and_silence_has_one():
    said = opinions(0.6, 0.7, 0.8, 0.95, 0.4, 0.1, None)
    alphabet = Alphabet.of(said, grades=2)
    answers = alphabet.spell(said)
    assert alphabet.letters == 5
    assert answers.argmax(axis=1).tolist() == [2, 2, 3, 3, 0, 1, 4]
    assert (answers.sum(axis=1) == 1).all()


def test_soft_labels_may_stay_as_they_are():
    said = opinions(0.7, None)
    answers = Alphabet.of(said, grades=0).spell(said)
    assert np.allclose(answers, [[0.3, 0.7, 0], [0, 0, 1]])


def test_noise_is_what_a_teacher_says_of_each_class_on_much_gold():
    random = np.random.default_rng(0)
    labels = random.integers(2, size=4000)
    said = np.where(random.random(4000) < np.where(labels, 0.9, 0.6), labels, 1 - labels)
    noise = measured_noise(np.eye(2)[said], labels, classes=2)
    assert np.allclose(noise, [[0.6, 0.4], [0.1, 0.9]], atol=0.03)
    assert np.allclose(noise.sum(axis=1), 1)
    assert (noise > 0).all()


def test_on_little_gold_a_teacher_is_nearly_taken_for_one_that_knows_nothing():
    answers, labels = np.eye(2)[[0, 1]], np.array([0, 1])
    little = measured_noise(answers, labels, classes=2)
    much = measured_noise(np.tile(answers, (50, 1)), np.tile(labels, 50), classes=2)
    assert 0.5 < little[0, 0] < 0.8 < much[0, 0]


def test_what_is_said_alike_of_all_classes_leaves_the_prior_as_it_was():
    noise = np.array([[0.3, 0.7], [0.3, 0.7]])
    prior = np.array([0.2, 0.8])
    assert np.allclose(posterior(prior, likelihoods(np.eye(2), noise)), [prior, prior])


@pytest.mark.parametrize("weighing", ["even", "threshold", "softmatch"])
def test_the_surer_count_no_less(weighing):
    sure = np.linspace(0.5, 1, 20)
    weights = weigh(np.stack([sure, 1 - sure], axis=1), weighing, sure=0.9)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (np.diff(weights) >= 0).all()
    assert weights[-1] == 1
    assert (weights == 1).all() == (weighing == "even")


def test_gold_that_lacks_a_class_outside_a_fold_is_refused():
    with pytest.raises(DatasetError, match="outside fold 1 there is none of class 1"):
        Gold(rows=np.arange(4), labels=np.array([0, 0, 1, 0]), folds=np.array([0, 0, 1, 1]))


def test_gold_in_the_pool_is_refused():
    own = task([0, 1] * 4)
    with pytest.raises(DatasetError, match="row 3 is gold and in the pool"):
        replace(own, pool=own.pool - (own.pool[0] - 3))


@pytest.mark.parametrize("teachers", [1, 2])
def test_nothing_that_a_fold_is_judged_by_hangs_on_its_labels(teachers):
    labels = np.array([0, 1] * 10)
    first, second = task(labels, teachers=teachers), task(labels, teachers=teachers)
    others = labels.copy()
    others[first.gold.folds == 0] = 1 - others[first.gold.folds == 0]
    second = replace(second, gold=replace(second.gold, labels=others))
    lessons = []
    for own in (first, second):
        learner = Listener(lambda lesson, count: lambda rows: np.full(len(rows), 0.5))
        Rounds(own, learner, Settings(rounds=1, least_gain=0), seed=0).run()
        lessons.append(learner.lessons)
    # round 0: without fold 0, without fold 1, all; round 1: the same without the last
    judged, elsewhere = [[own[place].borrowed for own in lessons] for place in (3, 4)]
    assert same(*judged)
    assert not same(*elsewhere)
    assert set(lessons[0][3].gold) == set(np.flatnonzero(first.gold.folds != 0))


def test_rounds_end_when_gold_says_that_one_gains_nothing():
    labels = [0, 1] * 15
    right = [0.5, 0.8, 0.7, 0.9]  # of each round

    def says(lesson, count):
        return knowing(labels, right[(count - 1) // 3])

    learner, seen = Listener(says), []
    learned = Rounds(task(labels), learner, Settings(rounds=3), seed=7).run(seen.append)
    assert [own.number for own in learned.rounds] == [0, 1, 2] == [own.number for own in seen]
    assert [own.gained for own in learned.rounds] == [True, True, False]
    assert learned.best.number == 1
    # two folds and all of the gold, but for the round that gained nothing
    assert len(learner.lessons) == 3 + 3 + 2
    assert set(learner.seeds) == {7}


def test_rounds_end_at_the_most_that_are_allowed():
    labels = [0, 1] * 15
    right = [0.5, 0.6, 0.7, 0.8, 0.9]
    learner = Listener(lambda lesson, count: knowing(labels, right[(count - 1) // 3]))
    learned = Rounds(task(labels), learner, Settings(rounds=2), seed=0).run()
    assert len(learned.rounds) == 3
    assert learned.best.number == 2


def test_the_round_before_is_heard_from_round_two_on():
    labels = [0, 1] * 15
    right = [0.5, 0.7, 0.9]
    learner = Listener(lambda lesson, count: knowing(labels, right[(count - 1) // 3]))
    Rounds(task(labels), learner, Settings(rounds=2), seed=0).run()
    gold, first, second = (learner.lessons[place].borrowed for place in (2, 5, 8))
    assert gold is None
    assert not np.array_equal(first.answers.argmax(axis=1), second.answers.argmax(axis=1))
    assert first.noise.shape[1] == first.answers.shape[1]
    assert second.noise.shape[1] == second.answers.shape[1]


def test_a_teacher_that_is_no_better_than_gold_alone_is_left():
    labels = [0, 1] * 15
    learner = Listener(
        lambda lesson, count: knowing(labels, 0.7 if lesson.borrowed is None else 0.6)
    )
    learned = Rounds(task(labels, right=0.5), learner, Settings(), seed=0).run()
    assert learned.best.number == 0
    assert learned.student is learned.rounds[0].student
    assert learned.rounds[1].student is None


@pytest.mark.parametrize(("right", "heard"), [(0.5, False), (0.8, True)])
def test_a_teacher_whose_answers_may_be_chance_is_not_heard_if_asked_for(right, heard):
    labels = [0, 1] * 30
    says = [0.7, 0.9]  # by luck, the student of either is better on gold

    def learner():
        return Listener(
            lambda lesson, count: knowing(labels, says[int(lesson.borrowed is not None)])
        )

    own, settings = task(labels, right=right), Settings(rounds=1)
    doubted = Rounds(own, learner(), settings, seed=0, doubt=0.05).run()
    assert len(doubted.rounds) == 1 + heard
    believed = Rounds(own, learner(), settings, seed=0).run()
    assert believed.best.number == 1


def test_answers_at_random_seem_to_tell_something_as_often_as_doubt_allows():
    random = np.random.default_rng(0)
    labels = np.array([0, 1] * 30)
    blind = [
        chance_of(np.eye(3)[random.integers(2, size=60)], labels, classes=2) < 0.2
        for _ in range(100)
    ]
    assert 8 <= sum(blind) <= 32
    assert chance_of(np.eye(3)[labels], labels, classes=2) == pytest.approx(0.001)
