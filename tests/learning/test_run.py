import csv
import os
import signal
from dataclasses import replace
from math import inf

import lightning
import numpy as np
import pytest
import torch

from engines.build.network_export import load_network
from engines.errors import ConfigError
from engines.networks.keypoint_mlp import KeypointMlp
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.shape import MODALITIES
from training.errors import DatasetError, SplitError
from training.learning import branches_then_joint
from training.learning.dataset import Fold, WholeInterviews
from training.learning.predict import predict
from training.learning.run import train_network, with_validation
from training.learning.stage import run_stage
from training.split import Split


@pytest.fixture(scope="module")
def trained(interviews, split, recipe, tmp_path_factory):
    return train_network(
        interviews, split, recipe(), tmp_path_factory.mktemp("run"), accelerator="cpu"
    )


def digest(checkpoint):
    return checkpoint.description.files["weights.safetensors"]


def test_a_training_leaves_a_checkpoint_that_says_what_it_is(trained, interviews, split):
    description = read_checkpoint(trained.folder).description
    assert description.labels == ("no", "yes")
    assert description.taught == "synthetic"
    assert tuple(description.fed) == MODALITIES
    assert description.word_delay_s == interviews.word_delay_s
    assert description.prior == (0.5, 0.5)
    assert description.trained_on.endswith(": 14 interviews of 7 people")
    fitted = description.calibrations[interviews.name]
    assert fitted.n == len(split.folds["validation"])
    assert fitted.temperature > 0
    assert {"image-step.onnx", "keypoints-step.onnx", "text-step.onnx", "fusion.onnx"} <= set(
        description.files
    )


def test_every_stage_leaves_a_table_of_its_epochs(trained):
    for name in (*MODALITIES, "joint"):
        with (trained.folder / "stages" / name / "metrics.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["0", "1"]
        assert all(0 <= float(row["validation_balanced_accuracy"]) <= 1 for row in rows)
        assert all(float(row["loss"]) > 0 for row in rows)


def test_a_finished_run_is_not_run_again(trained, interviews, split, recipe):
    before = (trained.folder / "network.json").stat().st_mtime_ns
    again = train_network(interviews, split, recipe(), trained.folder, accelerator="cpu")
    assert again.digest == trained.digest
    assert (trained.folder / "network.json").stat().st_mtime_ns == before


def test_a_folder_of_another_recipe_is_refused(trained, interviews, split, recipe):
    with pytest.raises(ConfigError, match="a run of another recipe lies here"):
        train_network(interviews, split, recipe(seed=1), trained.folder)


def test_a_folder_of_other_data_is_refused(trained, interviews, split, recipe):
    first, *others = split.folds["train"]
    swapped = {**split.folds, "train": (replace(first, label=1 - first.label), *others)}
    with pytest.raises(ConfigError, match="a run of other data lies here"):
        train_network(interviews, Split(folds=swapped), recipe(), trained.folder)


def test_a_training_fold_of_one_class_is_refused(interviews, split, recipe, tmp_path):
    lost = tuple(entry for entry in split.folds["train"] if entry.label == 0)
    one = Split(folds={**split.folds, "train": lost}, one_class=("train",))
    with pytest.raises(SplitError, match="train: expected two classes at least, got one"):
        train_network(interviews, one, recipe(), tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_validation_fold_of_one_class_gives_way_to_some_subjects_of_the_training(split, recipe):
    won = tuple(entry for entry in split.folds["validation"] if entry.label == 1)
    one = Split(folds={**split.folds, "validation": won}, one_class=("validation",))
    own = with_validation(one, recipe(validation=0.3))
    assert len(own.counts("validation")) == 2
    learned = {entry.subject for entry in split.folds["train"]}
    assert {entry.subject for fold in own.folds.values() for entry in fold} == learned


def test_data_that_have_nothing_a_recipe_reads_are_refused(interviews, split, recipe, tmp_path):
    nothing = recipe(branches=dict.fromkeys(MODALITIES))
    with pytest.raises(DatasetError, match="recipe tiny does not fit made-up interviews"):
        train_network(interviews, split, nothing, tmp_path)


def test_devices_that_there_are_not_are_named(interviews, split, recipe, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="--accelerator gpu --devices 1: No supported gpu"):
        train_network(interviews, split, recipe(), tmp_path, accelerator="gpu", devices=1)


class Killer(lightning.Callback):
    """Ends the process in the middle of an epoch, as a power cut would."""

    def __init__(self, stage, epoch):
        self.place = stage, epoch, 1

    def on_train_batch_start(self, trainer, training, batch, number):
        if (training.number, training.current_epoch, number) == self.place:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("stage", "epoch"), [(1, 1), (3, 1)], ids=["a-branch", "together"])
def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    interviews, split, recipe, trained, tmp_path, monkeypatch, stage, epoch
):
    def killed(*given, watchers, **named):
        run_stage(*given, watchers=[*watchers, Killer(stage, epoch)], **named)

    child = os.fork()
    if not child:
        monkeypatch.setattr(branches_then_joint, "run_stage", killed)
        train_network(interviews, split, recipe(), tmp_path, accelerator="cpu")
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not (tmp_path / "network.json").exists()
    resumed = train_network(interviews, split, recipe(), tmp_path, accelerator="cpu")
    assert digest(resumed) == digest(trained)
    for name in (*MODALITIES, "joint"):
        tables = [own.folder / "stages" / name / "metrics.csv" for own in (resumed, trained)]
        assert tables[0].read_text() == tables[1].read_text()


class Interrupter(lightning.Callback):
    """Presses Ctrl-C in the second epoch."""

    def on_train_epoch_start(self, trainer, training):
        if training.current_epoch == 1:
            raise KeyboardInterrupt


def test_ctrl_c_is_an_interruption_after_which_the_training_goes_on(
    interviews, split, recipe, tmp_path, monkeypatch
):
    def interrupted(*given, watchers, **named):
        run_stage(*given, watchers=[*watchers, Interrupter()], **named)

    text = {"image": None, "keypoints": None, "text": {"layers": 1, "epochs": 2}}
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        patched.setattr(branches_then_joint, "run_stage", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_network(interviews, split, recipe(branches=text), tmp_path, accelerator="cpu")
    signal.signal(signal.SIGINT, before)  # Lightning ignores it from then on
    train_network(interviews, split, recipe(branches=text), tmp_path, accelerator="cpu")
    rows = (tmp_path / "stages/text/metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1"]


def test_a_stage_that_had_ended_early_is_not_taken_up_again(interviews, split, recipe, tmp_path):
    # the highest rate makes the first epochs the best
    text = {"layers": 1, "epochs": 30, "rate": 0.05}
    stated = recipe(branches={"image": None, "keypoints": None, "text": text}, patience=1)
    whole = train_network(interviews, split, stated, tmp_path, accelerator="cpu")
    table = tmp_path / "stages/text/metrics.csv"
    epochs = table.read_text().splitlines()
    assert 3 <= len(epochs) < 31
    for made in (tmp_path / "network.json", tmp_path / "stages/text/weights.safetensors"):
        made.unlink()  # as if it had been killed between the last epoch and what comes of it
    again = train_network(interviews, split, stated, tmp_path, accelerator="cpu")
    assert table.read_text().splitlines() == epochs
    assert digest(again) == digest(whole)


def test_predictions_are_early_and_late_and_of_the_entries_asked_for(trained, interviews, split):
    found = predict(load_network(trained), interviews, split.folds["test"])
    assert found.after_s == (10.0, 60.0, inf)
    assert found.entries == split.folds["test"]
    assert found.logits.shape == (len(found.entries), 3, 2)
    assert np.isfinite(found.logits).all()
    assert not np.array_equal(found.logits[:, 0], found.logits[:, 2])


def test_a_whole_interview_is_read_as_in_a_batch(trained, interviews, split, recipe):
    network, fold = load_network(trained).eval(), Fold(interviews, split.folds["test"])
    whole = WholeInterviews(fold, MODALITIES, size=len(fold))[0]
    with torch.no_grad():
        together = network(whole.histories, at=whole.at)[:, 0].numpy()
    alone = predict(network, interviews, fold.entries).logits[:, -1]
    assert np.abs(alone - together).max() < 1e-5


def test_what_is_not_given_does_not_count(trained, interviews, split):
    network, entries = load_network(trained), split.folds["test"]
    words = predict(network, interviews, entries, given=("text",)).logits
    everything = predict(network, interviews, entries).logits
    assert not np.allclose(words, everything)


def test_a_network_of_other_features_is_told_so(trained, interviews):
    class Wider:
        name, entries, labels = interviews.name, interviews.entries[:1], interviews.labels

        def __getitem__(self, number):
            own = interviews[number]
            return replace(own, appearance=np.repeat(own.appearance, 2, axis=1))

    with pytest.raises(DatasetError, match=r"image: the network learned from vectors of 6 .* 12"):
        predict(load_network(trained), Wider())


def test_the_keypoint_network_of_the_papers_scale_has_at_most_600_thousand_parameters():
    body = KeypointMlp(width=512)
    assert sum(own.numel() for own in body.parameters()) <= 600_000
