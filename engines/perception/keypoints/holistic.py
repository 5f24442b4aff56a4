"""MediaPipe's Holistic, its networks read by a runtime of ours and its logic written out.

Seven small networks, cropped on the host: the profile for CPUs. A body is followed, its face and
hands are looked for where it has them, and each is then followed by itself.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.perception.beside import Beside, in_turn
from engines.perception.keypoints.assembly import (
    body_points,
    face_points,
    hand_points,
    in_frame,
    with_face,
    with_middles,
)
from engines.perception.keypoints.hands import HandNetworks, both_hands
from engines.perception.keypoints.holistic_face import FaceNetworks, FaceTrack
from engines.perception.keypoints.iris import Irises
from engines.perception.keypoints.network import Keypoints, Sight
from engines.perception.keypoints.pose import Pose, PoseNetworks, PoseTrack
from engines.perception.keypoints.smoothing import KeypointSmoother
from engines.perception.keypoints.whereabouts import Whereabouts
from engines.spec.skeleton import BODY, FACE, LEFT_HAND, POINTS, RIGHT_HAND

NAME: Final = "mediapipe-holistic-full"

# The body's diameter in frames: 3.2 and more in the close-ups of the shared clips, whose body lies
# outside the frame; 2.8 at most where shoulders are seen. The heat maps' cells are then a
# twentieth of the frame.
_CLOSE_UP: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HolisticNetwork:
    """The networks, opened once and shared.

    Attributes:
        pose: The body's.
        hands: The left hand's and the right hand's: two of each, since they run side by side.
        irises: The pupils'.
        faces: The face's; None where each sight brings the face that a face finder saw.
        smooth: Whether keypoints are smoothed over time.
        beside: How one hand is found beside the other.
    """

    pose: PoseNetworks
    hands: tuple[HandNetworks, HandNetworks]
    irises: Irises
    faces: FaceNetworks | None = None
    smooth: bool = True
    beside: Beside = in_turn

    @property
    def name(self) -> str:
        """Which network made the points, as checkpoints and readings name it."""
        return NAME

    def follow(self) -> "HolisticTrack":
        """Begin with a person of whom nothing is known yet."""
        return HolisticTrack(self)


class HolisticTrack:
    """One person from frame to frame.

    Args:
        network: Shared.
    """

    def __init__(self, network: HolisticNetwork) -> None:
        self._irises = network.irises
        self._pose = PoseTrack(network.pose)
        self._face = None if network.faces is None else FaceTrack(network.faces)
        self._left, self._right = both_hands(*network.hands)
        self._beside = network.beside
        self._smoother = KeypointSmoother() if network.smooth else None

    def find(self, sight: Sight) -> Keypoints | None:
        """Return the keypoints in the next frame, or None if neither body nor face is seen."""
        return self.complete(sight, self.body(sight), self.pupils(sight))

    def body(self, sight: Sight) -> Pose | None:
        """Return the body alone: the first half of ``find``, for whoever runs two at a time."""
        face = None if sight.face is None else sight.face.box_xyxy
        return self._pose.find(sight.image, sight.time_s, Whereabouts(sight.box_xyxy, face))

    def pupils(self, sight: Sight) -> Float32[ndarray, "2 2"] | None:
        """Return the pupils of the face that the sight brings; None where it brings none."""
        if self._face is not None or sight.face is None:
            return None
        return self._irises.find(sight.image, sight.face)

    def complete(
        self, sight: Sight, pose: Pose | None, pupils: Float32[ndarray, "2 2"] | None
    ) -> Keypoints | None:
        """Add hands to body and face of the same sight, and the face where it brings none."""
        mesh = sight.face if self._face is None else self._face.find(sight.image, pose)
        left, right = self._beside(
            lambda: self._left.find(sight.image, pose),
            lambda: self._right.find(sight.image, pose),
        )
        if pose is None and mesh is None:
            return None
        height, width = sight.image.shape[:2]
        points = np.zeros((POINTS, 3), np.float32)
        points[BODY] = body_points(pose)
        if mesh is not None:
            pupils = self._irises.find(sight.image, mesh) if pupils is None else pupils
            points[FACE] = face_points(mesh, pupils)
            if pose is None or _is_close_up(pose, width=width, height=height):
                points[BODY] = with_face(points[BODY], mesh, pupils)
        points[BODY] = with_middles(in_frame(points[BODY], width=width, height=height))
        for part, hand in zip((LEFT_HAND, RIGHT_HAND), (left, right), strict=True):
            points[part] = hand_points(hand)
        points = in_frame(points, width=width, height=height)
        if self._smoother is not None:
            points = self._smoother.smooth(points, sight.time_s)
        return Keypoints(
            points=points,
            left_hand=left is not None,
            right_hand=right is not None,
            mesh=mesh,
        )


def _is_close_up(pose: Pose, *, width: int, height: int) -> bool:
    """Return whether the frame shows so little of the body that its landmarks are a guess."""
    return pose.diameter > _CLOSE_UP * max(width, height)
