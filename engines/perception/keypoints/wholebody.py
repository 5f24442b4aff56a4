"""A whole-body network of the RTMW or DWPose family: the profile for GPUs.

One graph takes the frame and a person's box and returns COCO-WholeBody's 133 keypoints in pixels of
the frame; ``engines.build.whole_body_export`` makes it out of a publisher's file. What OpenPose has
and COCO has not is derived: neck, mid-hip and the pupils, which are the middles of the lids.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.keypoints.assembly import in_frame, with_middles
from engines.perception.keypoints.network import Keypoints, Sight
from engines.perception.keypoints.numberings import (
    BODY_FROM_COCO,
    COCO_FACE,
    COCO_LEFT_HAND,
    COCO_POINTS,
    COCO_RIGHT_HAND,
)
from engines.perception.keypoints.pose import Pose
from engines.perception.keypoints.smoothing import KeypointSmoother
from engines.spec import skeleton
from engines.spec.tensors import EngineSpec, TensorSpec

MIN_SCORE: Final = 0.3
"""Below it a point is a guess: what the publishers draw from (MMPose's kpt_thr)."""

_TO, _FROM = (list(column) for column in zip(*BODY_FROM_COCO, strict=True))
# iBUG's four points of each eye's lids, corners left out: the iris lies between them
_LIDS: Final = {
    skeleton.RIGHT_PUPIL: [skeleton.FACE.start + k for k in (37, 38, 40, 41)],
    skeleton.LEFT_PUPIL: [skeleton.FACE.start + k for k in (43, 44, 46, 47)],
}
_MIN_HAND_SHARE: Final = 0.5  # of a hand's 21 points, for the hand to be found

_CONTRACT = EngineSpec(
    inputs=(
        TensorSpec("frame", (1, None, None, 3), np.dtype(np.uint8)),
        TensorSpec("boxes", (None, 4), np.dtype(np.float32)),
    ),
    outputs=(TensorSpec("points", (None, COCO_POINTS, 3), np.dtype(np.float32)),),
)


class WholeBodyNetwork:
    """A whole-body network.

    Args:
        engine: uint8 ``frame`` [1 H W 3] and float32 ``boxes`` [B 4] -> float32 ``points``
            [B 133 3], (x, y, score) in pixels of the frame.
        name: Which network it is, as the manifest calls it.
        smooth: Whether keypoints are smoothed over time.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine, *, name: str, smooth: bool = True) -> None:
        require(engine, _CONTRACT, role="whole-body network")
        self._engine = engine
        self.name = name
        self._smooth = smooth

    def follow(self) -> "WholeBodyTrack":
        """Begin with a person of whom nothing is known yet."""
        return WholeBodyTrack(self, smooth=self._smooth)

    def look(self, sight: Sight) -> Float32[ndarray, "133 3"]:
        """Return COCO-WholeBody's keypoints of one person, wherever they are and however sure."""
        height, width = sight.image.shape[:2]
        whole = np.array([0, 0, width, height], np.float32)
        box = whole if sight.box_xyxy is None else sight.box_xyxy
        out = self._engine.run({"frame": sight.image[None], "boxes": box[None]})
        points: Float32[ndarray, "133 3"] = np.asarray(out["points"], np.float32)[0]
        return points


class WholeBodyTrack:
    """One person from frame to frame; only the smoothing remembers.

    Args:
        network: Shared.
        smooth: Whether keypoints are smoothed over time.
    """

    def __init__(self, network: WholeBodyNetwork, *, smooth: bool) -> None:
        self._network = network
        self._smoother = KeypointSmoother() if smooth else None

    def body(self, sight: Sight) -> None:
        """Return None: body and face are found as one."""

    def pupils(self, sight: Sight) -> None:
        """Return None, as ``body`` does."""

    def complete(
        self,
        sight: Sight,
        pose: Pose | None,  # noqa: ARG002
        pupils: Float32[ndarray, "2 2"] | None,  # noqa: ARG002
    ) -> Keypoints | None:
        """Return the keypoints; there is nothing to add to."""
        return self.find(sight)

    def find(self, sight: Sight) -> Keypoints | None:
        """Return the keypoints in the next frame, or None if none is sure enough."""
        height, width = sight.image.shape[:2]
        points = in_frame(openpose_from_coco(self._network.look(sight)), width=width, height=height)
        if not points[:, 2].any():
            return None
        hands = [
            float((points[part, 2] > 0).mean()) >= _MIN_HAND_SHARE
            for part in (skeleton.LEFT_HAND, skeleton.RIGHT_HAND)
        ]
        if self._smoother is not None:
            points = self._smoother.smooth(points, sight.time_s)
        return Keypoints(points=points, left_hand=hands[0], right_hand=hands[1])


def openpose_from_coco(coco: Float32[ndarray, "133 3"]) -> Float32[ndarray, "137 3"]:
    """Return COCO-WholeBody-133 as OpenPose-137; what is below ``MIN_SCORE`` has score 0."""
    sure = coco.copy()
    sure[:, 2] = np.where(coco[:, 2] >= MIN_SCORE, np.minimum(coco[:, 2], 1), 0)
    points = np.zeros((skeleton.POINTS, 3), np.float32)
    points[_TO] = sure[_FROM]
    points[skeleton.BODY] = with_middles(points[skeleton.BODY])
    points[skeleton.LEFT_HAND] = sure[COCO_LEFT_HAND]
    points[skeleton.RIGHT_HAND] = sure[COCO_RIGHT_HAND]
    points[skeleton.FACE][:-2] = sure[COCO_FACE]
    for pupil, lids in _LIDS.items():
        points[pupil, :2] = points[lids, :2].mean(axis=0)
        points[pupil, 2] = points[lids, 2].min()
    return points
