"""Boxes, and how much two of them share."""

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray


def iou(
    first_xyxy: Float[ndarray, "N 4"], second_xyxy: Float[ndarray, "M 4"]
) -> Float[ndarray, "N M"]:
    """Return the intersection over union of every pair; 0 where both boxes are empty."""
    low = np.maximum(first_xyxy[:, None, :2], second_xyxy[None, :, :2])
    high = np.minimum(first_xyxy[:, None, 2:], second_xyxy[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = area(first_xyxy)[:, None] + area(second_xyxy)[None] - shared
    share: Float[ndarray, "N M"] = shared / np.maximum(union, np.finfo(np.float32).tiny)
    return share


def area(boxes_xyxy: Float[ndarray, "N 4"]) -> Float[ndarray, " N"]:
    """Return the area of each box, in square pixels."""
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    areas: Float[ndarray, " N"] = sides[:, 0] * sides[:, 1]
    return areas


def around(points: Float32[ndarray, "K 2"]) -> Float32[ndarray, " 4"]:
    """Return the upright bounding box of points, read-only."""
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    box.setflags(write=False)
    return box
