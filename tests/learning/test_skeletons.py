"""The comparison of the two bodies, on a made-up skeleton of five joints and three movements."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from training.errors import DatasetError
from training.skeletons import plan as plan_module
from training.skeletons.__main__ import main
from training.skeletons.body_cost import measure
from training.skeletons.clips import Fold
from training.skeletons.comparison import compare, majority
from training.skeletons.datasets import Dataset
from training.skeletons.joint_features import JOINT_FEATURES, joint_features, resampled
from training.skeletons.joint_jitter import jittered, warped_shares
from training.skeletons.material import read_material
from training.skeletons.plain_regression import regress
from training.skeletons.plan import Plan
from training.skeletons.run import Run
from training.skeletons.skeleton_network import SkeletonNetwork
from training.skeletons.skeleton_training import Recipe

DATASET = Dataset(
    title="Arms", file="arms.npz", root="hip", top="neck", ticks=12, epochs=6, target=0.5
)
EDGES = ((0, 1), (1, 2), (1, 3), (3, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four subjects, each raising, lowering or waving a hand eight times."""
    random, path = np.random.default_rng(0), tmp_path_factory.mktemp("data")
    standing = np.array([[0, 0, 2], [0, 1, 2], [0, 1.3, 2], [0.3, 0.9, 2], [0.5, 0.6, 2]])
    time = np.linspace(0, 1, 20)
    heights = [time, 1 - time, 0.5 + 0.5 * np.sin(12 * time)]
    frames, labels, subjects = [], [], []
    for subject in range(1, 5):
        for label in [0, 1, 2] * 8:
            clip = np.tile(standing, (20, 1, 1)) + random.normal(0, 0.01, (20, 5, 3))
            clip[:, 4, 1] += heights[label]
            frames.append(clip)
            labels.append(label)
            subjects.append(subject)
    np.savez(
        path / "arms.npz",
        frames=np.concatenate(frames).astype(np.float32),
        lengths=np.full(len(labels), 20),
        labels=np.array(labels),
        subjects=np.array(subjects),
        class_names=np.array(["raise", "lower", "wave"]),
        joint_names=np.array(["hip", "neck", "head", "elbow", "hand"]),
        edges=np.array(EDGES),
        fps=np.float32(15),
    )
    return path


@pytest.fixture(scope="module")
def material(folder):
    return read_material("arms", DATASET, folder)


def a_run(material, **changed):
    recipe = replace(Recipe(body="mlp", rate=3e-3, epochs=4, seed=0), **changed)
    return Run(recipe=recipe, fold=material.folds[0])


def test_the_third_feature_of_a_joint_is_its_confidence():
    seen = torch.ones(1, 4, 5, dtype=torch.bool)
    seen[:, :, 2] = False
    features = joint_features(torch.randn(1, 4, 5, 3), seen, root=0)
    assert features.shape == (1, 4, 5, JOINT_FEATURES)
    assert torch.equal(features[..., 2], seen.float())


def test_places_are_seen_from_the_root_and_offsets_look_back():
    joints = torch.randn(1, 6, 5, 3)
    features = joint_features(joints, torch.ones(1, 6, 5, dtype=torch.bool), root=1)
    assert not features[:, :, 1, [0, 1, 3]].any()
    assert not features[:, 0, :, 4:].any()
    later = joints.clone()
    later[:, 4:] += 1.0
    again = joint_features(later, torch.ones(1, 6, 5, dtype=torch.bool), root=1)
    assert torch.equal(features[:, :4], again[:, :4])


def test_nothing_beyond_a_clip_is_looked_at():
    frames = torch.arange(10.0)[:, None, None].expand(10, 2, 3)
    last = torch.tensor([[4]])
    found = resampled(frames, torch.tensor([[0.0, 1.5, 4.0]]), last)
    assert found[0, :, 0, 0].tolist() == [0.0, 1.5, 4.0]


def test_warped_clips_stay_within_themselves():
    shares = warped_shares(200, 32, torch.Generator().manual_seed(0))
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert (shares[:, -1] > shares[:, 0] + 0.5).all()


def test_jitter_changes_every_clip_and_repeats():
    joints = torch.randn(8, 6, 5, 3)
    once, again = (jittered(joints, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(once, again)
    assert ((once - joints).abs().flatten(1).amax(1) > 1e-3).all()


def test_all_that_follows_the_body_is_the_same_for_both():
    def rest(body):
        network = SkeletonNetwork(
            body=body, joints=5, edges=EDGES, classes=3, ticks=12,
            mean=torch.zeros(5, JOINT_FEATURES), deviation=torch.ones(JOINT_FEATURES),
        )  # fmt: skip
        state = network.state_dict()
        return {name: state[name].shape for name in state if not name.startswith("branch.body")}

    assert rest("mlp") == rest("gcn")


def test_a_missing_joint_says_nothing_after_scaling_either():
    network = SkeletonNetwork(
        body="mlp", joints=5, edges=EDGES, classes=3, ticks=4,
        mean=torch.randn(5, JOINT_FEATURES), deviation=torch.full((JOINT_FEATURES,), 0.3),
    ).eval()  # fmt: skip
    seen = torch.ones(1, 4, 5, dtype=torch.bool)
    seen[:, :, 3] = False
    features = joint_features(torch.randn(1, 4, 5, 3), seen, root=0)
    other = features.clone()
    other[:, :, 3, [0, 1, 3, 7]] = 5.0
    assert torch.equal(network(features), network(other))


@pytest.mark.parametrize("body", ["mlp", "gcn"])
def test_a_body_learns_what_is_there(material, tmp_path, body):
    outcome = a_run(material, body=body, epochs=10).do(material, tmp_path)
    assert len(outcome["predicted"]) == len(outcome["labels"]) == 48
    assert outcome["accuracy"] > 0.55  # a third by chance


def test_a_finished_run_is_not_done_again(material, tmp_path):
    run = a_run(material)
    first = run.do(material, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace(f'"cpu_s": {first["cpu_s"]}', '"cpu_s": -1.0'))
    assert run.do(material, tmp_path)["cpu_s"] == -1.0


def test_a_run_that_is_done_again_says_the_same(material, tmp_path):
    run = a_run(material)
    said = [run.do(material, tmp_path / name)["predicted"] for name in "ab"]
    assert said[0] == said[1]


def test_whatever_a_run_hangs_on_gives_it_another_file(material, tmp_path):
    other = replace(material, recordings=replace(material.recordings, sha256="0"))
    fold = Fold(train=frozenset("1"), test=frozenset("2"))
    paths = {
        a_run(material).path(material, tmp_path),
        a_run(material, seed=1).path(material, tmp_path),
        a_run(material, body="gcn").path(material, tmp_path),
        a_run(material).path(other, tmp_path),
        replace(a_run(material), fold=fold).path(material, tmp_path),
    }
    assert len(paths) == 5


def test_a_spoilt_file_of_a_run_is_an_error(material, tmp_path):
    run = a_run(material)
    run.path(material, tmp_path).write_text("{")
    with pytest.raises(DatasetError, match="delete it to do the run again"):
        run.do(material, tmp_path)


def test_rates_are_chosen_without_the_test_subjects(material):
    (fold,) = material.folds
    choices = Plan().choices(material, fold, "gcn")
    assert len(choices) > 1
    for runs in choices.values():
        assert [sorted(run.fold.test) for run in runs] == [["1"], ["3"]]
        assert all((run.fold.train | run.fold.test) <= fold.train for run in runs)


def test_the_regression_is_tested_on_every_clip(material):
    (said,) = regress(material)
    assert said.shape == (48,)
    assert set(said.tolist()) <= {0, 1, 2}


def test_the_perceptron_looks_at_its_tick_and_the_graph_convolution_back():
    mlp, gcn = (measure(body, joints=5, edges=EDGES) for body in ("mlp", "gcn"))
    assert (mlp.looks_at, gcn.looks_at) == (1, 25)
    assert mlp.step_macs == mlp.pass_macs == 5 * 13 * 192 + 192 * 96 + 96 * 128
    assert gcn.step_macs > 10 * gcn.pass_macs
    assert min(mlp.step_us, gcn.step_us) > 0


def test_a_comparison_of_equals_finds_no_difference():
    labels = np.arange(60) % 3
    said = np.stack([labels, (labels + (np.arange(60) < 6)) % 3])
    found = compare({"mlp": said, "gcn": said}, labels, np.arange(60))
    assert found.accuracies["mlp"].seeds == (1.0, 0.9)
    assert (found.difference.mean, found.difference.p, found.difference.mcnemar) == (0.0, 1.0, 1.0)


def test_a_difference_is_found_with_its_interval():
    labels = np.zeros(80, int)
    worse = np.tile(np.arange(80) < 20, (3, 1)).astype(int)
    found = compare({"mlp": worse * 0, "gcn": worse}, labels, np.arange(80)).difference
    assert found.low < found.mean == 0.25 < found.high
    assert found.low > 0.1
    assert (found.only_first, found.only_second) == (20, 0)
    assert found.mcnemar == round(binomtest(20, 20).pvalue, 4)


def test_windows_are_drawn_by_their_recordings():
    labels = np.zeros(80, int)
    worse = np.tile(np.arange(80) < 20, (3, 1)).astype(int)
    found = compare({"mlp": worse * 0, "gcn": worse}, labels, np.arange(80) // 20)
    assert found.drawn == 4
    assert found.difference.mcnemar is None
    assert found.accuracies["gcn"].low <= 0.25


def test_a_majority_is_that_of_the_seeds():
    assert majority(np.array([[0, 2, 1], [0, 2, 2], [1, 1, 0]])).tolist() == [0, 2, 0]


@pytest.fixture
def small(monkeypatch):
    """The command over the made-up data set, with two seeds and two rates."""
    shortened = replace(DATASET, epochs=2)
    monkeypatch.setitem(plan_module.DATASETS, "utkinect", shortened)
    monkeypatch.setattr("training.skeletons.body_cost.TIMED", 5)


def test_the_command_writes_a_table_and_goes_on_where_it_was(small, folder, tmp_path, capsys):
    command = ["--data", folder, "--out", tmp_path, "--only", "utkinect", "--seeds", "2"]
    assert main([*map(str, command)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("CPU-minutes") < shown.index("seed 0")
    runs = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    assert len(runs) == 2 * (2 * 2 + 2)
    results = json.loads((tmp_path / "results.json").read_text())["datasets"]["utkinect"]
    assert results["comparison"]["n"] == 48
    assert set(results["comparison"]["accuracies"]) == {"mlp", "gcn", "regression"}
    assert "| Arms, 48 | GCN |" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "table.png").stat().st_size > 10_000
    assert main([*map(str, command)]) == 0
    assert runs == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}


def test_a_folder_without_the_files_is_an_error(tmp_path, capsys):
    assert main(["--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "expected an npz file of skeletons" in capsys.readouterr().err
