import numpy as np
import pytest

from engines.perception.facemesh import Mesh
from engines.perception.keypoints.assembly import (
    body_points,
    face_points,
    hand_points,
    in_frame,
    with_face,
    with_middles,
)
from engines.perception.keypoints.hands import Hand
from engines.perception.keypoints.pose import Pose
from engines.perception.keypoints.smoothing import KeypointSmoother, person_size
from engines.spec import skeleton
from engines.spec.skeleton import INDEX


@pytest.fixture
def pose():
    """The k-th landmark lies at (10 k, k); all are seen."""
    places = np.stack([10.0 * np.arange(33), np.arange(33)], axis=1).astype(np.float32)
    return Pose(places, np.full(33, 0.9, np.float32), places[:2], 1.0)


@pytest.fixture
def mesh():
    places = np.stack([np.arange(468), 2 * np.arange(468)], axis=1).astype(np.float32)
    return Mesh(places, 0.75, 0.6)


PUPILS = np.array([[1, 2], [3, 4]], np.float32)


def test_left_stays_left_and_right_stays_right(pose):
    body = body_points(pose)

    for name, landmark in {
        "nose": 0,
        "left_shoulder": 11,
        "right_shoulder": 12,
        "left_wrist": 15,
        "right_wrist": 16,
        "left_eye": 2,
        "right_eye": 5,
        "left_ear": 7,
        "left_hip": 23,
        "right_ankle": 28,
        "left_big_toe": 31,
        "right_heel": 30,
    }.items():
        np.testing.assert_allclose(body[INDEX[name]], (10 * landmark, landmark, 0.9), rtol=1e-6)


def test_an_extrapolated_landmark_has_no_score(pose):
    pose.visibility[11] = 0.39

    assert body_points(pose)[INDEX["left_shoulder"], 2] == 0


def test_neck_and_mid_hip_are_the_middles_of_what_is_seen(pose):
    body = with_middles(body_points(pose))

    np.testing.assert_allclose(body[skeleton.NECK], (115, 11.5, 0.9), rtol=1e-6)
    np.testing.assert_allclose(body[skeleton.MID_HIP], (235, 23.5, 0.9), rtol=1e-6)


def test_a_neck_needs_both_shoulders(pose):
    pose.visibility[12] = 0

    assert with_middles(body_points(pose))[skeleton.NECK, 2] == 0


def test_hands_and_face_carry_their_networks_own_score(mesh):
    hand = hand_points(Hand(np.ones((21, 2), np.float32), 0.625))
    face = face_points(mesh, PUPILS)

    assert (hand[:, 2] == 0.625).all()
    assert (face[:, 2] == 0.75).all()
    np.testing.assert_array_equal(face[8, :2], mesh.landmarks[152])  # the chin
    np.testing.assert_array_equal(face[-2:, :2], PUPILS)


def test_what_was_not_found_is_zero(pose):
    for points in (body_points(None), hand_points(None), face_points(None, None)):
        assert not points.any()


def test_in_a_close_up_nose_eyes_and_ears_come_from_the_face(pose, mesh):
    before = body_points(pose)
    after = with_face(before, mesh, PUPILS)

    np.testing.assert_array_equal(after[INDEX["nose"]], (1, 2, 0.75))
    np.testing.assert_array_equal(after[INDEX["right_eye"]], (1, 2, 0.75))
    np.testing.assert_array_equal(after[INDEX["left_eye"]], (3, 4, 0.75))
    changed = np.flatnonzero((before != after).any(axis=1))
    assert {skeleton.NAMES[k] for k in changed} == {
        "nose", "right_eye", "left_eye", "right_ear", "left_ear",
    }  # fmt: skip


def test_a_point_outside_the_frame_is_no_keypoint_whatever_its_score():
    points = np.array([[0, 0, 1], [-1, 5, 1], [5, 50, 1], [99, 49, 1], [5, 5, 0]], np.float32)

    kept = in_frame(points, width=100, height=50)

    np.testing.assert_array_equal(kept[:, 2], [1, 0, 0, 1, 0])
    assert not kept[[1, 2, 4]].any()
    assert not kept.flags.writeable


def person(width=100.0):
    points = np.zeros((skeleton.POINTS, 3), np.float32)
    points[skeleton.LEFT_SHOULDER] = (200, 100, 1)
    points[skeleton.RIGHT_SHOULDER] = (200 - width, 100, 1)
    points[skeleton.NOSE] = (150, 50, 1)
    return points


def test_the_measure_of_a_person_is_the_shoulders_or_a_guess_of_them():
    without = person()
    without[skeleton.LEFT_SHOULDER] = 0
    with_a_face = without.copy()
    with_a_face[skeleton.FACE][:2] = [(100, 100, 1), (140, 100, 1)]

    assert person_size(person()) == 100
    assert person_size(with_a_face) == 60
    assert person_size(without) == 50
    assert person_size(np.zeros((137, 3), np.float32)) == 1


def test_smoothing_halves_the_trembling_and_leaves_what_is_unseen():
    smoother, noise = KeypointSmoother(), np.random.default_rng(3)
    raw, smooth = [], []
    for k in range(120):
        points = person()
        seen = points[:, 2] > 0
        points[seen, :2] += noise.normal(0, 0.5, (int(seen.sum()), 2)).astype(np.float32)
        raw.append(points)
        smooth.append(smoother.smooth(points, k / 25))

    def trembling(seen):
        return np.diff([points[skeleton.NOSE, 0] for points in seen[20:]]).std()

    assert trembling(smooth) < trembling(raw) / 2
    assert all((points[INDEX["left_knee"]] == 0).all() for points in smooth)


def test_smoothing_lags_a_gesture_by_less_than_a_frame():
    smoother, lags = KeypointSmoother(), []
    for k in range(25):
        points = person()
        points[skeleton.NOSE, 0] = 50 + 16 * k  # four shoulder widths a second
        lags.append(points[skeleton.NOSE, 0] - smoother.smooth(points, k / 25)[skeleton.NOSE, 0])

    assert max(lags) < 16
    assert lags[-1] < 4
