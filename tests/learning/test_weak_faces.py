"""Weak to strong on faces: a few of drawn pictures, in which a bright quarter is the expression."""

import hashlib
import json

import numpy as np
import pytest

from engines.spec.labels import EXPRESSIONS
from training.weak_to_strong.__main__ import main
from training.weak_to_strong.face_material import read_pictures
from training.weak_to_strong.face_opinions import TEST, TRAIN
from training.weak_to_strong.face_plan import QUICK

LEARNED, TESTED = 1500, 210


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures, and a teacher that likes the first class; ten of training are of the test."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("faces")
    labels = np.arange(LEARNED + TESTED) % len(EXPRESSIONS)
    images = random.integers(0, 120, size=(len(labels), 48, 48)).astype(np.uint8)
    for label in range(len(EXPRESSIONS)):
        images[labels == label, 6 * label : 6 * label + 6] += 80
    learned, tested = slice(0, LEARNED), slice(LEARNED, None)
    own = np.concatenate([np.arange(LEARNED), LEARNED + np.arange(10)])
    np.savez(folder / TRAIN, images=images[own], labels=labels[own])
    np.savez(folder / TEST, images=images[tested], labels=labels[tested])
    soft = 0.05 + 0.6 * np.eye(len(EXPRESSIONS))[labels]
    soft[learned, 0] += 0.1
    soft[tested, 0] += 0.7
    digests = np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in images])
    order = np.argsort(digests)
    soft /= soft.sum(axis=1, keepdims=True)
    np.savez(folder / "fer.npz", digests=digests[order], soft=soft[order])
    return folder


@pytest.fixture(scope="module")
def material(folder):
    return read_pictures(folder, folder / "fer.npz")


def test_no_picture_of_the_test_is_learned_from(material):
    assert (material.learned, len(material.test)) == (LEARNED, TESTED)
    gold, pool = material.draw(0.05, 0, 2)
    assert len(gold.rows) + len(pool) == LEARNED
    assert not np.isin(material.test, np.concatenate([gold.rows, pool])).any()


def test_faces_are_varied_in_training_and_by_the_seed_alone(material):
    rows = np.arange(8)
    plain = material.examples.feed(rows, None)
    first, second = (material.examples.feed(rows, np.random.default_rng(3)) for _ in range(2))
    assert plain.shape == first.shape == (8, 1, 48, 48)
    assert first.equal(second)
    assert not first.equal(plain)
    assert not first.equal(material.examples.feed(rows, np.random.default_rng(4)))


def test_of_several_classes_the_teachers_are_divided_by_their_frequency_among_gold(material):
    gold, _ = material.draw(0.05, 0, 2)
    told = material.teacher(gold)
    assert np.allclose(told.sum(axis=1), 1)
    counts = np.bincount(gold.labels, minlength=len(EXPRESSIONS))
    ratio = told * counts / material.opinions.soft[material.test]
    assert np.allclose(ratio, ratio[:, :1])


def test_one_command_makes_the_table_of_faces_and_goes_on(folder, tmp_path, capsys):
    command = ["faces", "--quick", "--data", str(folder), "--said", str(folder / "fer.npz")]
    command += ["--out", str(tmp_path)]
    assert main(command) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    ways = results["comparisons"]["5 %"]
    assert set(ways) == {"gold", "teacher", "naive", "student"}
    assert list(ways["student"]) == ["balanced_accuracy", "accuracy", "auc"]
    assert ways["student"]["accuracy"]["mean"]["n"] == TESTED
    assert "as it is" in capsys.readouterr().out
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}
    assert len(written) == 3 * QUICK.seeds
    assert main(command) == 0
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}


def test_what_nobody_was_asked_about_ends_the_command_in_one_line(folder, tmp_path, capsys):
    command = ["faces", "--data", str(folder), "--said", str(tmp_path / "none.npz")]
    assert main([*command, "--out", str(tmp_path)]) == 2
    assert "face_opinions" in capsys.readouterr().err
