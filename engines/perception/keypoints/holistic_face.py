"""The face as Holistic finds it: from the body, for whoever has no face finder of its own."""

import math
from typing import Final

from jaxtyping import UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.blazeface import BlazeFace
from engines.perception.facemesh import FaceMesh, Mesh
from engines.perception.keypoints.alignment import Steadiness
from engines.perception.keypoints.pose import FACE, Pose
from engines.perception.region import Region

_RIGHT_EYE, _LEFT_EYE = 5, 2  # of the body's landmarks

# the expanded text of MediaPipe's holistic_landmark_cpu graph, 0.10.21
_MIN_DETECTION: Final = 0.5
_MIN_PRESENCE: Final = 0.5
_FROM_POSE_SCALE: Final = 3.0
_FROM_KEYPOINTS_SCALE: Final = 2.0
_FROM_KEYPOINTS_SHIFT: Final = -0.1
_FROM_MESH_SCALE: Final = 1.5
_STEADINESS: Final = Steadiness(angle_rad=math.radians(15), place=0.1, size=0.3, margin=-0.2)


class FaceNetworks:
    """The face detector and the mesh.

    Args:
        detector: The engine of ``BlazeFace``.
        mesh: The engine of ``FaceMesh``.

    Raises:
        EngineError: If an engine is not of its kind.
    """

    def __init__(self, detector: Engine, mesh: Engine) -> None:
        self.detector = BlazeFace(detector, min_score=_MIN_DETECTION)
        self.mesh = FaceMesh(mesh)


class FaceTrack:
    """One person's face from frame to frame.

    Args:
        networks: Shared.
    """

    def __init__(self, networks: FaceNetworks) -> None:
        self._networks = networks
        self._last: Mesh | None = None

    def find(self, image: UInt8[ndarray, "H W 3"], pose: Pose | None) -> Mesh | None:
        """Return the face in the next frame, or None if it, or the body, is not seen."""
        last, self._last = self._last, None
        region = None if pose is None else self._suggested(image, pose)
        if region is None:
            return None
        if last is not None:
            kept = last.region(_FROM_MESH_SCALE)
            if _STEADINESS.keeps(kept, last.landmarks, region):
                region = kept
        mesh = self._networks.mesh.fit(image, region)
        if mesh.presence <= _MIN_PRESENCE:
            return None
        self._last = mesh
        return mesh

    def _suggested(self, image: UInt8[ndarray, "H W 3"], pose: Pose) -> Region | None:
        points = pose.landmarks[FACE]
        head = Region.around(
            points, left=points[_RIGHT_EYE], right=points[_LEFT_EYE], scale=_FROM_POSE_SCALE
        )
        found = self._networks.detector.detect(image, head)
        if not len(found.scores):
            return None
        keypoints = found.points[0, 2:]
        return Region.around(
            keypoints,
            left=keypoints[0],
            right=keypoints[1],
            scale=_FROM_KEYPOINTS_SCALE,
            shift=_FROM_KEYPOINTS_SHIFT,
        )
