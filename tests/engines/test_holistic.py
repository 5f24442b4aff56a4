"""Holistic on real recordings: one person, several, and with a face finder beside it."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import FaceConfig, KeypointConfig, RuntimeConfig
from engines.errors import EngineError
from engines.perception.detector import PersonDetector
from engines.perception.face import FaceFinder
from engines.perception.keypoints.network import KeypointNetwork, KeypointTrack, Sight
from engines.perception.keypoints.opening import of_store, open_holistic, open_keypoints
from engines.perception.keypoints.pose import POSE_OUTPUTS, PoseNetworks
from engines.spec import skeleton
from engines.spec.skeleton import BODY, FACE, LEFT_HAND, MIRROR, RIGHT_HAND

TWO = "faces/head-pose-face-detection-female-and-male.gif"
THREE = "faces/face-demographics-walking-and-pause.gif"
GESTURE = "gestures/asl_gestures_please.mkv"
PORTRAIT = "faces/astronaut.png"


@pytest.fixture(scope="module")
def open_model(store):
    def opened(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    return of_store(store, opened)


@pytest.fixture(scope="module")
def alone(open_model):
    return open_holistic(open_model, smooth=False, faces=FaceConfig())


@pytest.fixture(scope="module")
def beside(open_model):
    """With the finders of persons and faces that the observer has anyway."""

    class Networks:
        keypoints = open_keypoints(KeypointConfig(model="holistic", smooth=False), open_model)
        persons = PersonDetector(open_model("yolo11n-persons-320x320"))
        faces = FaceFinder(open_model("blazeface-short"), open_model("face-mesh"), FaceConfig())

    return Networks


def find_each(networks, frames, count):
    """Follow so many persons, from left to right, and return each one's sights and keypoints."""
    tracks, seen, before = [networks.keypoints.follow() for _ in range(count)], [], [None] * count
    for index, time_s, image in frames:
        found = networks.persons.detect(image)
        boxes = found.boxes_xyxy[found.scores >= 0.4]
        assert len(boxes) == count
        boxes = boxes[np.argsort(boxes[:, 0])]
        before = networks.faces.find(image, boxes, before)
        sights = [
            Sight(image=image, index=index, time_s=time_s, box_xyxy=box, face=face and face.mesh)
            for box, face in zip(boxes, before, strict=True)
        ]
        seen.append([(s, track.find(s)) for s, track in zip(sights, tracks, strict=True)])
    return list(zip(*seen, strict=True))


def sight(image, time_s=0.0, **known):
    return Sight(image=image, index=0, time_s=time_s, **known)


@pytest.fixture(scope="module")
def portrait(media, pictures):
    ((_, _, image),) = pictures(media / PORTRAIT)
    return image


def test_it_is_a_keypoint_network_as_the_observer_knows_them(alone):
    assert isinstance(alone, KeypointNetwork)
    assert isinstance(alone.follow(), KeypointTrack)
    assert alone.name == "mediapipe-holistic-full"


def test_a_person_in_a_mirror_has_mirrored_keypoints(alone, portrait):
    width = portrait.shape[1]
    straight = alone.follow().find(sight(portrait)).points
    mirrored = alone.follow().find(sight(np.ascontiguousarray(portrait[:, ::-1]))).points[MIRROR]
    seen = (straight[:, 2] > 0) & (mirrored[:, 2] > 0)
    seen[BODY] &= straight[BODY, 2] > 0.9
    away = mirrored[:, :2] * [-1, 1] + [width - 1, 0] - straight[:, :2]

    assert seen[FACE].all()
    assert seen[[skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER]].all()
    eyes = np.linalg.norm(straight[skeleton.LEFT_PUPIL, :2] - straight[skeleton.RIGHT_PUPIL, :2])
    assert np.median(np.linalg.norm(away[seen], axis=1)) < 0.05 * eyes
    assert np.linalg.norm(away[seen], axis=1).max() < 0.6 * eyes


def test_each_hand_hangs_on_its_own_wrist(media, alone, pictures):
    track, gaps = alone.follow(), []
    for _, time_s, image in pictures(media / GESTURE):
        found = track.find(sight(image, time_s))
        for is_seen, hand, wrist in (
            (found.left_hand, LEFT_HAND, skeleton.LEFT_WRIST),
            (found.right_hand, RIGHT_HAND, skeleton.RIGHT_WRIST),
        ):
            points = found.points
            assert bool(points[hand, 2].any()) == is_seen
            if is_seen and points[wrist, 2] > 0 and points[hand.start, 2] > 0:
                gaps.append(np.linalg.norm(points[hand.start, :2] - points[wrist, :2]))

    assert len(gaps) > 100
    assert np.median(gaps) < 20  # a tenth of the shoulders


def test_keypoints_are_read_only_and_what_is_unseen_is_zero(alone, portrait):
    points = alone.follow().find(sight(portrait)).points

    assert points.dtype == np.float32
    assert not points.flags.writeable
    assert not points[points[:, 2] == 0].any()
    assert ((points[:, 2] >= 0) & (points[:, 2] <= 1)).all()


def test_an_empty_picture_has_no_keypoints(alone):
    track = alone.follow()

    assert track.find(sight(np.zeros((360, 640, 3), np.uint8))) is None


def test_a_person_who_left_is_gone_and_found_again(alone, portrait):
    track = alone.follow()
    empty = np.zeros_like(portrait)
    seen = [
        track.find(sight(image, index / 25))
        for index, image in enumerate((portrait, empty, empty, portrait))
    ]

    assert [found is not None for found in seen] == [True, False, False, True]
    np.testing.assert_allclose(seen[3].points, seen[0].points, atol=1e-3)


def test_a_new_track_knows_nothing_of_the_last_one(alone, portrait, media, pictures):
    used = alone.follow()
    for _, time_s, image in list(pictures(media / GESTURE))[:5]:
        used.find(sight(image, time_s))
    fresh = [alone.follow().find(sight(portrait)).points for _ in range(2)]

    np.testing.assert_array_equal(fresh[0], fresh[1])


def test_smoothing_changes_places_and_no_scores(open_model, media, pictures):
    rough, smooth = (
        open_holistic(open_model, smooth=on, faces=FaceConfig()).follow() for on in (False, True)
    )
    for index, time_s, image in list(pictures(media / "faces/single_face.mp4"))[:10]:
        a, b = (track.find(sight(image, time_s)).points for track in (rough, smooth))
        np.testing.assert_array_equal(a[:, 2], b[:, 2])
        assert (index == 0) == np.array_equal(a, b)
        assert np.abs(a - b).max() < 10


def test_two_people_side_by_side_keep_to_themselves(media, beside, pictures):
    for person in find_each(beside, pictures(media / TWO), 2):
        both_shoulders = 0
        for given, found in person:
            x1, y1, x2, y2 = given.box_xyxy
            x, y = found.points[skeleton.NOSE, :2]
            shoulders = found.points[[skeleton.RIGHT_SHOULDER, skeleton.LEFT_SHOULDER]]
            seen = shoulders[shoulders[:, 2] > 0]
            assert x1 < x < x2
            assert y1 < y < y2
            assert ((seen[:, 0] > x1 - 20) & (seen[:, 0] < x2 + 20)).all()
            both_shoulders += len(seen) == 2
        assert both_shoulders > 0.8 * len(person)


def test_in_a_group_nobody_gets_the_neighbours_body(media, beside, pictures):
    bodies = 0
    for person in find_each(beside, pictures(media / THREE, step=4), 3):
        for given, found in person:
            nose = found.points[skeleton.NOSE]
            if nose[2] > 0 and given.face is not None:
                face = given.face.box_xyxy
                away = np.linalg.norm(nose[:2] - (face[:2] + face[2:]) / 2)
                assert away <= 0.75 * (face[2:] - face[:2]).max()  # the nose of a turned head
                bodies += 1

    assert bodies >= 20


def test_the_shared_face_is_the_one_that_holistic_finds(media, alone, beside, pictures):
    own, apart = alone.follow(), []
    frames = list(pictures(media / "faces/single_face.mp4"))
    ((*shared,),) = find_each(beside, frames, 1)
    for (_, time_s, image), (_, found) in zip(frames, shared, strict=True):
        theirs = own.find(sight(image, time_s)).points[FACE]
        ours = found.points[FACE]
        size = np.ptp(theirs[:, :2], axis=0).max()
        apart.append(np.linalg.norm(ours - theirs, axis=1).mean() / size)

    assert np.median(apart) < 0.01


def test_without_a_body_the_face_remains(beside, portrait):
    face = beside.faces.find(portrait, np.array([[0, 0, 512, 512]], np.float32), [None])[0]
    head_only = portrait.copy()
    head_only[200:] = 0
    found = beside.keypoints.follow().complete(sight(head_only, face=face.mesh), None, None)

    assert (found.points[FACE, 2] > 0).all()
    assert found.points[skeleton.NOSE, 2] > 0
    assert not found.points[skeleton.LEFT_SHOULDER].any()
    assert not found.left_hand
    assert not found.right_hand


def test_a_body_that_is_not_found_is_looked_for_only_now_and_then(
    open_model, fake_engine, portrait
):
    blind = open_model("pose-detection")
    detector = fake_engine(blind.spec, blind.run)
    network = open_holistic(open_model, smooth=False)
    pose = PoseNetworks(detector, open_model("pose-landmark-full", outputs=POSE_OUTPUTS))
    track = type(network)(
        pose=pose, hands=network.hands, irises=network.irises, smooth=False
    ).follow()
    box = np.array([0, 0, 512, 512], np.float32)
    runs = []
    for second in range(4):
        for frame in range(25):
            time_s = second + frame / 25
            track.find(sight(np.zeros_like(portrait), time_s, box_xyxy=box))
        runs.append(detector.runs)

    assert runs[0] <= 5
    assert np.diff(runs).tolist() == [1, 1, 1]


def test_a_model_of_another_kind_is_refused_by_name(open_model):
    with pytest.raises(EngineError, match=r"pose landmarks: .*\[1, 256, 256, 3\]"):
        PoseNetworks(open_model("pose-detection"), open_model("pose-detection"))
