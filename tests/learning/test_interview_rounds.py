"""Learning from a pool by a teacher's labels, on the networks that a live run reads with."""

import json
import os
import signal
from dataclasses import replace

import lightning
import numpy as np
import pytest
import torch

from engines.errors import ConfigError
from engines.networks.interview_network import InterviewNetwork
from training.errors import DatasetError
from training.learning import branches_then_joint
from training.learning.dataset import EpochBatches, Fold
from training.learning.interview_rounds import InterviewStudent
from training.learning.mixed_batches import MixedBatches, TaughtFold
from training.learning.rounds_note import read_rounds
from training.learning.run import train_network
from training.learning.stage import Stage, run_stage
from training.learning.taught_pool import TaughtPool
from training.pseudo_label.opinions import Opinions
from training.split import Split, divide
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.plant import Plant
from training.synthetic.script import SyntheticConfig

TEXT = {"image": None, "keypoints": None, "text": {"layers": 1, "epochs": 2}}
NOISE = np.array([[0.7, 0.3, 0.0], [0.2, 0.8, 0.0]])


def says(entries, sure=0.8):
    labels = [entry.label for entry in entries]
    return Opinions(np.where(np.eye(2)[labels] > 0, sure, 1 - sure))


@pytest.fixture(scope="module")
def gold_split(split):
    """Gold of eight interviews, and six more for a pool."""
    people = sorted({entry.subject for entry in split.folds["train"]})
    gold = tuple(entry for entry in split.folds["train"] if entry.subject in people[:4])
    others = tuple(entry for entry in split.folds["train"] if entry.subject not in people[:4])
    return Split(folds={**split.folds, "train": gold}), others


@pytest.fixture(scope="module")
def pool(gold_split):
    own, others = gold_split
    return TaughtPool(
        teacher="a made-up teacher",
        entries=others,
        said=says(others),
        of_gold=says(own.folds["train"]),
    )


@pytest.fixture(scope="module")
def everybody(interviews, gold_split):
    own, others = gold_split
    return Fold(interviews, own.folds["train"] + others)


@pytest.fixture
def taught(everybody, gold_split):
    gold = len(gold_split[0].folds["train"])
    fold = everybody.part(range(gold, len(everybody)), name="pool")
    labels = np.arange(len(fold)) % 2
    return everybody.part(range(gold), name="gold"), TaughtFold(
        fold=fold,
        answers=np.eye(3)[labels],
        noise=NOISE,
        weights=np.linspace(0.5, 1, len(fold)),
        prior=np.array([0.4, 0.6]),
    )


@pytest.mark.parametrize("balance", ["weights", "sampler"])
@pytest.mark.parametrize("size", [2, 5, 6])
def test_no_batch_has_less_gold_than_borrowed_and_an_epoch_has_all(recipe, taught, balance, size):
    gold, borrowed = taught
    stated = recipe(balance=balance, batch=size)
    pool = len(borrowed.fold)
    batches = MixedBatches(gold, borrowed, ("text",), stated, pool=pool, stage=0, epoch=0)
    read = [batches[number] for number in range(len(batches))]
    assert all(len(own.at) == size for own in read)
    assert all(len(own.labels) * 2 >= size for own in read)
    assert all(len(own.taught.weights) == size - len(own.labels) for own in read)
    weights = {float(weight) for own in read for weight in own.taught.weights}
    assert weights == {float(np.float32(own)) for own in borrowed.weights}
    assert sum(len(own.labels) for own in read) >= len(gold)


def test_mixed_batches_follow_from_the_seed_the_stage_and_the_epoch(recipe, taught):
    def first(**place):
        return (
            MixedBatches(*taught, ("text",), recipe(), pool=6, **place)[0]
            .histories["text"]
            .features
        )

    again = first(stage=0, epoch=0)
    assert torch.equal(first(stage=0, epoch=0), again)
    others = first(stage=0, epoch=1), first(stage=1, epoch=0)
    assert not any(own.shape == again.shape and torch.equal(own, again) for own in others)


def stage(recipe, taught, everybody, shape, **changed):
    gold, borrowed = taught
    torch.manual_seed(0)
    network = InterviewNetwork(shape)
    return Stage(
        network.eval(),
        recipe(branches=TEXT, augment={}, **changed),
        train=gold,
        validation=gold,
        number=0,
        rates={"text": 1e-3, None: 1e-3},
        taught=borrowed,
        pool=len(borrowed.fold),
    )


def loss_of(own, batch):
    own.log = lambda *_, **__: None
    return own.training_step(batch)


@pytest.fixture
def shape(recipe, everybody):
    return recipe(branches=TEXT).shape(everybody.features, classes=2, grid_hz=1.0)


@pytest.mark.parametrize("balance", ["weights", "none"])
def test_what_is_borrowed_is_learned_through_the_teachers_noise(
    recipe, taught, everybody, shape, balance
):
    pseudo = {"trust": 3.0}
    own = stage(recipe, taught, everybody, shape, pseudo=pseudo, balance=balance)
    batch = own._epoch(0)[0]
    gold = len(batch.labels)
    with torch.no_grad():
        whole = float(loss_of(own, batch))
        alone = float(loss_of(own, replace(batch, taught=None)))
        logits = own.network(batch.histories, at=batch.at)[gold:, -1].double().numpy()
    if balance == "none":  # the network says how frequent classes are by itself
        counts = np.bincount(taught[0].labels)
        logits = logits - np.log(counts / counts.sum())
    likely = np.exp(logits) * taught[1].prior
    likely /= likely.sum(axis=1, keepdims=True)
    said = (batch.taught.answers.numpy() * np.log(likely @ NOISE + 1e-12)).sum(axis=1)
    borrowed = -(batch.taught.weights.numpy() * said).mean()
    assert whole == pytest.approx(alone + 3 * borrowed, rel=1e-5)


def test_a_teacher_that_says_the_same_of_every_class_teaches_a_network_nothing(
    recipe, taught, everybody, shape
):
    gold, borrowed = taught
    deaf = gold, replace(borrowed, noise=np.array([[0.4, 0.4, 0.2]] * 2))
    own = stage(recipe, deaf, everybody, shape)
    batch = own._epoch(0)[0]
    gradients = []
    for given in (batch, replace(batch, taught=None)):
        own.zero_grad()
        loss_of(own, given).backward()
        gradients.append(torch.cat([weight.grad.flatten() for weight in own.parameters()]))
    assert gradients[1].abs().max() > 1e-3
    assert torch.allclose(*gradients, atol=1e-6)


def test_a_student_is_asked_as_if_classes_were_alike_frequent(everybody, shape):
    torch.manual_seed(0)
    network, rows = InterviewNetwork(shape), np.array([3, 0])
    read = InterviewStudent(network, everybody, taken=(0.5, 0.5), size=4).read(rows)
    other = InterviewStudent(network, everybody, taken=(0.2, 0.8), size=1).read(rows)
    odds = other[:, 1] / other[:, 0] * 4
    assert np.allclose(odds, read[:, 1] / read[:, 0], rtol=1e-5)
    assert np.allclose(read.sum(axis=1), 1)


def test_a_part_of_a_fold_copies_nothing(everybody):
    part = everybody.part([4, 1], name="part")
    assert part.labels == [everybody.labels[4], everybody.labels[1]]
    assert part.interviews[0] is everybody.interviews[4]
    assert part.tracks(1, ("text",))["text"] is everybody.tracks(1, ("text",))["text"]


@pytest.fixture(scope="module")
def without_gain(interviews, gold_split, recipe, pool, tmp_path_factory):
    out = tmp_path_factory.mktemp("rounds") / "run"
    stated = recipe(branches=TEXT, pseudo={"folds": 2, "least_gain": 1.0})
    return train_network(interviews, gold_split[0], stated, out, accelerator="cpu", pool=pool)


def test_where_a_pool_gains_nothing_the_network_is_that_of_gold_alone(
    interviews, gold_split, recipe, pool, without_gain, tmp_path
):
    stated = recipe(branches=TEXT, pseudo={"folds": 2, "least_gain": 1.0})
    other = replace(pool, said=Opinions(pool.said.soft[:, ::-1].copy()))
    given = interviews, gold_split[0], stated, tmp_path
    contrary = train_network(*given, accelerator="cpu", pool=other)
    weights = "weights.safetensors"
    assert without_gain.description.files[weights] == contrary.description.files[weights]
    assert without_gain.description.trained_on.endswith(" interviews of 4 people")
    note = read_rounds(without_gain.folder)
    assert [own.gained for own in note.rounds] == [True, False]
    assert (note.kept, note.student) == (0, "rounds/0-all")
    assert "kept: gold alone" in note.told()


def test_a_teacher_whose_answers_on_gold_may_be_chance_is_not_heard(
    interviews, gold_split, recipe, pool, tmp_path
):
    gold = gold_split[0].folds["train"]
    coin = replace(pool, of_gold=Opinions(np.eye(2)[np.arange(len(gold)) % 2]))
    given = interviews, gold_split[0], recipe(branches=TEXT, pseudo={"folds": 2}), tmp_path
    train_network(*given, accelerator="cpu", pool=coin)
    note = read_rounds(tmp_path)
    assert [own.number for own in note.rounds] == [0]
    assert note.told().endswith("on gold the teacher's answers may well be chance")


def test_a_training_beside_no_pool_may_have_the_pace_of_one(
    interviews, gold_split, recipe, pool, without_gain, tmp_path
):
    given = interviews, gold_split[0], recipe(branches=TEXT), tmp_path
    paced = train_network(*given, accelerator="cpu", paced_by=len(pool.entries))
    weights = "weights.safetensors"
    assert paced.description.files[weights] == without_gain.description.files[weights]
    with pytest.raises(ConfigError, match="a run of another pace lies here"):
        train_network(*given, accelerator="cpu")


def test_gold_alone_has_as_many_steps_with_as_much_gold_in_each(recipe, taught):
    gold, borrowed = taught
    with_pool, alone = (
        MixedBatches(gold, own, ("text",), recipe(), pool=100, stage=0, epoch=0)
        for own in (borrowed, None)
    )
    assert len(with_pool) == len(alone) == 34
    assert len(alone[0].labels) == len(alone[0].at) == 3
    assert alone[0].taught is None


def test_a_run_says_of_whom_it_borrowed(without_gain, pool):
    run = json.loads((without_gain.folder / "run.json").read_text())
    assert run["pool"]["teacher"] == "a made-up teacher"
    assert run["pool"]["interviews"] == [entry.name for entry in pool.entries]
    assert run["recipe"]["pseudo"]["least_gain"] == 1.0
    assert not {*run["pool"]["interviews"]} & {*run["data"]["folds"]["train"]["interviews"]}


def test_a_run_without_a_pool_says_nothing_of_one(interviews, gold_split, recipe, tmp_path):
    stated = recipe(branches=TEXT, joint={"epochs": 0})
    train_network(interviews, gold_split[0], stated, tmp_path, accelerator="cpu")
    run = json.loads((tmp_path / "run.json").read_text())
    assert set(run) == {"recipe", "data"}
    assert "pseudo" not in run["recipe"]


def test_a_folder_of_another_pool_is_refused(interviews, gold_split, recipe, pool, without_gain):
    stated = recipe(branches=TEXT, pseudo={"folds": 2, "least_gain": 1.0})
    given = interviews, gold_split[0], stated, without_gain.folder
    surer = replace(pool, said=says(pool.entries, sure=0.9))
    for other in (surer, None):
        with pytest.raises(ConfigError, match="a run of another pool lies here"):
            train_network(*given, accelerator="cpu", pool=other)


@pytest.fixture(scope="module")
def helped(tmp_path_factory):
    """A set whose words tell everything, little gold, and a teacher that is always right."""
    interviews = SyntheticInterviews(
        SyntheticConfig(
            interviews=150,
            subjects=75,
            positive=0.5,
            plants={"text": Plant(agrees=1.0)},
            grid_hz=0.5,
            duration_s=(105.0, 110.0),
            lag_s=(30.0, 50.0),
            text_width=6,
        )
    )
    shares = {"train": 0.2, "pool": 0.4, "validation": 0.2, "test": 0.2}
    folds = dict(divide(interviews.entries, shares, seed=0).folds)
    others = folds.pop("pool")
    pool = TaughtPool(
        teacher="one who knows",
        entries=others,
        said=says(others),
        of_gold=says(folds["train"]),
    )
    return interviews, Split(folds=folds), pool


HELPED = {
    "branches": TEXT | {"text": {"layers": 1, "epochs": 6, "rate": 0.01}},
    "batch": 16,
    "augment": {},
    "patience": None,
    "pseudo": {"folds": 2, "rounds": 1},
}


@pytest.fixture(scope="module")
def student(helped, recipe, tmp_path_factory):
    interviews, split, pool = helped
    out = tmp_path_factory.mktemp("helped") / "run"
    return train_network(interviews, split, recipe(**HELPED), out, accelerator="cpu", pool=pool)


def test_a_teacher_that_knows_more_than_the_gold_makes_a_better_network(student, helped):
    note = read_rounds(student.folder)
    assert note.kept == 1
    assert note.rounds[1].auc > note.rounds[0].auc + 0.05
    pool = helped[2]
    told = f"and {len(pool.entries)} without a label by what one who knows said of them"
    assert student.description.trained_on.endswith(told)
    folders = {path.name for path in (student.folder / "rounds").iterdir() if path.is_dir()}
    each = ("all", "without-0", "without-1")
    assert folders == {f"{number}-{own}" for number in (0, 1) for own in each}


class Killer(lightning.Callback):
    """Ends the process in the middle of an epoch of the last student, as a power cut would."""

    def on_train_batch_start(self, trainer, training, batch, number):
        last = training.taught_fold is not None and len(training.train_fold) > 25
        if last and (training.current_epoch, number) == (3, 1):
            os.kill(os.getpid(), signal.SIGKILL)


def test_rounds_that_were_killed_go_on_to_the_same_weights(
    helped, student, recipe, tmp_path, monkeypatch
):
    def killed(*given, watchers, **named):
        run_stage(*given, watchers=[*watchers, Killer()], **named)

    interviews, split, pool = helped
    given = interviews, split, recipe(**HELPED), tmp_path
    child = os.fork()
    if not child:
        monkeypatch.setattr(branches_then_joint, "run_stage", killed)
        train_network(*given, accelerator="cpu", pool=pool)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    done = tmp_path / "rounds/1-without-1/stages/text/weights.safetensors"
    before = done.stat().st_mtime_ns
    resumed = train_network(*given, accelerator="cpu", pool=pool)
    assert resumed.description.files == student.description.files
    assert done.stat().st_mtime_ns == before
    notes = [(own.folder / "rounds/rounds.json").read_text() for own in (resumed, student)]
    assert notes[0] == notes[1]


def pooled(pool, entries, **changed):
    return replace(pool, entries=tuple(entries), said=says(entries), **changed)


def test_nobody_of_a_test_enters_the_pool_unless_that_is_declared(gold_split, pool):
    split = gold_split[0]
    tested = split.folds["test"]
    with pytest.raises(DatasetError, match=r"lies in the fold test; expected nobody of a test"):
        pooled(pool, tested).check(split, train="train", classes=2)
    again = replace(tested[0], name="another of the same person")
    with pytest.raises(DatasetError, match="lies in the fold test"):
        pooled(pool, (*pool.entries, again)).check(split, train="train", classes=2)
    pooled(pool, tested, transductive=True).check(split, train="train", classes=2)


@pytest.mark.parametrize("fold", ["train", "validation"])
def test_what_is_learned_and_chosen_by_is_never_in_the_pool(gold_split, pool, fold):
    split = gold_split[0]
    wrong = pooled(pool, split.folds[fold], transductive=True)
    with pytest.raises(DatasetError, match=f"lies in the fold {fold}"):
        wrong.check(split, train="train", classes=2)


def test_opinions_of_other_gold_or_classes_are_refused(gold_split, pool):
    split = gold_split[0]
    short = replace(pool, of_gold=pool.of_gold.of(np.arange(2)))
    with pytest.raises(DatasetError, match=r"expected opinions of \(gold, classes, classes\)"):
        short.check(split, train="train", classes=2)
    with pytest.raises(DatasetError, match=r"expected opinions of \(gold, classes, classes\)"):
        pool.check(split, train="train", classes=3)


def test_gold_of_too_few_people_for_its_folds_is_told_so(
    interviews, gold_split, recipe, pool, tmp_path
):
    stated = recipe(branches=TEXT, pseudo={"folds": 8})
    with pytest.raises(DatasetError, match=r"cannot be divided into 8 folds .* pseudo.folds=2"):
        train_network(interviews, gold_split[0], stated, tmp_path, accelerator="cpu", pool=pool)


def test_a_pool_follows_its_gold_where_some_of_it_is_kept_for_choosing(gold_split, pool):
    gold = gold_split[0].folds["train"]
    asked = np.arange(len(gold)) > 2
    own = replace(pool, asked=asked).of(gold[::-1][:5], gold)
    assert np.array_equal(own.of_gold.soft, pool.of_gold.soft[::-1][:5])
    assert np.array_equal(own.asked, asked[::-1][:5])


def test_gold_alone_has_the_batches_that_it_has_without_a_pool(
    recipe, everybody, interviews, gold_split
):
    gold = gold_split[0].folds["train"]
    alone = Fold(interviews, gold)
    part = everybody.part(range(len(gold)), name="train")
    batches = [EpochBatches(own, ("text",), recipe(), stage=0, epoch=1)[0] for own in (alone, part)]
    assert torch.equal(*(own.histories["text"].features for own in batches))
    assert alone.digest() == part.digest()
