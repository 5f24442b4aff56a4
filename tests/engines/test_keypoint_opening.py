import json

import pytest

from engines.backends import open_engine
from engines.config import HOLISTIC_MODELS, KeypointConfig, PerceptionConfig, RuntimeConfig
from engines.errors import ConfigError, RecordingError
from engines.models.manifest import shipped_manifest
from engines.perception.keypoints.opening import of_store, open_keypoints


def never(name, *, outputs=None):
    raise AssertionError(f"{name} was opened")


def test_without_a_model_nothing_is_opened():
    assert open_keypoints(KeypointConfig(), never) is None
    assert KeypointConfig().models() == ()


def test_holistic_opens_its_five_networks_and_none_for_the_face(store):
    opened = {}

    def remember(name, path, *, outputs=None):
        opened[name] = outputs
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    network = open_keypoints(KeypointConfig(model="holistic"), of_store(store, remember))

    assert tuple(opened) == HOLISTIC_MODELS
    assert "Identity_2" not in opened["pose-landmark-full"]  # the segmentation, 5 ms a frame
    assert network.faces is None
    assert network.smooth


def test_a_profile_needs_the_models_of_its_keypoint_network():
    without = PerceptionConfig().models()
    with_holistic = PerceptionConfig(keypoints=KeypointConfig(model="holistic")).models()
    whole_body = PerceptionConfig(keypoints=KeypointConfig(model="rtmw-x")).models()

    assert with_holistic == (*without, *HOLISTIC_MODELS)
    assert whole_body == (*without, "rtmw-x")
    assert set(HOLISTIC_MODELS) <= set(shipped_manifest().models)


def test_recorded_keypoints_need_no_model_but_a_folder(tmp_path):
    config = KeypointConfig(model="openpose")

    assert config.models() == ()
    with pytest.raises(ConfigError, match=r"--set perception\.keypoints\.recording=FOLDER"):
        open_keypoints(config, never)
    with pytest.raises(RecordingError, match="name the folder of one video"):
        open_keypoints(KeypointConfig(model="openpose", recording=tmp_path), never)


def test_recorded_keypoints_are_replayed_from_their_folder(tmp_path):
    name = f"{tmp_path.name}_000000000000_keypoints.json"
    (tmp_path / name).write_text(json.dumps({"people": []}))
    network = open_keypoints(KeypointConfig(model="openpose", recording=tmp_path), never)

    assert network.name == "openpose"
