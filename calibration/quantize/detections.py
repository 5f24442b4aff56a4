"""Detectors against themselves: what was found of each input, and how well it is matched."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from calibration.quantize.limits import Limits
from engines.perception.blazeface import MAX_IOU
from engines.perception.boxes import iou
from engines.perception.ssd import decode_ssd, ssd_anchors, weighted_nms
from engines.spec.tensors import Batch
from engines.variants.record import Metric

MATCHED: Final = 0.5
"""The IoU at which two boxes are of one thing."""

Boxes = Float32[ndarray, "_ 4"]


class PersonBoxes:
    """A detector whose graph ends in boxes and scores, at the score that makes a track."""

    def __init__(self, min_score: float = 0.4) -> None:
        self._min_score = min_score

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide."""
        return matched(list(map(self.boxes, exact)), list(map(self.boxes, candidate)), limits)

    def boxes(self, out: Batch) -> Boxes:
        """Return what was found, the best first, in pixels of the input."""
        scores = np.asarray(out["scores"], np.float32)
        return np.asarray(out["boxes"], np.float32)[scores >= self._min_score]


class AnchoredBoxes:
    """MediaPipe's detectors: offsets from anchors, decoded as the perception decodes them."""

    def __init__(
        self, regressors: str, logits: str, *, size_px: int, strides: tuple[int, ...]
    ) -> None:
        self._names = regressors, logits
        self._size_px = size_px
        self._anchors = ssd_anchors(size_px, strides)

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide."""
        return matched(list(map(self.boxes, exact)), list(map(self.boxes, candidate)), limits)

    def boxes(self, out: Batch) -> Boxes:
        """Return what was found, the best first, in pixels of the crop."""
        regressors, logits = (np.asarray(out[name], np.float32)[0] for name in self._names)
        found = decode_ssd(
            regressors, logits[:, 0], self._anchors, size_px=self._size_px, min_score=MATCHED
        )
        return weighted_nms(found, max_iou=MAX_IOU).points[:, :2].reshape(-1, 4)


def matched(exact: Sequence[Boxes], candidate: Sequence[Boxes], limits: Limits) -> list[Metric]:
    """Return the F1 of detections matched one to one, and the mean IoU of those matched.

    Args:
        exact: What f32 found of each input; it counts as the truth.
        candidate: What the candidate found.
        limits: What both must keep.
    """
    overlaps: list[float] = []
    found = wanted = 0
    for true, got in zip(exact, candidate, strict=True):
        wanted, found = wanted + len(true), found + len(got)
        table = iou(true, got) if len(true) and len(got) else np.zeros((len(true), len(got)))
        while table.size and (best := float(table.max())) >= MATCHED:
            row, column = np.unravel_index(int(table.argmax()), table.shape)
            overlaps.append(best)
            table[row], table[:, column] = 0, 0
    # nothing there and nothing found agree, and prove nothing
    f1 = 2 * len(overlaps) / (found + wanted) if wanted else 0.0
    mean_iou = float(np.mean(overlaps)) if overlaps else 0.0
    return [
        Metric(name="F1", value=f1, limit=limits.boxes.f1, sense="at least"),
        Metric(name="mean IoU", value=mean_iou, limit=limits.boxes.mean_iou, sense="at least"),
    ]
