"""The person detector: a whole frame in, boxes of persons out.

Letterbox, normalisation, the choice of the person class and the suppression of duplicates are in
the graph, so every runtime does the same arithmetic and any frame size goes through one file.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.spec.tensors import EngineSpec, TensorSpec

MIN_SCORE: Final = 0.1
"""Below this a detection is noise; ByteTrack's second stage lives on those just above."""

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("frame", (1, None, None, 3), np.dtype(np.uint8)),),
    outputs=(
        TensorSpec("boxes", (100, 4), np.dtype(np.float32)),
        TensorSpec("scores", (100,), np.dtype(np.float32)),
    ),
)


@dataclass(frozen=True, slots=True)
class Detections:
    """The persons in one frame, the best first.

    Attributes:
        boxes_xyxy: In pixels of the frame.
        scores: In [0, 1].
    """

    boxes_xyxy: Float32[ndarray, "N 4"]
    scores: Float32[ndarray, " N"]


class PersonDetector:
    """Finds persons.

    Args:
        engine: uint8 ``frame`` [1 H W 3] -> float32 ``boxes`` [100 4] in pixels of the frame and
            ``scores`` [100], 0 where a box was suppressed.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        require(engine, _CONTRACT, role="person detector")
        self._engine = engine

    def detect(self, image: UInt8[ndarray, "H W 3"]) -> Detections:
        """Return every person that scores ``MIN_SCORE`` or more."""
        out = self._engine.run({"frame": image[None]})
        scores = np.asarray(out["scores"], dtype=np.float32)
        found = np.flatnonzero(scores >= MIN_SCORE)
        return Detections(np.asarray(out["boxes"], dtype=np.float32)[found], scores[found])
