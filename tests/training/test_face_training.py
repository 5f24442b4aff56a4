"""The training program as it is run, by .venv-build's Python, on some of FER-2013's pictures."""

import json
import os
import subprocess

import numpy as np
import pytest

from engines.models.convert import CHECKOUT

EPOCHS = ("--epochs", "3")


@pytest.fixture(scope="module")
def some_faces(media, tmp_path_factory):
    """A training file of 800 pictures: five steps an epoch."""
    path = tmp_path_factory.mktemp("faces") / "some.npz"
    with np.load(media.parent / "data/fer2013_train.npz") as data:
        np.savez(path, images=data["images"][:800], labels=data["labels"][:800])
    return path


@pytest.fixture(scope="module")
def program(need_build_python):
    """The command line and the environment of a module of training.starter."""

    def of(module, *arguments):
        command = [need_build_python, "-m", f"training.starter.{module}", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
        return {"args": command, "env": environment, "cwd": CHECKOUT, "text": True}

    return of


@pytest.fixture(scope="module")
def run(program):
    """Run one to its end."""

    def to_its_end(module, *arguments):
        return subprocess.run(
            **program(module, *arguments), capture_output=True, check=False, timeout=280
        )

    return to_its_end


@pytest.fixture(scope="module")
def finished(run, some_faces, tmp_path_factory):
    """The folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("run")
    done = run("face_training", some_faces, "--out", folder, *EPOCHS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("slice accuracy") == 3
    return folder


@pytest.fixture(scope="module")
def weights(run, finished, some_faces, tmp_path_factory):
    """The folder of the weights that came of it."""
    folder = tmp_path_factory.mktemp("weights")
    done = run("face_calibration", some_faces, "--run", finished, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def described(folder):
    return json.loads((folder / "face-encoder.json").read_text())


@pytest.fixture
def interrupted(program, some_faces, tmp_path):
    """The folder of a run that was killed after its first epoch."""
    command = program("face_training", some_faces, "--out", tmp_path, *EPOCHS)
    with subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for line in process.stdout:
            if line.startswith("epoch 2/"):  # the checkpoint of the first is whole by then
                break
        process.kill()
    return tmp_path


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    run, interrupted, weights, some_faces, tmp_path
):
    again = run("face_training", some_faces, "--out", interrupted, *EPOCHS)
    assert again.returncode == 0, again.stderr
    assert "epoch 1/" not in again.stdout
    assert "epoch 3/" in again.stdout
    made = tmp_path / "weights"
    run("face_calibration", some_faces, "--run", interrupted, "--out", made)
    assert described(made)["sha256"] == described(weights)["sha256"]


@pytest.mark.slow
def test_an_unfinished_run_gives_no_weights(run, interrupted, some_faces, tmp_path):
    done = run("face_calibration", some_faces, "--run", interrupted, "--out", tmp_path / "made")
    assert done.returncode == 2
    assert "expected a finished run, got epoch" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_a_run_is_not_gone_on_with_by_another_recipe(run, finished, some_faces):
    done = run("face_training", some_faces, "--out", finished, "--epochs", "4")
    assert done.returncode == 2
    assert "a run of another recipe lies here" in done.stderr


@pytest.mark.slow
def test_weights_say_what_they_were_made_of(weights, some_faces):
    says = described(weights)
    assert says["data"]["file"] == some_faces.name
    assert says["trained_on"] + says["slice"]["n"] <= 800
    assert says["recipe"]["epochs"] == 3
    assert 0.2 <= says["temperature"] <= 5
    assert 0 <= says["smoothing"] <= 0.5


@pytest.mark.slow
def test_scores_have_a_count_and_an_interval(run, weights, some_faces, tmp_path):
    out = tmp_path / "scores.json"
    done = run("face_scores", some_faces, "--weights", weights, "--json", out)
    assert done.returncode == 0, done.stderr
    scores = json.loads(out.read_text())["faces"]
    assert set(scores) == {"accuracy", "auc", "ece"}
    assert scores["accuracy"]["n"] == scores["ece"]["n"] == 800 > scores["auc"]["n"]
    for name in ("accuracy", "auc"):
        assert scores[name]["low"] < scores[name]["value"] < scores[name]["high"]


@pytest.mark.slow
def test_the_card_has_the_figures_of_the_programs_and_no_gap(run, weights, some_faces, tmp_path):
    scores, peer = tmp_path / "scores.json", tmp_path / "peer.json"
    run("face_scores", some_faces, "--weights", weights, "--json", scores, "--figures", tmp_path)
    peer.write_text(
        json.dumps(
            {"peer_accuracy": 0.5, "points": 7, "low": 4, "high": 9, "ms": 1.2, "peer_ms": 0.2}
        )
    )
    done = run("face_card", "--weights", weights, "--scores", scores, "--peer", peer)
    assert done.returncode == 0, done.stderr
    card = (weights / "FACES.md").read_text()
    accuracy = json.loads(scores.read_text())["faces"]["accuracy"]
    assert f"| {accuracy['value']:.4f} | 800 |" in card
    assert "+7.00 | 800 | +4.00 to +9.00" in card
    assert described(weights)["sha256"] in card
    assert "$" not in card
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "starter-faces-confusion.png",
        "starter-faces-reliability.png",
    }


@pytest.mark.slow
def test_changed_weights_are_refused(run, weights, some_faces, tmp_path):
    (tmp_path / "face-encoder.json").write_bytes((weights / "face-encoder.json").read_bytes())
    changed = bytearray((weights / "face-encoder.safetensors").read_bytes())
    changed[-1] ^= 1
    (tmp_path / "face-encoder.safetensors").write_bytes(changed)
    done = run("face_scores", some_faces, "--weights", tmp_path)
    assert done.returncode == 2
    assert "expected sha256" in done.stderr
