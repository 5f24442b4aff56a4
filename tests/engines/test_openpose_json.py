import json

import numpy as np
import pytest

from engines.errors import RecordingError
from engines.perception.keypoints.network import KeypointNetwork, Sight
from engines.perception.keypoints.openpose_json import OpenPoseRecording
from engines.spec.skeleton import BODY, FACE, LEFT_HAND, RIGHT_HAND

IMAGE = np.zeros((720, 1280, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    video = tmp_path / "0047"
    video.mkdir()
    return video


def write(folder, index, people):
    path = folder / f"{folder.name}_{index:012d}_keypoints.json"
    path.write_text(json.dumps({"version": 1.3, "people": people}))
    return path


def person(first=100.0):
    """As iMiGUE's are: hips and legs never seen, every number told apart from every other."""

    def numbers(count, start):
        places = start + np.arange(count)
        return np.stack([places, places / 2, np.full(count, 0.5)], axis=1).ravel().tolist()

    pose = numbers(25, first)
    pose[3 * 8 :] = [0.0] * len(pose[3 * 8 :])
    return {
        "person_id": [-1],
        "pose_keypoints_2d": pose,
        "face_keypoints_2d": numbers(70, first + 200),
        "hand_left_keypoints_2d": numbers(21, first + 300),
        "hand_right_keypoints_2d": numbers(21, first + 400),
        "pose_keypoints_3d": [],
    }


def find(folder, index=0):
    track = OpenPoseRecording(folder).follow()
    return track.find(Sight(image=IMAGE, index=index, time_s=index / 25))


def test_recorded_keypoints_come_back_as_they_were_recorded(folder):
    write(folder, 0, [person()])
    found = find(folder)

    np.testing.assert_allclose(found.points[BODY][:2], [[100, 50, 0.5], [101, 50.5, 0.5]])
    np.testing.assert_allclose(found.points[LEFT_HAND][0], [400, 200, 0.5])
    np.testing.assert_allclose(found.points[RIGHT_HAND][0], [500, 250, 0.5])
    np.testing.assert_allclose(found.points[FACE][-1], [369, 184.5, 0.5])
    assert not found.points[BODY][8:].any()
    assert found.left_hand
    assert found.right_hand
    assert found.mesh is None


def test_each_frame_has_the_keypoints_of_its_number(folder):
    for index in (0, 1, 12):
        write(folder, index, [person(100.0 + index)])

    assert [find(folder, index).points[0, 0] for index in (0, 1, 12)] == [100, 101, 112]


def test_of_several_people_the_first_one_counts(folder):
    write(folder, 0, [person(300.0), person(100.0)])

    assert find(folder).points[0, 0] == 300


def test_a_frame_with_nobody_or_without_a_file_has_no_keypoints(folder):
    write(folder, 0, [])
    nobody = {field: [] for field in person()}
    write(folder, 1, [nobody])

    assert find(folder, 0) is None
    assert find(folder, 1) is None
    assert find(folder, 2) is None


def test_a_hand_that_was_not_recorded_is_not_found(folder):
    seen = person()
    seen["hand_left_keypoints_2d"] = []
    seen["hand_right_keypoints_2d"] = [0.0] * 63
    write(folder, 0, [seen])
    found = find(folder)

    assert not found.left_hand
    assert not found.right_hand
    assert not found.points[LEFT_HAND].any()


def test_it_is_a_keypoint_network_as_the_observer_knows_them(folder):
    write(folder, 0, [person()])
    recording = OpenPoseRecording(folder)

    assert isinstance(recording, KeypointNetwork)
    assert recording.name == "openpose"


def test_a_folder_of_something_else_is_refused_with_what_was_expected(folder):
    with pytest.raises(RecordingError, match=r"0047_000000000000_keypoints\.json"):
        OpenPoseRecording(folder)
    with pytest.raises(RecordingError, match="name the folder of one video"):
        OpenPoseRecording(folder / "absent")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"people": 3}', '{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}',
     '{"people": [{"pose_keypoints_2d": ["a"]}]}', '{"people": [7]}'],
    ids=["empty", "a list", "no people", "a number of people", "too few", "text", "no person"],
)  # fmt: skip
def test_a_broken_file_is_named(folder, content):
    path = write(folder, 0, [person()])
    path.write_text(content)

    with pytest.raises(RecordingError, match=path.name):
        find(folder)
