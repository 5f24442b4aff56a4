"""The starter's face encoder: what an aligned face expresses, and the face as a vector.

It saw FER-2013, so a live face is made to look like one of its pictures: grey, 48 pixels, with the
histogram equalised as theirs is, and framed as theirs are. Laid on 550 of FER-2013's own pictures,
the mesh's longer side is 1 / 1.10 of the picture at the median, and its middle lies 4.5 % of its
height below the picture's. A large face is averaged down, not picked from: bilinear sampling of one
pixel in six is noise, which equalising then amplifies.
"""

from typing import Final

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.expression import FaceLook
from engines.perception.facemesh import Mesh
from engines.perception.region import crop
from engines.spec.labels import EXPRESSIONS
from engines.spec.tensors import EngineSpec, TensorSpec

WIDTH: Final = 160

_SIDE_PX: Final = 48
_SCALE: Final = 1.10
_SHIFT: Final = -0.045
_FINEST: Final = 8  # times the side: what a face is cut out at before it is averaged down

CONTRACT: Final = EngineSpec(
    inputs=(TensorSpec("face", (None, _SIDE_PX, _SIDE_PX), np.dtype(np.uint8)),),
    outputs=(
        TensorSpec("probabilities", (None, len(EXPRESSIONS)), np.dtype(np.float32)),
        TensorSpec("embedding", (None, WIDTH), np.dtype(np.float32)),
    ),
)


def takes_face(engine: Engine) -> bool:
    """Tell whether an engine takes what the face encoder does."""
    return tuple(engine.spec.inputs) == CONTRACT.inputs


class FaceEncoder:
    """Reads and embeds faces.

    Args:
        engine: uint8 ``face`` [B 48 48] -> float32 ``probabilities`` [B 7], calibrated, in the
            order of ``EXPRESSIONS``, and ``embedding`` [B 160].

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, CONTRACT, role="face encoder")
        self._engine = engine

    def read(self, image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> FaceLook:
        """Return what a face expresses, and the face as a vector.

        Args:
            image: The frame that the face was found in.
            mesh: The face; its eyes are laid level before the network sees it.
        """
        out = self._engine.run({"face": aligned_face(image, mesh)[None]})
        return FaceLook.of(out["probabilities"][0], out["embedding"][0])


def aligned_face(image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> UInt8[ndarray, "48 48"]:
    """Return a face as FER-2013 would show it."""
    region = mesh.region(_SCALE, _SHIFT)
    finer = int(np.clip(region.size // _SIDE_PX, 1, _FINEST))
    grey = cv2.cvtColor(crop(image, region, finer * _SIDE_PX).image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.equalizeHist(small), dtype=np.uint8)
