"""The face embedder: a face, aligned as dlib aligns it, as one vector.

dlib lays five points (four corners of the eyes, the base of the nose) on those of its mean face.
Here they come from the mesh, which has them as well; nothing of dlib's own landmarks is needed.
"""

from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.facemesh import Mesh
from engines.spec.tensors import EngineSpec, TensorSpec

SIDE_PX: Final = 150
WIDTH: Final = 128

_PADDING: Final = 0.25  # of the mean face on each side, as the network was trained
# dlib's get_face_chip_details for five landmarks, in units of the mean face
_MEAN_FACE: Final = np.array(
    [
        [0.8595674595992, 0.2134981538014],  # the left eye, outer and inner corner
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],  # the right eye, outer and inner corner
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],  # the base of the nose
    ]
)
_IN_THE_MESH: Final = [263, 362, 33, 133, 2]  # the same points, in the mesh's numbering
_COARSEST: Final = 2.0  # frame pixels a chip pixel; beyond it bilinear sampling leaves some out

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("face", (1, SIDE_PX, SIDE_PX, 3), np.dtype(np.uint8)),),
    outputs=(TensorSpec("embedding", (1, WIDTH), np.dtype(np.float32)),),
)


class FaceEmbedder:
    """Turns faces into vectors; those of one person lie close together.

    Args:
        engine: uint8 ``face`` [1 150 150 3] -> float32 ``embedding`` [1 128].

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, _CONTRACT, role="face embedder")
        self._engine = engine

    def embed(self, image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> Float32[ndarray, " 128"]:
        """Return the embedding of a face, read-only.

        Args:
            image: The frame that the face was found in.
            mesh: The face.
        """
        chip = aligned_face(image, mesh.landmarks)
        out = self._engine.run({"face": chip[None]})["embedding"]
        embedding: Float32[ndarray, " 128"] = np.asarray(out, dtype=np.float32)[0].copy()
        embedding.setflags(write=False)
        return embedding


def aligned_face(
    image: UInt8[ndarray, "H W 3"], landmarks: Float32[ndarray, "468 2"]
) -> UInt8[ndarray, "150 150 3"]:
    """Return the face upright, its five points on those of the mean face."""
    points = landmarks[_IN_THE_MESH].astype(np.float64)
    to_chip = _similarity(points, (_MEAN_FACE + _PADDING) / (1 + 2 * _PADDING) * SIDE_PX)
    pixels_a_pixel = 1 / float(np.hypot(to_chip[0, 0], to_chip[1, 0]))
    if pixels_a_pixel > _COARSEST:
        image, to_chip = _reduced(image, to_chip, int(pixels_a_pixel))
    chip = cv2.warpAffine(image, to_chip, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR)
    return np.asarray(chip, dtype=np.uint8)


def _similarity(
    points: Float64[ndarray, "K 2"], wanted: Float64[ndarray, "K 2"]
) -> Float64[ndarray, "2 3"]:
    """Return the turn, scale and shift that lays points on others with the least squares."""
    middle, wanted_middle = points.mean(axis=0), wanted.mean(axis=0)
    (x, y), (u, v) = (points - middle).T, (wanted - wanted_middle).T
    spread = (x @ x + y @ y) or 1.0  # a mesh shrunk to a point has no direction; any will do
    along, across = (x @ u + y @ v) / spread, (x @ v - y @ u) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, wanted_middle - turn @ middle])


def _reduced(
    image: UInt8[ndarray, "H W 3"], to_chip: Float[ndarray, "2 3"], factor: int
) -> tuple[UInt8[ndarray, "h w 3"], Float64[ndarray, "2 3"]]:
    """Return the frame where the chip lies, shrunk by a whole number, and the map from there."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [SIDE_PX, 0], [0, SIDE_PX], [SIDE_PX, SIDE_PX]]) - to_chip[:, 2]
    in_frame = corners @ np.linalg.inv(to_chip[:, :2]).T
    x1, y1 = np.clip(np.floor(in_frame.min(axis=0)), 0, [width - 1, height - 1]).astype(int)
    x2, y2 = np.clip(np.ceil(in_frame.max(axis=0)), [x1 + 1, y1 + 1], [width, height]).astype(int)
    part = image[y1:y2, x1:x2]
    size = max(part.shape[1] // factor, 1), max(part.shape[0] // factor, 1)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    scale = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
    # a pixel of the small picture is the mean of a block: its centre is the block's
    shift = np.array([x1, y1]) + (scale - 1) / 2
    turn = to_chip[:, :2] * scale
    return small, np.column_stack([turn, to_chip[:, :2] @ shift + to_chip[:, 2]])
