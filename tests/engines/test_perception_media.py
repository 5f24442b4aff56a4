"""What the perception sees in real recordings, frame by frame.

No cut detector runs here: the clips are shown as one shot, so that what is forgotten is forgotten
because it is not seen.
"""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import PerceptionConfig
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec.labels import EXPRESSIONS, NEGATIVE, POSITIVE

WEIGHTS = np.array([(name in POSITIVE) - float(name in NEGATIVE) for name in EXPRESSIONS])


@pytest.fixture(scope="module")
def networks(store):
    config = PerceptionConfig()
    with open_networks(
        config, store, lambda _, path, **kept: open_engine(path, config.runtime, **kept)
    ) as shared:
        yield shared


@pytest.fixture
def watch(media, networks, pictures, frame_of):
    """Return the scenes of a clip, or of every step-th of its frames."""

    def scenes(clip, step=1):
        observer = Observer(PerceptionConfig())
        seen = [
            observer.observe(networks, frame_of(image, time_s=time_s, index=index))
            for index, time_s, image in pictures(media / clip, step)
        ]
        assert len(seen) > 0
        return seen

    return scenes


def faces(scene):
    return [seen for seen in scene.observations if seen.expression is not None]


def face_counts(scenes):
    return {len(faces(scene)) for scene in scenes}


def tracks(scenes):
    return {seen.track_id for scene in scenes for seen in scene.observations}


@pytest.fixture(scope="module")
def actress(media, pictures, frame_of, networks):
    observer = Observer(PerceptionConfig())
    return [
        observer.observe(networks, frame_of(image, time_s=time_s, index=index))
        for index, time_s, image in pictures(media / "faces/WolfgangLanger_Pexels.mp4")
    ]


def test_the_actress_is_one_track_with_a_face_in_95_percent_of_frames(actress):
    of_track = [seen.track_id for scene in actress for seen in faces(scene)]
    main = max(set(of_track), key=of_track.count)

    assert len(actress) == 472
    assert of_track.count(main) >= 0.95 * len(actress)


def test_the_actress_goes_from_sad_to_joyful(actress):
    valence = np.array(
        [(scene.time_s, seen.expression @ WEIGHTS) for scene in actress for seen in faces(scene)]
    )
    times, last_s = valence[:, 0], actress[-1].time_s
    early, late = valence[times < 6, 1], valence[times > last_s - 3, 1]

    assert min(len(early), len(late)) > 60
    assert late.mean() - early.mean() >= 1.3


def test_a_cartoon_without_a_person_has_no_face(watch):
    scenes = watch("faces/no_face.mp4")

    assert len(scenes) > 90
    assert face_counts(scenes) == {0}


@pytest.mark.slow
def test_persons_seen_from_behind_have_no_face(watch):
    # six people come in from behind and leave in profile, the last at 134 s; none faces the camera
    scenes = watch("faces/one-by-one-person-detection.mp4", step=2)

    assert sum(len(scene.observations) > 0 for scene in scenes) > 0.7 * len(scenes)
    assert face_counts(scenes) == {0}


def test_five_people_have_five_faces(watch):
    (scene,) = watch("faces/multi_face.jpg")
    boxes = np.array([seen.face_xyxy for seen in faces(scene)])
    owners = {seen.person_id for seen in faces(scene)}
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2

    assert len(scene.observations) == len(boxes) == len(owners) == 5
    assert np.diff(np.sort(centres[:, 0])).min() > 50  # five faces, none of them twice
    for seen, (x, y) in zip(faces(scene), centres, strict=True):
        x1, y1, x2, y2 = seen.box_xyxy
        assert x1 < x < x2
        assert y1 < y < (y1 + y2) / 2


def test_a_face_is_gone_in_the_frame_in_which_a_cartoon_follows(watch):
    scenes = watch("faces/face_noface.mov")

    assert [len(faces(scene)) for scene in scenes] == [1] * 72 + [0] * (len(scenes) - 72)
    assert len(scenes) > 150


def test_a_small_picture_has_a_face_in_95_percent_of_frames(watch):
    scenes = watch("faces/carphone_pristine.mp4")

    assert len(scenes) == 120
    assert sum(len(faces(scene)) == 1 for scene in scenes) >= 0.95 * len(scenes)
    assert tracks(scenes) == {1}


@pytest.mark.parametrize("clip", ["bbaf2n", "brbk7n", "lbax4n", "pwij3p", "sbwe5n", "swiz3n"])
def test_a_speaker_has_exactly_one_face_in_every_frame(watch, clip):
    scenes = watch(f"grid/{clip}.mpg")

    assert len(scenes) == 75
    assert face_counts(scenes) == {1}
    assert tracks(scenes) == {1}


@pytest.mark.parametrize(
    ("clip", "people"),
    [
        ("head-pose-face-detection-female-and-male", 2),
        ("face-demographics-walking-and-pause", 3),
    ],
)
def test_people_side_by_side_are_as_many_tracks_each_with_a_face(watch, clip, people):
    scenes = watch(f"faces/{clip}.gif")

    assert len(scenes) > 40
    assert tracks(scenes) == set(range(1, people + 1))
    assert face_counts(scenes) == {people}


@pytest.mark.parametrize("clip", ["help", "yes"])
def test_hands_before_the_face_do_not_hide_it(watch, clip):
    scenes = watch(f"gestures/asl_gestures_{clip}.mkv", step=2)

    assert face_counts(scenes) == {1}
    assert tracks(scenes) == {1}
