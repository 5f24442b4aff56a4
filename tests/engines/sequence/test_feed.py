"""What feeds a network is told by name and by the digest of the weights."""

from engines.config import AppearanceConfig, KeypointConfig, TextConfig
from engines.models.starter_network import STARTER
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.feed import feed

FACES = AppearanceConfig(model="starter-face")
NONE = KeypointConfig(model=None)


def test_the_shipped_network_is_fed_what_the_manifest_has(store):
    fed = feed(store, appearance=FACES, keypoints=NONE, text=TextConfig())
    assert read_checkpoint(STARTER).description.untrained(fed).keys() == {"keypoints"}


def test_a_derived_model_is_known_by_its_weights(store):
    fed = feed(store, appearance=FACES, keypoints=NONE, text=TextConfig())
    weights = store.manifest.model("minilm-l6-weights").sha256
    assert fed["text"].digest == weights


def test_what_nothing_feeds_is_left_out(store):
    assert feed(store, appearance=AppearanceConfig(), keypoints=NONE, text=None) == {}


def test_keypoints_of_several_models_have_one_digest(store):
    fed = feed(
        store,
        appearance=AppearanceConfig(),
        keypoints=KeypointConfig(model="holistic"),
        text=None,
    )
    assert fed["keypoints"].name == "holistic"
    assert len(fed["keypoints"].digest) == 64


def test_recorded_keypoints_have_a_name_and_no_digest(store):
    fed = feed(
        store,
        appearance=AppearanceConfig(),
        keypoints=KeypointConfig(model="openpose"),
        text=None,
    )
    assert fed["keypoints"].digest is None
