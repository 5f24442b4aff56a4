"""The text head's programs as they are run by .venv-build's Python, on a few of the texts."""

import json
import os
import subprocess

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.models.convert import CHECKOUT
from engines.speech.text_encoder import open_text_encoder
from training.starter.texts import read_texts

LINES = 700
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def some_texts(media, tmp_path_factory):
    """A training file of 700 comments."""
    whole = media.parent / "data/goemotions/group_train.tsv"
    with whole.open(encoding="utf-8") as file:
        lines = [line for line, _ in zip(file, range(LINES), strict=False)]
    path = tmp_path_factory.mktemp("texts") / "some.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The folder that keeps the vectors."""
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="module")
def run(need_build_python, need_model, cache):
    """Run a module of training.starter to its end."""
    need_model("minilm-l6-tokenizer")
    models = need_model("minilm-l6-weights").parents[1]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    encoder = ("--models", models, "--cache", cache)

    def to_its_end(module, *arguments):
        arguments += () if module == "text_card" else encoder
        return subprocess.run(
            [need_build_python, "-m", f"training.starter.{module}", *map(str, arguments)],
            env=environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )

    return to_its_end


@pytest.fixture(scope="module")
def weights(run, some_texts, tmp_path_factory):
    """The folder of the weights that came of the training file."""
    folder = tmp_path_factory.mktemp("weights")
    done = run("text_training", some_texts, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def scores(run, weights, some_texts):
    """The file of the scores on the same texts."""
    out = weights / "scores.json"
    done = run("text_scores", some_texts, "--weights", weights, "--json", out, "--figures", weights)
    assert done.returncode == 0, done.stderr
    return out


def described(folder):
    return json.loads((folder / "text-head.json").read_text())


def test_weights_say_what_they_were_made_of(weights, some_texts, store):
    says = described(weights)
    counted = len(read_texts(some_texts))
    assert says["data"]["file"] == some_texts.name
    assert says["trained_on"] + says["slice"]["n"] == counted < LINES
    assert says["encoder"]["made_from_sha256"] == store.manifest.model("minilm-l6-weights").sha256
    assert 0.2 <= says["temperature"] <= 5


def test_the_same_command_gives_the_same_weights_from_the_vectors_that_were_kept(
    run, weights, some_texts, cache, tmp_path
):
    kept = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    run("text_training", some_texts, "--out", tmp_path)
    assert described(tmp_path)["sha256"] == described(weights)["sha256"]
    now = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert {name: now[name] for name in kept} == kept


def test_the_vectors_are_those_of_the_live_encoder(weights, some_texts, cache, store):
    texts = read_texts(some_texts).texts

    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    with open_text_encoder(TextConfig(model="minilm-l6"), store, open_one) as encoder:
        live = np.stack([encoder.embed(text) for text in texts[:40]])
    oldest = min(cache.glob("*.npy"), key=lambda path: path.stat().st_mtime_ns)
    kept = np.load(oldest)
    assert kept.shape == (len(texts), 384)
    assert np.abs(kept[:40] - live).max() < 1e-4
    assert np.abs(live[0] - live[1]).max() > 0.01


def test_scores_have_a_count_and_an_interval(scores, some_texts):
    found = json.loads(scores.read_text())["texts"]
    names = {"accuracy", "auc", "ece", "neutral_sure"}
    assert set(found) == names | {f"stripped_{name}" for name in names}
    assert found["accuracy"]["n"] == found["ece"]["n"] == len(read_texts(some_texts))
    assert found["auc"]["n"] + found["neutral_sure"]["n"] == found["accuracy"]["n"]
    for name in ("accuracy", "auc"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert found["auc"]["value"] > 0.8  # of the texts it was trained on


def test_the_card_has_the_figures_of_the_programs_and_no_gap(run, weights, scores, tmp_path):
    peer = tmp_path / "peer.json"
    peer.write_text(json.dumps({"two_classes": 0.5, "n": 99, "low": 0.4, "high": 0.6}))
    words = ("--scores", scores, "--fresh", scores, "--peer", peer, "--history", "Said so.")
    done = run("text_card", "--weights", weights, *words)
    assert done.returncode == 0, done.stderr
    card = (weights / "TEXTS.md").read_text()
    auc = json.loads(scores.read_text())["texts"]["auc"]
    assert f"| {auc['value']:.4f} | {auc['n']} | {auc['low']:.4f} to {auc['high']:.4f} |" in card
    assert "| 0.5000 | 99 | 0.4000 to 0.6000 |" in card
    assert "Said so." in card
    assert described(weights)["sha256"] in card
    assert "$" not in card
    assert (weights / "starter-texts-reliability.png").is_file()


def test_texts_of_one_valence_are_not_trained_on(run, tmp_path):
    path = tmp_path / "one.tsv"
    path.write_text("good\t3\ta\nfine\t3\tb\n")
    done = run("text_training", path, "--out", tmp_path / "made")
    assert done.returncode == 2
    assert "expected texts of each valence" in done.stderr
    assert not (tmp_path / "made").exists()


def test_changed_weights_are_refused(run, weights, some_texts, tmp_path):
    (tmp_path / "text-head.json").write_bytes((weights / "text-head.json").read_bytes())
    changed = bytearray((weights / "text-head.safetensors").read_bytes())
    changed[-1] ^= 1
    (tmp_path / "text-head.safetensors").write_bytes(changed)
    done = run("text_scores", some_texts, "--weights", tmp_path)
    assert done.returncode == 2
    assert "expected sha256" in done.stderr
