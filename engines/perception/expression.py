"""Facial expression: what an aligned face shows, and the peer network of the ``fer`` package.

That network (MIT, trained on FER-2013) is what our own face encoder is held against, and can take
its place. Its class order is its own; it is mapped to ``EXPRESSIONS`` here and nowhere else.
"""

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.facemesh import Mesh
from engines.perception.region import crop
from engines.spec.labels import EXPRESSIONS, Expression
from engines.spec.tensors import EngineSpec, TensorSpec

NETWORK_ORDER: Final[tuple[Expression, ...]] = (
    "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral",
)  # fmt: skip
"""The network's own order, from the package's source (fer/fer.py, ``_get_labels``)."""

_SIDE_PX: Final = 64
_MARGIN: Final = 1.05  # the face fills the picture, as in FER-2013
_TO_EXPRESSIONS: Final = [NETWORK_ORDER.index(name) for name in EXPRESSIONS]

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("x", (1, _SIDE_PX, _SIDE_PX, 1), np.dtype(np.float32)),),
    outputs=(TensorSpec("Identity", (1, len(NETWORK_ORDER)), np.dtype(np.float32)),),
)


@dataclass(frozen=True, slots=True)
class FaceLook:
    """What a network makes of a face.

    Attributes:
        expression: Probabilities in the order of ``EXPRESSIONS``; read-only.
        embedding: The face as a vector, read-only; None if the network gives none.
    """

    expression: Float32[ndarray, " 7"]
    embedding: Float32[ndarray, " D"] | None = None

    @classmethod
    def of(
        cls, expression: Float32[ndarray, " 7"], embedding: Float32[ndarray, " D"] | None = None
    ) -> "FaceLook":
        """Return copies that nobody changes."""
        look = cls(expression.copy(), None if embedding is None else embedding.copy())
        for numbers in (look.expression, look.embedding):
            if numbers is not None:
                numbers.setflags(write=False)
        return look


@runtime_checkable
class ExpressionReader(Protocol):
    """Reads the expression of a face."""

    def read(self, image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> FaceLook:
        """Return what the face that a mesh lies on shows."""
        ...


class PeerExpressions:
    """Reads the expression of a face by fer's network.

    Args:
        engine: float32 ``x`` [1 64 64 1], grey in -1..1 -> float32 ``Identity`` [1 7],
            probabilities in ``NETWORK_ORDER``.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, _CONTRACT, role="expression network")
        self._engine = engine

    def read(self, image: UInt8[ndarray, "H W 3"], mesh: Mesh) -> FaceLook:
        """Return what a face expresses; there is no embedding.

        Args:
            image: The frame that the face was found in.
            mesh: The face; its eyes are laid level before the network sees it.
        """
        cut = crop(image, mesh.region(_MARGIN), _SIDE_PX)
        return self.read_grey(cv2.cvtColor(cut.image, cv2.COLOR_RGB2GRAY))

    def read_grey(self, face: UInt8[ndarray, "H W"]) -> FaceLook:
        """Return what an upright face expresses that fills its picture, as in FER-2013."""
        fitted = cv2.resize(face, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
        pixels = fitted.astype(np.float32) / np.float32(127.5) - np.float32(1)
        out = self._engine.run({"x": pixels[None, :, :, None]})["Identity"]
        return FaceLook.of(out[0, _TO_EXPRESSIONS])
