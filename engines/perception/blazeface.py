"""The face detector: BlazeFace, short range, in one square of the frame."""

from typing import Final

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.region import Region, crop
from engines.perception.ssd import SsdDetections, decode_ssd, ssd_anchors, weighted_nms
from engines.spec.tensors import EngineSpec, TensorSpec

KEYPOINTS: Final = 6
"""Right eye, left eye, nose, mouth, right ear, left ear: the person's own right and left."""

MAX_IOU: Final = 0.3
"""Above this two detections are of one face (MediaPipe's face_detection_short_range)."""

_SIDE_PX: Final = 128
_ANCHORS: Final = ssd_anchors(_SIDE_PX, strides=(8, 16, 16, 16))

_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input", (1, _SIDE_PX, _SIDE_PX, 3), np.dtype(np.float32)),),
    outputs=(
        TensorSpec("regressors", (1, len(_ANCHORS), 4 + 2 * KEYPOINTS), np.dtype(np.float32)),
        TensorSpec("classificators", (1, len(_ANCHORS), 1), np.dtype(np.float32)),
    ),
)


class BlazeFace:
    """Detects faces in a region of a frame.

    Args:
        engine: float32 ``input`` [1 128 128 3] in -1..1 -> float32 ``regressors`` [1 896 16] and
            ``classificators`` [1 896 1], as ``decode_ssd`` takes them.
        min_score: A face must score more.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine, *, min_score: float) -> None:
        require(engine, _CONTRACT, role="face detector")
        self._engine = engine
        self._min_score = min_score

    def detect(self, image: UInt8[ndarray, "H W 3"], region: Region) -> SsdDetections:
        """Return the faces in a region, in pixels of the frame, the best first."""
        cut = crop(image, region, _SIDE_PX, border="zero")
        out = self._engine.run({"input": cut.scaled(-1.0, 1.0)})
        raw = decode_ssd(
            np.asarray(out["regressors"], np.float32)[0],
            np.asarray(out["classificators"], np.float32)[0, :, 0],
            _ANCHORS,
            size_px=_SIDE_PX,
            min_score=self._min_score,
        )
        found = weighted_nms(raw, max_iou=MAX_IOU)
        return SsdDetections(cut.project(found.points), found.scores)
