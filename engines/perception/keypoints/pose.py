"""The body: 33 landmarks in a turned square, which follows the body from frame to frame.

Two traps lie here. The square follows two auxiliary landmarks, the middle of the hips and a point
on the circle around the body, through a one-euro filter that MediaPipe never switches off: without
it the square wanders, and the nose with it, by five times as much. And the landmarks are only rough
before they are refined by their heat maps.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.keypoints.alignment import pointing
from engines.perception.keypoints.heatmap import refine
from engines.perception.keypoints.one_euro import OneEuro, OneEuroSettings
from engines.perception.region import Region, crop
from engines.perception.ssd import decode_ssd, sigmoid, ssd_anchors, weighted_nms
from engines.spec.tensors import EngineSpec, TensorSpec

LANDMARKS: Final = 33
LEFT_WRIST: Final = 15
RIGHT_WRIST: Final = 16
FACE: Final = slice(0, 11)
"""Nose, eyes, ears, corners of the mouth."""

POSE_OUTPUTS: Final = ("Identity", "Identity_1", "Identity_3")
"""All that is read of the landmark network: the segmentation would cost 5 ms a frame."""

_DETECTOR_PX: Final = 224
_DETECTOR_ANCHORS: Final = ssd_anchors(_DETECTOR_PX, strides=(8, 16, 32, 32, 32))
_DETECTOR_KEYPOINTS: Final = 4
_LANDMARK_PX: Final = 256
_ALL_LANDMARKS: Final = 39  # the 33, two that align the square, and four that nobody uses
_ALIGNING: Final = slice(LANDMARKS, LANDMARKS + 2)

# the expanded text of MediaPipe's holistic_landmark_cpu graph, 0.10.21
_MIN_DETECTION: Final = 0.5
_MAX_IOU: Final = 0.3
_MIN_PRESENCE: Final = 0.5
_SCALE: Final = 1.25
_ALIGNMENT: Final = OneEuroSettings(min_cutoff_hz=0.01, beta=10.0)

_BOX_SCALE: Final = 1.25  # of a person's box: the detector wants to see some room around
_MIN_INSIDE: Final = 0.5  # of the visible landmarks; else the square has gone to somebody else
_VISIBLE: Final = 0.5

_DETECTOR_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _DETECTOR_PX, _DETECTOR_PX, 3), np.dtype(np.float32)),),
    outputs=(
        TensorSpec(
            "Identity",
            (1, len(_DETECTOR_ANCHORS), 4 + 2 * _DETECTOR_KEYPOINTS),
            np.dtype(np.float32),
        ),
        TensorSpec("Identity_1", (1, len(_DETECTOR_ANCHORS), 1), np.dtype(np.float32)),
    ),
)
_LANDMARK_CONTRACT = EngineSpec(
    inputs=(TensorSpec("input_1", (1, _LANDMARK_PX, _LANDMARK_PX, 3), np.dtype(np.float32)),),
    outputs=(
        TensorSpec("Identity", (1, 5 * _ALL_LANDMARKS), np.dtype(np.float32)),
        TensorSpec("Identity_1", (1, 1), np.dtype(np.float32)),
        TensorSpec("Identity_3", (1, 64, 64, _ALL_LANDMARKS), np.dtype(np.float32)),
    ),
)


@dataclass(frozen=True, slots=True)
class Pose:
    """The body as the network laid it into a region.

    Attributes:
        landmarks: MediaPipe's 33 as (x, y), in pixels of the frame; those that the network cannot
            see are extrapolated.
        visibility: In [0, 1].
        aligning: The middle of the hips and the point that the region is turned by.
        presence: Whether the region shows a person at all, in [0, 1].
    """

    landmarks: Float32[ndarray, "33 2"]
    visibility: Float32[ndarray, " 33"]
    aligning: Float32[ndarray, "2 2"]
    presence: float

    @property
    def diameter(self) -> float:
        """That of the circle around the body, seen or not, in pixels of the frame."""
        hips, circle = self.aligning
        return 2 * float(np.linalg.norm(circle - hips))


class PoseNetworks:
    """The two networks of the body.

    Args:
        detector: float32 ``input_1`` [1 224 224 3] in -1..1 -> ``Identity`` [1 2254 12] and
            ``Identity_1`` [1 2254 1], as ``decode_ssd`` takes them.
        landmarks: float32 ``input_1`` [1 256 256 3] in 0..1 -> the ``POSE_OUTPUTS``: [1 195], 39
            landmarks as (x, y, depth, visibility, presence); [1 1], a score; [1 64 64 39], logits.

    Raises:
        EngineError: If an engine is not of its kind.
    """

    def __init__(self, detector: Engine, landmarks: Engine) -> None:
        require(detector, _DETECTOR_CONTRACT, role="pose detector")
        require(landmarks, _LANDMARK_CONTRACT, role="pose landmarks")
        self._detector = detector
        self._landmarks = landmarks

    def locate(
        self, image: UInt8[ndarray, "H W 3"], box_xyxy: Float32[ndarray, " 4"] | None = None
    ) -> Region | None:
        """Return the region of a person, or None if the detector sees nobody.

        Args:
            image: The frame.
            box_xyxy: Whom to look for: one whose shoulders are in this box. The person that is most
                clearly seen in the whole frame by default.
        """
        height, width = image.shape[:2]
        whole = Region(width / 2, height / 2, float(max(width, height)))
        region = whole if box_xyxy is None else _around(box_xyxy)
        cut = crop(image, region, _DETECTOR_PX, border="zero")
        out = self._detector.run({"input_1": cut.scaled(-1.0, 1.0)})
        raw = decode_ssd(
            np.asarray(out["Identity"], np.float32)[0],
            np.asarray(out["Identity_1"], np.float32)[0, :, 0],
            _DETECTOR_ANCHORS,
            size_px=_DETECTOR_PX,
            min_score=_MIN_DETECTION,
        )
        found = weighted_nms(raw, max_iou=_MAX_IOU)
        for hips, circle, shoulders in cut.project(found.points)[:, 2:5]:
            if box_xyxy is None or _inside(shoulders[None], box_xyxy).all():
                return pointing(hips, circle, up=True, scale=_SCALE)
        return None

    def fit(self, image: UInt8[ndarray, "H W 3"], region: Region) -> Pose:
        """Lay the body into a region; its ``presence`` says whether somebody is there."""
        cut = crop(image, region, _LANDMARK_PX)
        out = self._landmarks.run({"input_1": cut.scaled(0.0, 1.0)})
        raw = np.asarray(out["Identity"], np.float32).reshape(_ALL_LANDMARKS, 5)[: _ALIGNING.stop]
        maps = np.asarray(out["Identity_3"], np.float32)[0]
        refined = refine(raw[:, :2] / np.float32(_LANDMARK_PX), maps) * np.float32(_LANDMARK_PX)
        placed = cut.project(refined)
        return Pose(
            landmarks=placed[:LANDMARKS],
            visibility=sigmoid(raw[:LANDMARKS, 3]),
            aligning=placed[_ALIGNING],
            presence=np.asarray(out["Identity_1"], np.float32).item(),
        )


class PoseTrack:
    """One person's body from frame to frame.

    Args:
        networks: Shared.
    """

    def __init__(self, networks: PoseNetworks) -> None:
        self._networks = networks
        self._region: Region | None = None
        self._alignment = OneEuro(_ALIGNMENT)

    def find(
        self,
        image: UInt8[ndarray, "H W 3"],
        time_s: float,
        box_xyxy: Float32[ndarray, " 4"] | None = None,
    ) -> Pose | None:
        """Return the body in the next frame, or None if it is not there.

        Args:
            image: The frame.
            time_s: Media time.
            box_xyxy: Where the person is; None if the frame shows one person.
        """
        followed = self._region is not None
        region = self._region or self._networks.locate(image, box_xyxy)
        pose = None if region is None else self._networks.fit(image, region)
        if pose is not None and followed and box_xyxy is not None and _elsewhere(pose, box_xyxy):
            self._forget()
            region = self._networks.locate(image, box_xyxy)
            pose = None if region is None else self._networks.fit(image, region)
        if pose is None or pose.presence < _MIN_PRESENCE:
            self._forget()
            return None
        self._region = self._next_region(pose, time_s)
        return pose

    def _next_region(self, pose: Pose, time_s: float) -> Region:
        steady = self._alignment.filter(pose.aligning, time_s, unit=pose.diameter)
        return pointing(steady[0], steady[1], up=True, scale=_SCALE)

    def _forget(self) -> None:
        self._region = None
        self._alignment.restart()


def _around(box_xyxy: Float32[ndarray, " 4"]) -> Region:
    x1, y1, x2, y2 = box_xyxy.tolist()
    return Region((x1 + x2) / 2, (y1 + y2) / 2, max(x2 - x1, y2 - y1) * _BOX_SCALE)


def _inside(
    points: Float32[ndarray, "N 2"], box_xyxy: Float32[ndarray, " 4"]
) -> Bool[ndarray, " N"]:
    low, high = box_xyxy[:2], box_xyxy[2:]
    inside: Bool[ndarray, " N"] = np.all((points >= low) & (points <= high), axis=1)
    return inside


def _elsewhere(pose: Pose, box_xyxy: Float32[ndarray, " 4"]) -> bool:
    """Return whether most of what is seen of the body lies outside the person's box."""
    seen = pose.landmarks[pose.visibility > _VISIBLE]
    grown = box_xyxy + np.float32(0.1) * np.tile(box_xyxy[2:] - box_xyxy[:2], 2) * np.array(
        [-1, -1, 1, 1], np.float32
    )
    return bool(len(seen)) and float(_inside(seen, grown).mean()) < _MIN_INSIDE
