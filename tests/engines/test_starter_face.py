"""The weights that ship: what they are, and what they make of faces they were not fitted to."""

import hashlib
import json

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.store import SHIPPED
from engines.perception.face_encoder import FaceEncoder
from engines.spec.labels import EXPRESSIONS, NEGATIVE
from training.starter.faces import read_faces

STARTER = SHIPPED / "starter"
MAX_DIFFERENCE = 1e-4


@pytest.fixture(scope="module")
def unseen(media):
    """300 pictures of the slice that no weight was fitted to."""
    _, chosen = read_faces(media.parent / "data/fer2013_train.npz").consistent().split()
    return chosen.where(np.arange(len(chosen)) < 300)


@pytest.fixture(params=["openvino", "onnxruntime"])
def encoder(request, store):
    with open_engine(store.path("starter-face"), RuntimeConfig(backend=request.param)) as engine:
        FaceEncoder(engine)
        yield engine


def test_the_graph_the_weights_and_their_description_belong_together():
    weights = hashlib.sha256((STARTER / "face-encoder.safetensors").read_bytes()).hexdigest()
    says = json.loads((STARTER / "face-encoder.json").read_text())
    made = json.loads((STARTER / "face-encoder.onnx.json").read_text())
    graph = hashlib.sha256((STARTER / "face-encoder.onnx").read_bytes()).hexdigest()
    assert says["sha256"] == made["made_from_sha256"] == weights
    assert made["sha256"] == graph
    assert says["recipe"]["epochs"] > 1
    assert weights in (STARTER / "FACES.md").read_text()


def test_most_of_what_it_was_not_fitted_to_is_read_as_labelled(encoder, unseen):
    probabilities = encoder.run({"face": unseen.images})["probabilities"]
    assert (probabilities.argmax(axis=1) == unseen.labels).mean() > 0.55
    happy, negative = (
        probabilities[:, np.isin(EXPRESSIONS, names)].sum(axis=1) for names in (["happy"], NEGATIVE)
    )
    is_happy = unseen.labels == EXPRESSIONS.index("happy")
    is_negative = np.isin(np.asarray(EXPRESSIONS)[unseen.labels], NEGATIVE)
    assert (happy > negative)[is_happy].mean() > 0.85
    assert (happy < negative)[is_negative].mean() > 0.85


def test_a_mirrored_face_reads_the_same(encoder, unseen):
    for name, values in encoder.run({"face": unseen.images[:50]}).items():
        mirrored = encoder.run({"face": unseen.images[:50, :, ::-1].copy()})[name]
        assert np.abs(values - mirrored).max() < MAX_DIFFERENCE
