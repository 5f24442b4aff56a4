"""What feeds a network is told by name and by the digest of the weights."""

import pytest

from engines.config import PerceptionConfig, TextConfig
from engines.models.starter_network import STARTER
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.feed import feed


@pytest.fixture
def fed(store):
    def fed(text=None, **perception):
        return feed(store, PerceptionConfig.model_validate(perception), text)

    return fed


def test_the_shipped_network_is_fed_what_the_manifest_has(fed):
    given = fed(TextConfig(), appearance={"model": "starter-face"})
    assert read_checkpoint(STARTER).description.untrained(given).keys() == {"keypoints"}


def test_a_derived_model_is_known_by_its_weights(fed, store):
    weights = store.manifest.model("minilm-l6-weights").sha256
    assert fed(TextConfig())["text"].digest == weights


def test_what_nothing_feeds_is_left_out(fed):
    assert fed() == {}


def test_an_encoder_that_is_shown_something_else_is_another(fed):
    face, person = (
        fed(appearance={"model": "face-embedding", "crop": crop})["image"]
        for crop in ("face", "person")
    )
    assert face.digest == person.digest
    assert face != person


def test_keypoints_of_several_models_have_one_digest_the_face_mesh_in_it(fed):
    keypoints = {"model": "holistic"}
    one = fed(keypoints=keypoints)["keypoints"]
    other = fed(keypoints=keypoints, face={"mesh": "blazeface-short"})["keypoints"]
    assert one.name == other.name == "holistic"
    assert one.digest != other.digest


def test_recorded_keypoints_have_a_name_and_no_digest(fed):
    assert fed(keypoints={"model": "openpose"})["keypoints"].digest is None
