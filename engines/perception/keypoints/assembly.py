"""MediaPipe's body, hands, face and pupils put together as OpenPose-137.

What a network only extrapolates is not a keypoint: a landmark of low visibility, and one outside
the frame whatever its visibility, since in a close-up the body's network is sure of shoulders that
nobody can see.
"""

from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.perception.facemesh import Mesh
from engines.perception.keypoints.hands import Hand
from engines.perception.keypoints.numberings import BODY_FROM_POSE, IBUG_FROM_MESH
from engines.perception.keypoints.pose import Pose
from engines.spec import skeleton

MIN_VISIBILITY: Final = 0.4
"""Below it MediaPipe's body landmarks are extrapolated."""

_TO, _FROM = (list(column) for column in zip(*BODY_FROM_POSE, strict=True))
_MESH_NOSE: Final = 1  # the tip
_MESH_EARS: Final = [234, 454]  # where they meet the face
_BODY_EYES: Final = [skeleton.RIGHT_EYE, skeleton.LEFT_EYE]
_BODY_EARS: Final = [skeleton.RIGHT_EAR, skeleton.LEFT_EAR]


def body_points(pose: Pose | None) -> Float32[ndarray, "25 3"]:
    """Return BODY_25 as (x, y, score); a landmark that is only guessed has score 0."""
    points = np.zeros((len(skeleton.BODY_NAMES), 3), np.float32)
    if pose is None:
        return points
    points[_TO, :2] = pose.landmarks[_FROM]
    visibility = pose.visibility[_FROM]
    points[_TO, 2] = np.where(visibility >= MIN_VISIBILITY, visibility, 0)
    return points


def hand_points(hand: Hand | None) -> Float32[ndarray, "21 3"]:
    """Return a hand as (x, y, score)."""
    points = np.zeros((len(skeleton.HAND_NAMES), 3), np.float32)
    if hand is not None:
        points[:, :2], points[:, 2] = hand.landmarks, hand.presence
    return points


def face_points(
    mesh: Mesh | None, pupils: Float32[ndarray, "2 2"] | None
) -> Float32[ndarray, "70 3"]:
    """Return the face as (x, y, score)."""
    points = np.zeros((len(skeleton.FACE_NAMES), 3), np.float32)
    if mesh is not None and pupils is not None:
        points[:-2, :2] = mesh.landmarks[list(IBUG_FROM_MESH)]
        points[-2:, :2] = pupils
        points[:, 2] = mesh.presence
    return points


def with_face(
    body: Float32[ndarray, "25 3"], mesh: Mesh, pupils: Float32[ndarray, "2 2"]
) -> Float32[ndarray, "25 3"]:
    """Return the body with nose, eyes and ears where the face has them.

    The body's network sees a close-up through cells of several hundredths of the frame, since its
    square holds the whole body: there it places the nose anywhere on the face.
    """
    points = body.copy()
    points[skeleton.NOSE] = (*mesh.landmarks[_MESH_NOSE], mesh.presence)
    points[_BODY_EYES, :2] = pupils
    points[_BODY_EARS, :2] = mesh.landmarks[_MESH_EARS]
    points[_BODY_EYES + _BODY_EARS, 2] = mesh.presence
    return points


def with_middles(body: Float32[ndarray, "25 3"]) -> Float32[ndarray, "25 3"]:
    """Return the body with neck and mid-hip, each seen if both of its sides are."""
    points = body.copy()
    for middle, sides in (
        (skeleton.NECK, [skeleton.RIGHT_SHOULDER, skeleton.LEFT_SHOULDER]),
        (skeleton.MID_HIP, [skeleton.INDEX["right_hip"], skeleton.INDEX["left_hip"]]),
    ):
        points[middle, :2] = points[sides, :2].mean(axis=0)
        points[middle, 2] = points[sides, 2].min()
    return points


def in_frame(
    points: Float32[ndarray, "K 3"], *, width: int, height: int
) -> Float32[ndarray, "K 3"]:
    """Return the keypoints, read-only; those unseen or outside the frame are (0, 0, 0)."""
    x, y, score = points.T
    seen = (score > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
    kept = np.where(seen[:, None], points, np.float32(0))
    kept.setflags(write=False)
    return kept
