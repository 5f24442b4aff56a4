"""The face mesh: 468 points of one face, and whether it lies on a face at all."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.boxes import around
from engines.perception.contract import require
from engines.perception.mouth import mouth_open
from engines.perception.region import Region, crop
from engines.perception.ssd import sigmoid
from engines.spec.tensors import EngineSpec, TensorSpec

POINTS: Final = 468

_SIDE_PX: Final = 192
_RIGHT_EYE, _LEFT_EYE = 33, 263  # the outer corners, in the mesh's numbering
_LANDMARKS, _PRESENCE = "conv2d_21", "conv2d_31"

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _SIDE_PX, _SIDE_PX, 3), np.dtype(np.float32)),),
    outputs=(
        TensorSpec(_LANDMARKS, (1, 1, 1, 3 * POINTS), np.dtype(np.float32)),
        TensorSpec(_PRESENCE, (1, 1, 1, 1), np.dtype(np.float32)),
    ),
)


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh as the network laid it into a region.

    Attributes:
        landmarks: In pixels of the frame; read-only.
        presence: The network's own opinion that it lies on a face, in [0, 1].
        mouth_open: As ``engines.perception.mouth`` measures it.
    """

    landmarks: Float32[ndarray, "468 2"]
    presence: float
    mouth_open: float

    @property
    def box_xyxy(self) -> Float32[ndarray, " 4"]:
        """The upright box around the mesh, in pixels of the frame; read-only."""
        return around(self.landmarks)

    def region(self, scale: float, shift: float = 0.0) -> Region:
        """Return the square around the mesh with the outer corners of the eyes level.

        Args:
            scale: The side in units of the longer side of ``box_xyxy``.
            shift: How far the centre moves down in the crop, in units of the mesh's height.
        """
        right_eye, left_eye = self.landmarks[_RIGHT_EYE], self.landmarks[_LEFT_EYE]
        # the person's right eye is on the left of the picture
        return Region.around(
            self.landmarks, left=right_eye, right=left_eye, scale=scale, shift=shift
        )


class FaceMesh:
    """Lays the mesh on a face.

    Args:
        engine: float32 ``input_1`` [1 192 192 3] in 0..1 -> float32 ``conv2d_21`` [1 1 1 1404]: x,
            y and depth of each point in pixels of the crop, and ``conv2d_31`` [1 1 1 1], a logit.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, _CONTRACT, role="face mesh")
        self._engine = engine

    def fit(self, image: UInt8[ndarray, "H W 3"], region: Region) -> Mesh:
        """Lay the mesh on whatever is in a region; its ``presence`` says whether that is a face."""
        cut = crop(image, region, _SIDE_PX)
        out = self._engine.run({"input_1": cut.scaled(0.0, 1.0)})
        points = np.asarray(out[_LANDMARKS], np.float32).reshape(POINTS, 3)
        landmarks = cut.project(points[:, :2])
        landmarks.setflags(write=False)
        presence = sigmoid(np.asarray(out[_PRESENCE], np.float32)).item()
        return Mesh(landmarks, presence, mouth_open(points))
