"""Ours against MediaPipe's own Holistic 0.10.21, frame by frame on real clips.

What it saw was recorded by scripts/holistic_reference.py; provenance.json says with which versions,
on which pixels. A shoulder width is that of Holistic's own body in the same frame.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import av
import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import FaceConfig, RuntimeConfig
from engines.perception.keypoints.network import Sight
from engines.perception.keypoints.opening import of_store, open_holistic
from engines.perception.keypoints.smoothing import person_size
from engines.spec import skeleton
from engines.spec.skeleton import FACE, LEFT_HAND, RIGHT_HAND

REFERENCE = Path(__file__).parent / "holistic_reference"
PROVENANCE = json.loads((REFERENCE / "provenance.json").read_text())

GESTURES = [clip for clip in PROVENANCE["clips"] if clip.startswith("gestures/")]
GRID = [clip for clip in PROVENANCE["clips"] if clip.startswith("grid/")]
CLOSE_UP = "faces/WolfgangLanger_Pexels.mp4"
PORTRAIT = "faces/astronaut.png"

SIMULATED_HZ = 30  # the clock by which MediaPipe's Python interface feeds every clip
SHOULDERS = (11, 12)  # left, right, of MediaPipe's 33
HANDS = (LEFT_HAND, RIGHT_HAND)


@dataclass
class Comparison:
    """One clip, seen by both; frames that were not recorded are left out of both."""

    pose: np.ndarray  # what Holistic saw: [T 23 2]
    face: np.ndarray  # [T 70 2]
    hands: np.ndarray  # [T 2 21 2]
    found: np.ndarray  # [T 4]: pose, face, left hand, right hand
    ours: np.ndarray  # [T 137 3]
    our_hands: np.ndarray  # [T 2]
    size_hw: tuple[int, int]

    @property
    def shoulder_width(self):
        left, right = self.pose[:, SHOULDERS[0]], self.pose[:, SHOULDERS[1]]
        return np.linalg.norm(left - right, axis=1)

    def body_errors(self, ours, theirs):
        """In pixels, of the frames in which both see the landmark inside the frame."""
        points = self.ours[:, ours]
        both = (points[:, 2] > 0) & self.found[:, 0]
        return np.linalg.norm(points[both, :2] - self.pose[both, theirs], axis=1)

    def face_errors(self):
        """In pixels, [T 70], of the frames in which both see the face, points in the frame."""
        points = self.ours[:, FACE]
        both = self.found[:, 1, None] & (points[:, :, 2] > 0)
        errors = np.linalg.norm(points[:, :, :2] - self.face, axis=2)
        return np.where(both, errors, np.nan)

    def hand_errors(self, side):
        """In shoulder widths, of the frames in which both see the same hand, and their share."""
        points = self.ours[:, HANDS[side]]
        both = self.our_hands[:, side] & self.found[:, 2 + side]
        # what reaches over the frame's edge is no keypoint of ours: the rest is compared
        seen = np.where(points[:, :, 2:] > 0, 1.0, np.nan)
        errors = np.nanmean(
            np.linalg.norm(points[:, :, :2] * seen - self.hands[:, side], axis=2)[both], axis=1
        )
        theirs = self.hands[both, side]
        size = np.ptp(theirs, axis=1).max(axis=1)
        same = errors < size / 2  # else one of the two has taken up something else
        return errors[same] / self.shoulder_width[both][same], same


@pytest.fixture(scope="module")
def network(store):
    runtime = RuntimeConfig(backend="openvino", threads=1, precision="f32")

    def opened(name, path, *, outputs=None):
        return open_engine(path, runtime, outputs=outputs)

    return open_holistic(of_store(store, opened), smooth=False, faces=FaceConfig())


@pytest.fixture(scope="module")
def images(media):
    """The pictures of a clip, the very ones that Holistic was shown."""

    @lru_cache(maxsize=1)  # a third of a gigabyte
    def read(clip):
        with av.open(media / clip) as container:
            shown = [
                np.ascontiguousarray(picture.to_ndarray(format="rgb24"))
                for picture in container.decode(video=0)
            ]
        digest = hashlib.sha256()
        for image in shown:
            digest.update(image)
        if digest.hexdigest() != PROVENANCE["clips"][clip]["rgb_sha256"]:
            pytest.fail(f"{clip}: decoded to other pixels than Holistic was shown; record it anew")
        return shown

    return read


@pytest.fixture(scope="module")
def watch(network, images):
    """Ours over a clip, without smoothing, on the clock that Holistic was given."""

    @cache
    def run(clip, indices=None):
        track = network.follow()
        chosen = (
            enumerate(images(clip))
            if indices is None
            else ((index, images(clip)[index]) for index in indices)
        )
        return {
            index: track.find(Sight(image=image, index=index, time_s=index / SIMULATED_HZ))
            for index, image in chosen
        }

    return run


@pytest.fixture(scope="module")
def compare(watch, images):
    @cache
    def run(clip):
        recorded = np.load(REFERENCE / f"{Path(clip).stem}.npz")
        seen = list(watch(clip).values())
        assert len(seen) == PROVENANCE["clips"][clip]["frames"]
        seen = seen[:: int(recorded["every"])]
        places = {
            name: np.cumsum(recorded[name], axis=0, dtype=np.int16) / PROVENANCE["units_a_pixel"]
            for name in ("pose", "face", "hands")
        }
        nobody = np.zeros((skeleton.POINTS, 3), np.float32)
        return Comparison(
            **places,
            found=recorded["found"],
            ours=np.stack([nobody if k is None else k.points for k in seen]),
            our_hands=np.array(
                [(False, False) if k is None else (k.left_hand, k.right_hand) for k in seen]
            ),
            size_hw=images(clip)[0].shape[:2],
        )

    return run


def test_the_portrait_lies_where_holistic_lays_it(compare):
    points = compare(PORTRAIT).ours

    for name, place in {
        "nose": (223, 128),
        "left_shoulder": (306, 257),
        "right_shoulder": (113, 240),
        "face_right_pupil": (203, 101),
        "face_left_pupil": (246, 104),
    }.items():
        assert np.abs(points[0, skeleton.INDEX[name], :2] - place).max() <= 2, name


@pytest.mark.parametrize("clip", GESTURES)
def test_nose_shoulders_and_irises_of_a_gesture_are_holistics(compare, clip):
    seen = compare(clip)

    assert np.median(seen.body_errors(skeleton.NOSE, 0)) <= 1.5
    assert np.median(seen.body_errors(skeleton.LEFT_SHOULDER, SHOULDERS[0])) <= 1.5
    assert np.median(seen.body_errors(skeleton.RIGHT_SHOULDER, SHOULDERS[1])) <= 1.5
    assert np.nanmedian(seen.face_errors()[:, -2:]) <= 1.5


@pytest.mark.parametrize("clip", GESTURES + GRID)
def test_the_face_is_holistics(compare, clip):
    seen = compare(clip)
    errors = np.nanmean(seen.face_errors(), axis=1) / seen.shoulder_width

    assert np.isfinite(errors).all()  # in every frame both find it
    assert np.median(errors) <= 0.02


@pytest.mark.parametrize("clip", GRID)
def test_the_irises_of_a_speaker_are_holistics(compare, clip):
    assert np.nanmedian(compare(clip).face_errors()[:, -2:]) <= 1.5


@pytest.mark.parametrize("clip", GESTURES)
@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
def test_each_hand_of_a_gesture_is_holistics(compare, clip, side):
    errors, _ = compare(clip).hand_errors(side)

    assert len(errors) > 30
    assert np.median(errors) <= 0.02


@pytest.mark.parametrize("side", [0, 1], ids=["left", "right"])
def test_even_the_worst_hands_are_holistics_where_both_follow_the_same_hand(compare, side):
    errors, same = zip(*(compare(clip).hand_errors(side) for clip in GESTURES), strict=True)

    assert np.concatenate(same).mean() >= 0.95
    assert np.percentile(np.concatenate(errors), 95) <= 0.05


@pytest.mark.parametrize("clip", GESTURES)
def test_hands_are_found_as_often_as_holistic_finds_them(compare, clip):
    seen = compare(clip)

    assert seen.our_hands.any(axis=1).mean() >= 0.75
    for side in (0, 1):
        assert seen.our_hands[:, side].mean() >= seen.found[:, 2 + side].mean() - 0.06


def test_a_hand_is_found_in_nearly_every_frame_of_the_gestures(compare):
    found = np.concatenate([compare(clip).our_hands for clip in GESTURES])

    assert len(found) == sum(PROVENANCE["clips"][clip]["frames"] for clip in GESTURES)
    assert found.any(axis=1).mean() >= 0.95


@pytest.mark.slow
def test_nose_and_eyes_of_a_close_up_lie_on_the_face(compare):
    seen = compare(CLOSE_UP)
    nose, tip = seen.ours[:, skeleton.NOSE], seen.ours[:, skeleton.INDEX["face_nose_bridge_3"]]
    eyes, pupils = (
        seen.ours[:, [skeleton.RIGHT_EYE, skeleton.LEFT_EYE]],
        seen.ours[:, [skeleton.RIGHT_PUPIL, skeleton.LEFT_PUPIL]],
    )
    eyes_apart = np.linalg.norm(pupils[:, 0, :2] - pupils[:, 1, :2], axis=1)

    assert (seen.ours[:, FACE, 2] > 0).any(axis=1).all()
    assert (np.linalg.norm(nose[:, :2] - tip[:, :2], axis=1) < eyes_apart / 2).all()
    np.testing.assert_allclose(eyes, pupils, atol=1e-4)


@pytest.mark.slow
def test_nothing_outside_the_frame_is_a_keypoint(compare):
    seen = compare(CLOSE_UP)
    height, width = seen.size_hw
    x, y, score = np.moveaxis(seen.ours, 2, 0)

    assert ((x >= 0) & (x < width) & (y >= 0) & (y < height)).all()
    assert (seen.ours[score == 0] == 0).all()
    # Holistic is sure of shoulders that nobody can see
    outside = (seen.pose[:, SHOULDERS, 1] >= height).all(axis=1)
    assert outside.mean() > 0.5
    assert (
        seen.ours[outside][:, [skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER], 2] == 0
    ).mean() > 0.9


COMPARED = {
    "body": [skeleton.NOSE, skeleton.LEFT_SHOULDER, skeleton.RIGHT_SHOULDER],
    "face": list(range(FACE.start, FACE.stop)),
    "left_hand": list(range(LEFT_HAND.start, LEFT_HAND.stop)),
    "right_hand": list(range(RIGHT_HAND.start, RIGHT_HAND.stop)),
}


def wavering(often, seldom):
    """The median over frames of the mean distance of a part's points, in shoulder widths."""
    apart = {part: [] for part in COMPARED}
    for index, found in seldom.items():
        ours, theirs = found.points, often[index].points
        away = np.linalg.norm(ours[:, :2] - theirs[:, :2], axis=1) / person_size(theirs)
        both = (ours[:, 2] > 0) & (theirs[:, 2] > 0)
        for part, points in COMPARED.items():
            if both[points].any():
                apart[part].append(away[points][both[points]].mean())
    return {part: np.median(values) for part, values in apart.items()}


def some_of(frames, seed):
    """Nearly two thirds of the frames: a third is dropped at random, never the first."""
    return (
        0,
        *(1 + np.flatnonzero(np.random.default_rng(seed).random(frames - 1) > 1 / 3)).tolist(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["2", "3", "random"], ids=["half", "a third", "drops"])
def test_fewer_frames_change_the_keypoints_no_more_than_they_change_holistics(watch, rate):
    ours, theirs = [], []
    for seed, clip in enumerate(GESTURES):
        pinned = PROVENANCE["clips"][clip]
        every = tuple(range(0, pinned["frames"], int(rate))) if rate != "random" else None
        indices = every or some_of(pinned["frames"], seed)
        ours.append(wavering(watch(clip), watch(clip, indices)))
        theirs.append(pinned["wavers"]["2" if rate == "random" else rate])

    for part in COMPARED:
        own = np.mean([wavers[part] for wavers in ours])
        holistics = np.mean([wavers[part] for wavers in theirs])
        assert own <= holistics + 0.001, part  # a tenth of a pixel of these clips
