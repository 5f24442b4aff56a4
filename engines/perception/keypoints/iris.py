"""The pupils: the middle of each iris, on a face whose mesh is known."""

import math
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.facemesh import Mesh
from engines.perception.region import Crop, Region, crop
from engines.spec.tensors import EngineSpec, TensorSpec

_SIDE_PX: Final = 64
_SCALE: Final = 2.3
_RIGHT_CORNERS: Final = (33, 133)  # outer, inner, in the mesh's numbering
_LEFT_CORNERS: Final = (362, 263)  # inner, outer
_OUTPUT: Final = "output_iris"

IRIS_OUTPUTS: Final = (_OUTPUT,)
"""All that is read of the network: the lids come from the mesh."""

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _SIDE_PX, _SIDE_PX, 3), np.dtype(np.float32)),),
    outputs=(TensorSpec(_OUTPUT, (1, 15), np.dtype(np.float32)),),
)


class Irises:
    """Finds the pupils.

    Args:
        engine: float32 ``input_1`` [1 64 64 3] in 0..1, a right eye -> float32 ``output_iris``
            [1 15]: (x, y, depth) of the iris' middle, then of its rim.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, _CONTRACT, role="iris")
        self._engine = engine

    def find(self, image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> Float32[ndarray, "2 2"]:
        """Return the right and the left pupil, in pixels of the frame."""
        points = mesh.landmarks
        across, along = (points[_LEFT_CORNERS[1]] - points[_RIGHT_CORNERS[0]]).tolist()
        angle = math.atan2(along, across)
        right = self._look(crop(image, _square(points[list(_RIGHT_CORNERS)], angle), _SIDE_PX))
        cut = crop(image, _square(points[list(_LEFT_CORNERS)], angle), _SIDE_PX)
        # the network knows right eyes only: the left one is shown to it in a mirror
        mirrored = self._look(
            Crop(np.ascontiguousarray(cut.image[:, ::-1]), cut.to_frame), flip=True
        )
        return np.stack([right, mirrored])

    def _look(self, cut: Crop, *, flip: bool = False) -> Float32[ndarray, " 2"]:
        out = self._engine.run({"input_1": cut.scaled(0.0, 1.0)})[_OUTPUT]
        middle = np.asarray(out, np.float32).reshape(5, 3)[:1, :2]
        if flip:
            middle = np.array([_SIDE_PX, 0], np.float32) + middle * np.array([-1, 1], np.float32)
        pupil: Float32[ndarray, " 2"] = cut.project(middle)[0]
        return pupil


def _square(corners: Float32[ndarray, "2 2"], angle: float) -> Region:
    x, y = corners.mean(axis=0).tolist()
    return Region(x, y, float(np.ptp(corners, axis=0).max()) * _SCALE, angle)
