"""The hands: each looked for where the body's wrist and fingers are, then followed by itself.

A small network corrects the square that the wrist suggests, in every frame; the square of the last
landmarks is kept as long as the two agree.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.keypoints.alignment import Steadiness, pointing, turned_box
from engines.perception.keypoints.pose import LEFT_WRIST, RIGHT_WRIST, Pose
from engines.perception.region import Region, crop
from engines.spec.tensors import EngineSpec, TensorSpec

LANDMARKS: Final = 21

HAND_OUTPUTS: Final = ("Identity", "Identity_1")
"""All that is read of the landmark network; on which hand it is, the body says better."""

_RECROP_PX: Final = 256
_LANDMARK_PX: Final = 224
_PALM: Final = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)  # without the fingers' ends
_WRIST, _INDEX, _MIDDLE, _RING = 0, 5, 9, 13  # the joints at the palm

# the expanded text of MediaPipe's holistic_landmark_cpu graph, 0.10.21
_MIN_WRIST_VISIBILITY: Final = 0.1
_MIN_PRESENCE: Final = 0.5
_FROM_POSE_SCALE: Final = 2.7
_FROM_HAND_SCALE: Final = 2.0
_SHIFT: Final = -0.1
_STEADINESS: Final = Steadiness(angle_rad=math.radians(40), place=0.2, size=0.4, margin=-0.1)

_RECROP_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _RECROP_PX, _RECROP_PX, 3), np.dtype(np.float32)),),
    outputs=(TensorSpec("output_crop", (1, 1, 1, 4), np.dtype(np.float32)),),
)
_LANDMARK_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _LANDMARK_PX, _LANDMARK_PX, 3), np.dtype(np.float32)),),
    outputs=(
        TensorSpec("Identity", (1, 3 * LANDMARKS), np.dtype(np.float32)),
        TensorSpec("Identity_1", (1, 1), np.dtype(np.float32)),
    ),
)


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand as the network laid it into a region.

    Attributes:
        landmarks: In pixels of the frame, in OpenPose's order; read-only.
        presence: Whether the region shows a hand, in [0, 1].
    """

    landmarks: Float32[ndarray, "21 2"]
    presence: float

    @property
    def region(self) -> Region:
        """The square that the hand should lie in next, fingers up."""
        points = self.landmarks
        base = ((points[_INDEX] + points[_RING]) / 2 + points[_MIDDLE]) / 2
        across, along = (base - points[_WRIST]).tolist()
        return turned_box(
            points[list(_PALM)], math.atan2(across, -along), scale=_FROM_HAND_SCALE, shift=_SHIFT
        )


class HandNetworks:
    """The two networks of the hands.

    Args:
        recrop: float32 ``input_1`` [1 256 256 3] in 0..1 -> ``output_crop`` [1 1 1 4]: the hand's
            middle, and a point below it.
        landmarks: float32 ``input_1`` [1 224 224 3] in 0..1 -> the ``HAND_OUTPUTS``: [1 63], 21
            landmarks as (x, y, depth); [1 1], a score.

    Raises:
        EngineError: If an engine is not of its kind.
    """

    def __init__(self, recrop: Engine, landmarks: Engine) -> None:
        require(recrop, _RECROP_CONTRACT, role="hand recrop")
        require(landmarks, _LANDMARK_CONTRACT, role="hand landmarks")
        self._recrop = recrop
        self._landmarks = landmarks

    def correct(self, image: UInt8[ndarray, "H W 3"], region: Region) -> Region:
        """Return where the hand is that a region was meant for."""
        cut = crop(image, region, _RECROP_PX)
        out = self._recrop.run({"input_1": cut.scaled(0.0, 1.0)})["output_crop"]
        middle, below = cut.project(np.asarray(out, np.float32).reshape(2, 2))
        return pointing(middle, below, up=False, scale=1.0, shift=_SHIFT)

    def fit(self, image: UInt8[ndarray, "H W 3"], region: Region) -> Hand:
        """Lay a hand into a region; its ``presence`` says whether one is there."""
        cut = crop(image, region, _LANDMARK_PX)
        out = self._landmarks.run({"input_1": cut.scaled(0.0, 1.0)})
        raw = np.asarray(out["Identity"], np.float32).reshape(LANDMARKS, 3)
        landmarks = cut.project(raw[:, :2])
        landmarks.setflags(write=False)
        return Hand(landmarks, np.asarray(out["Identity_1"], np.float32).item())


class HandTrack:
    """One hand of one person from frame to frame.

    Args:
        networks: Shared.
        wrist: ``LEFT_WRIST`` or ``RIGHT_WRIST``: whose hand.
    """

    def __init__(self, networks: HandNetworks, *, wrist: int) -> None:
        self._networks = networks
        self._wrist = wrist
        self._last: Hand | None = None

    def find(self, image: UInt8[ndarray, "H W 3"], pose: Pose | None) -> Hand | None:
        """Return the hand in the next frame, or None if it, or the body, is not seen."""
        last, self._last = self._last, None
        if pose is None or pose.visibility[self._wrist] <= _MIN_WRIST_VISIBILITY:
            return None
        region = self._networks.correct(image, self._suggested(pose))
        if last is not None and _STEADINESS.keeps(last.region, last.landmarks, region):
            region = last.region
        hand = self._networks.fit(image, region)
        if hand.presence < _MIN_PRESENCE:
            return None
        self._last = hand
        return hand

    def _suggested(self, pose: Pose) -> Region:
        # among MediaPipe's 33: wrists, little fingers, index fingers, each left, then right
        wrist, pinky, index = (pose.landmarks[self._wrist + step] for step in (0, 2, 4))
        middle = (2 * index + pinky) / 3
        return pointing(middle, wrist, up=False, scale=_FROM_POSE_SCALE, shift=_SHIFT)


def both_hands(left: HandNetworks, right: HandNetworks) -> tuple[HandTrack, HandTrack]:
    """Return new tracks of a person's left and right hand."""
    return HandTrack(left, wrist=LEFT_WRIST), HandTrack(right, wrist=RIGHT_WRIST)
