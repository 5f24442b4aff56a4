"""The starter's text head as it ships: its graph, its description, its card."""

import hashlib
import json

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.store import SHIPPED

STARTER = SHIPPED / "starter"
GRAPH = STARTER / "text-head.onnx"
TEXTS = (
    "that is wonderful news i am so happy for you",
    "i hate this it was a horrible day",
    "the meeting is on the second floor",
    "",
)


@pytest.fixture(scope="module")
def says():
    return json.loads((STARTER / "text-head.json").read_text())


@pytest.fixture(scope="module")
def embeddings(encoder):
    """What the live path's own encoder makes of the texts."""
    return np.stack([encoder.embed(text) for text in TEXTS])


def logits_of(backend, embeddings):
    with open_engine(GRAPH, RuntimeConfig(backend=backend)) as engine:
        return engine.run({"embedding": embeddings})["logits"]


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_text_reads_alone_as_among_others(embeddings, parity, backend):
    together = logits_of(backend, embeddings)
    assert together.shape == (len(TEXTS), 3)
    for row in range(len(TEXTS)):
        (alone,) = logits_of(backend, embeddings[row : row + 1])
        assert np.abs(alone - together[row]).max() < parity.tolerance("starter-text", "logits")


def test_plain_texts_are_read_as_what_they_are(embeddings, says):
    assert says["classes"] == ["negative", "neutral", "positive"]
    likeliest = logits_of("openvino", embeddings).argmax(axis=1)
    assert likeliest[:3].tolist() == [2, 0, 1]


def test_the_description_names_these_weights_and_their_encoder(says, store):
    weights = (STARTER / "text-head.safetensors").read_bytes()
    assert says["sha256"] == hashlib.sha256(weights).hexdigest()
    made = json.loads((STARTER / "text-head.onnx.json").read_text())
    assert made["sha256"] == hashlib.sha256(GRAPH.read_bytes()).hexdigest()
    assert made["made_from_sha256"] == says["sha256"]
    encoder = store.manifest.model(store.manifest.model("minilm-l6").made_from)
    assert says["encoder"]["made_from_sha256"] == encoder.sha256
    assert 0.2 < says["temperature"] < 5
    assert sum(says["prior"]) == pytest.approx(1, abs=1e-3)


def test_the_card_has_the_figures_of_the_scores():
    card = (STARTER / "TEXTS.md").read_text()
    scores = json.loads((STARTER / "text-head.scores.json").read_text())["texts"]
    assert len(scores) == 8
    for name, score in scores.items():
        row = f"{score['value']:.4f} | {score['n']} | {score['low']:.4f} to {score['high']:.4f} |"
        assert row in card or name == "stripped_neutral_sure"
    assert "$" not in card


def test_good_texts_are_told_from_bad_ones_as_written_and_as_heard():
    scores = json.loads((STARTER / "text-head.scores.json").read_text())["texts"]
    assert scores["auc"]["value"] >= 0.93
    assert scores["stripped_auc"]["value"] >= 0.93
    assert scores["ece"]["value"] <= 0.03
    assert scores["stripped_ece"]["value"] <= 0.03
