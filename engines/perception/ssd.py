"""SSD outputs of MediaPipe's detectors: anchors, decoding, weighted suppression.

Every detection is kept as points (two corners, then the keypoints) rather than as a box, so that
one map takes all of it from a turned crop into the frame.
"""

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.perception.boxes import iou

_ANCHORS_A_CELL: Final = 2  # a layer; MediaPipe's fixed-size anchors differ in nothing else
_LOGIT_LIMIT: Final = 100.0  # MediaPipe's score_clipping_thresh; beyond it exp overflows


@dataclass(frozen=True, slots=True)
class SsdDetections:
    """What a detector found in one crop, the best first.

    Attributes:
        points: Top left, bottom right, then the keypoints; in pixels of the crop.
        scores: In [0, 1].
    """

    points: Float32[ndarray, "N K 2"]
    scores: Float32[ndarray, " N"]


def ssd_anchors(size_px: int, strides: tuple[int, ...]) -> Float32[ndarray, "A 2"]:
    """Return the anchor centres, in units of the picture's side.

    Layers of the same stride share one grid, each giving every cell its anchors.

    Args:
        size_px: The side of the network's input.
        strides: That of each layer, in the network's order.
    """
    grids = []
    for stride, layers in groupby(strides):
        cells = math.ceil(size_px / stride)
        centres = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) / np.float32(cells)
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, _ANCHORS_A_CELL * len(list(layers)), axis=0))
    return np.concatenate(grids)


def decode_ssd(
    regressors: Float32[ndarray, "A R"],
    logits: Float32[ndarray, " A"],
    anchors: Float32[ndarray, "A 2"],
    *,
    size_px: int,
    min_score: float,
) -> SsdDetections:
    """Turn raw outputs into detections, before suppression.

    Args:
        regressors: For each anchor the box's centre and size, then the keypoints; in pixels, all
            but the size relative to the anchor.
        logits: For each anchor.
        anchors: As from ``ssd_anchors``.
        size_px: The side of the network's input.
        min_score: A detection must score more.
    """
    scores = sigmoid(logits)
    passed = np.flatnonzero(scores > min_score)
    passed = passed[np.argsort(-scores[passed], kind="stable")]
    offsets = regressors[passed].reshape(len(passed), regressors.shape[1] // 2, 2)
    placed = offsets + anchors[passed, None] * np.float32(size_px)
    centre, half = placed[:, 0], offsets[:, 1] / 2
    corners = np.stack([centre - half, centre + half], axis=1)
    return SsdDetections(np.concatenate([corners, placed[:, 2:]], axis=1), scores[passed])


def weighted_nms(found: SsdDetections, *, max_iou: float) -> SsdDetections:
    """Merge detections of one thing into their mean, weighted by score; the best score stays.

    Args:
        found: The best first.
        max_iou: Above this two detections are of one thing.
    """
    boxes = found.points[:, :2].reshape(-1, 4)
    overlaps = iou(boxes, boxes) > max_iou
    left = np.ones(len(boxes), dtype=bool)
    points, scores = [], []
    for best in range(len(boxes)):
        if not left[best]:
            continue
        group = left & overlaps[best]
        group[best] = True  # an empty box overlaps nothing, not even itself
        left &= ~group
        points.append(np.average(found.points[group], axis=0, weights=found.scores[group]))
        scores.append(found.scores[best])
    return SsdDetections(
        np.array(points, dtype=np.float32).reshape(-1, *found.points.shape[1:]),
        np.array(scores, dtype=np.float32),
    )


def sigmoid(logits: Float32[ndarray, "*N"]) -> Float32[ndarray, "*N"]:
    """Return logits as scores in [0, 1]."""
    limited = np.clip(logits, -_LOGIT_LIMIT, _LOGIT_LIMIT)
    # float32 all the way: exp(100) is beyond it, and 1 / inf is the 0 that is meant
    with np.errstate(over="ignore"):
        scores: Float32[ndarray, "*N"] = np.float32(1) / (np.float32(1) + np.exp(-limited))
    return scores
