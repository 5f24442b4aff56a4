"""Keypoints through the observer: whose, from which face, and for how long."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import KeypointConfig, PerceptionConfig
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec import skeleton

CONFIG = PerceptionConfig(keypoints=KeypointConfig(model="holistic"))


@pytest.fixture(scope="module")
def networks(store):
    def opened(_, path, *, outputs=None):
        return open_engine(path, CONFIG.runtime, outputs=outputs)

    with open_networks(CONFIG, store, opened) as shared:
        yield shared


def test_every_person_with_a_face_has_keypoints_on_it(media, networks, pictures, frame_of):
    observer, seen = Observer(CONFIG), 0
    clip = media / "faces/head-pose-face-detection-female-and-male.gif"
    for index, time_s, image in pictures(clip, step=4):
        for person in observer.observe(
            networks, frame_of(image, time_s=time_s, index=index)
        ).observations:
            if person.face_xyxy is None:
                continue
            x1, y1, x2, y2 = person.face_xyxy
            nose = person.keypoints[skeleton.INDEX["face_nose_bridge_3"]]
            assert nose[2] > 0
            assert x1 <= nose[0] <= x2
            assert y1 <= nose[1] <= y2
            seen += 1

    assert seen >= 24


def test_a_cut_drops_what_was_tracked_and_smoothed(media, networks, pictures, frame_of):
    (_, _, first), (_, _, second), *_ = pictures(media / "grid/bbaf2n.mpg", step=10)
    (_, _, other), *_ = pictures(media / "grid/swiz3n.mpg")

    def points(*shots):
        observer = Observer(CONFIG)
        for index, (image, shot) in enumerate(shots):
            frame = frame_of(image, time_s=index / 25, index=index, shot=shot)
            (person,) = observer.observe(networks, frame).observations
        return person.keypoints

    after_a_cut = points((first, 0), (second, 0), (other, 1))

    np.testing.assert_array_equal(after_a_cut, points((other, 0)))


def test_without_a_keypoint_network_nobody_has_keypoints(media, store, pictures, frame_of):
    config = PerceptionConfig()

    def opened(_, path, *, outputs=None):
        return open_engine(path, config.runtime, outputs=outputs)

    with open_networks(config, store, opened) as networks:
        (_, _, image), *_ = pictures(media / "grid/bbaf2n.mpg")
        (person,) = Observer(config).observe(networks, frame_of(image)).observations

    assert person.face_xyxy is not None
    assert person.keypoints is None
