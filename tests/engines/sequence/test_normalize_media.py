"""Normalised keypoints of a real person who signs, as the perception finds them."""

import cv2
import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import KeypointConfig, PerceptionConfig
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import FARTHEST, FASTEST, normalize
from engines.spec.skeleton import BODY, FACE, LEFT_SHOULDER, LEFT_WRIST, NOSE, RIGHT_SHOULDER

CONFIG = PerceptionConfig(keypoints=KeypointConfig(model="holistic"))
CLIP = "gestures/asl_gestures_please.mkv"


@pytest.fixture(scope="module")
def signer(store, media, pictures, frame_of):
    """Features of the clip, at full size and with every picture made half as large."""

    def opened(_, path, *, outputs=None):
        return open_engine(path, CONFIG.runtime, outputs=outputs)

    def features(networks, share):
        observer, rows, times_s = Observer(CONFIG), [], []
        for index, time_s, image in pictures(media / CLIP, step=3):
            small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
            scene = observer.observe(networks, frame_of(small, time_s=time_s, index=index))
            if scene.observations:
                rows.append(scene.observations[0].keypoints)
                times_s.append(time_s)
        found, known, _ = normalize(
            np.stack(rows),
            time_s=np.array(times_s),
            shot=np.zeros(len(rows), np.int64),
            valid=np.ones(len(rows), dtype=bool),
            state=KeypointState.fresh(),
        )
        return found, known

    with open_networks(CONFIG, store, opened) as networks:
        return features(networks, 1.0), features(networks, 0.5)


def test_a_person_at_a_desk_is_where_a_person_is(signer):
    (features, known), _ = signer
    assert len(features) >= 20
    assert known.all()
    nose, wrist = features[:, NOSE], features[:, LEFT_WRIST]
    assert ((nose[:, 1] > -1.2) & (nose[:, 1] < -0.2)).all()
    assert (np.abs(nose[:, 0]) < 0.6).all()
    assert (wrist[wrist[:, 2] > 0, 1] > nose[wrist[:, 2] > 0, 1]).all()
    assert features[:, LEFT_SHOULDER, 0] == pytest.approx(0.5, abs=0.15)
    assert features[:, RIGHT_SHOULDER, 0] == pytest.approx(-0.5, abs=0.15)


def test_the_signing_hand_moves_more_than_the_face_and_nothing_reaches_the_limits(signer):
    (features, _), _ = signer
    speed = np.hypot(features[:, :, 3], features[:, :, 4])
    hands = speed[:, [4, LEFT_WRIST]].max(axis=1)  # OpenPose's right wrist is 4
    assert np.quantile(hands, 0.9) > 2 * np.quantile(speed[:, FACE], 0.9)
    upper = [joint for joint in range(BODY.stop) if joint < 8 or 15 <= joint <= 18]
    assert np.abs(features[:, upper, :2]).max() < FARTHEST
    assert speed[:, upper].max() < FASTEST


def test_a_picture_half_as_large_gives_nearly_the_same_features(signer):
    (features, known), (small, small_known) = signer
    both = known & small_known
    seen = (features[both][:, :8, 2] > 0) & (small[both][:, :8, 2] > 0)
    difference = np.abs(features[both][:, :8, :2] - small[both][:, :8, :2])[seen]
    assert np.median(difference) < 0.03  # shoulder widths
