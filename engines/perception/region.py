"""Regions of a frame: rotated squares, cut out as small pictures for the networks.

The crop follows MediaPipe's CPU convention, which its networks are used with: pixel i of the crop
samples the frame at A @ i, without the usual half-pixel centres. With those, landmarks of large
regions are off by pixels. Crops are warped in 8 bits and outside the graphs: inside, every region
would cast the whole frame again.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8
from numpy import ndarray

Border = Literal["replicate", "zero"]

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "zero": cv2.BORDER_CONSTANT}

cv2.setNumThreads(1)  # crops are tiny: a pool costs more than it saves, and fights the engines'


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the frame, turned about its centre.

    Attributes:
        x: The centre, in pixels of the frame.
        y: The centre, in pixels of the frame.
        size: The side, in pixels of the frame.
        angle: Clockwise as seen, in radians: 0 is upright.
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    @classmethod
    def around(
        cls,
        points: Float[ndarray, "N 2"],
        *,
        left: Float[ndarray, " 2"],
        right: Float[ndarray, " 2"],
        scale: float,
        shift: float = 0.0,
    ) -> "Region":
        """Return the square around points, turned so that left and right lie level.

        Args:
            points: In pixels of the frame; the square holds their upright bounding box.
            left: The point that comes to lie left in the crop.
            right: The point that comes to lie level with it, right of it.
            scale: The side in units of the longer side of the bounding box.
            shift: How far the centre moves down in the crop, in units of the bounding box's height.
        """
        low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        width, height = (high - low).tolist()
        x, y = ((low + high) / 2).tolist()
        angle = math.atan2(right[1] - left[1], right[0] - left[0])
        return cls(
            x - math.sin(angle) * shift * height,
            y + math.cos(angle) * shift * height,
            max(width, height) * scale,
            angle,
        )

    def holds(self, points: Float[ndarray, "N 2"], *, margin: float = 0.0) -> bool:
        """Return whether all points lie inside, the square having grown by a share of its size."""
        along = np.array([math.cos(self.angle), math.sin(self.angle)])
        across = np.array([-along[1], along[0]])
        offsets = points - np.array([self.x, self.y])
        reach = self.size / 2 * (1 + margin)
        return bool(max(np.abs(offsets @ along).max(), np.abs(offsets @ across).max()) < reach)


@dataclass(frozen=True, slots=True)
class Crop:
    """A region as a small picture.

    Attributes:
        image: S x S pixels, red, green, blue.
        to_frame: The affine map from pixels of the crop to pixels of the frame.
    """

    image: UInt8[ndarray, "S S 3"]
    to_frame: Float64[ndarray, "2 3"]

    def project(self, points: Float[ndarray, "*N 2"]) -> Float32[ndarray, "*N 2"]:
        """Return points of the crop in pixels of the frame."""
        projected: Float32[ndarray, "*N 2"] = (
            points @ self.to_frame[:, :2].T + self.to_frame[:, 2]
        ).astype(np.float32)
        return projected

    def scaled(self, low: float, high: float) -> Float32[ndarray, "1 S S 3"]:
        """Return the picture as the networks take it: 0..255 becomes low..high."""
        pixels: Float32[ndarray, "1 S S 3"] = np.multiply(
            self.image[None], np.float32((high - low) / 255), dtype=np.float32
        )
        if low:  # most networks take 0..1, and a pass over the pixels costs
            pixels += np.float32(low)
        return pixels


def crop(
    image: UInt8[ndarray, "H W 3"], region: Region, size_px: int, *, border: Border = "replicate"
) -> Crop:
    """Cut a region out of a frame.

    Args:
        image: The frame.
        region: What to cut out; it may reach over the frame's edge.
        size_px: The side of the crop.
        border: What lies beyond the edge: its last pixel again, or black.
    """
    cos = math.cos(region.angle) * region.size / size_px
    sin = math.sin(region.angle) * region.size / size_px
    half = size_px / 2
    to_frame = np.array(
        [
            [cos, -sin, region.x - cos * half + sin * half],
            [sin, cos, region.y - sin * half - cos * half],
        ]
    )
    pixels = cv2.warpAffine(
        image,
        to_frame,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=_BORDERS[border],
    )
    return Crop(pixels, to_frame)
