"""What a side of a comparison may be called."""

import pytest

from engines.errors import ConfigError
from stream.comparison.choice import perception_of


def chosen(text, **more):
    return perception_of(text, **{"profile": "embedded", **more})


def test_a_network_takes_everything_else_from_the_profile():
    side = chosen("dwpose-l-384x288", overrides=["perception.max_persons=3"])
    assert side.keypoints.model == "dwpose-l-384x288"
    assert side.detector == chosen("holistic").detector
    assert side.max_persons == 3


def test_settings_stand_behind_the_name():
    side = chosen("holistic,smooth=false,perception.detector.every=1")
    assert not side.keypoints.smooth
    assert side.detector.every == 1


@pytest.mark.parametrize("folder", ["0047", "a folder, with: a comma", "~/recorded/0047"])
def test_recorded_keypoints_are_named_by_their_folder(folder):
    side = chosen(f"openpose:{folder}")
    assert side.keypoints.model == "openpose"
    assert side.keypoints.recording.is_absolute()
    assert side.keypoints.recording.name == folder.rpartition("/")[2]


def test_a_profile_is_taken_whole(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nperception: {keypoints: {model: holistic}, max_persons: 2}\n")
    assert chosen("paper").detector.model == "yolo11x-persons-640x640"
    assert chosen(str(path)).max_persons == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("holistc", "'holistc' is no keypoint network and no profile; did you mean 'holistic'?"),
        ("openpose", "expected openpose:FOLDER"),
        ("holistic,smoth=false", "did you mean 'smooth'?"),
        ("embedded,model=null", "embedded,model=null: finds no keypoints"),
    ],
)
def test_what_cannot_be_looked_with_is_told_with_what_can(text, told):
    with pytest.raises(ConfigError) as refused:
        chosen(text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
