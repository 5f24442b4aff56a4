"""The body: 33 landmarks in a turned square, which follows the body from frame to frame.

Two traps lie here. The square follows two auxiliary landmarks, the middle of the hips and a point
on the circle around the body, through a one-euro filter that MediaPipe never switches off: without
it the square wanders, and the nose with it, by five times as much. And the landmarks are only rough
before they are refined by their heat maps.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.engine import Engine
from engines.perception.contract import require
from engines.perception.keypoints.alignment import pointing
from engines.perception.keypoints.heatmap import refine
from engines.perception.keypoints.one_euro import OneEuro, OneEuroSettings
from engines.perception.keypoints.whereabouts import Whereabouts
from engines.perception.region import Region, crop
from engines.perception.ssd import decode_ssd, sigmoid, ssd_anchors, weighted_nms
from engines.spec.tensors import EngineSpec, TensorSpec

LANDMARKS: Final = 33
ANYBODY: Final = Whereabouts()
LEFT_WRIST: Final = 15
RIGHT_WRIST: Final = 16
FACE: Final = slice(0, 11)
"""Nose, eyes, ears, corners of the mouth."""

RETRY_S: Final = 0.1
RETRY_AT_MOST_S: Final = 1.0
"""A person whose body was not found is looked at again after the first of these, then after twice
the time, up to the second: some hide it for minutes, and some are chairs, and to look costs twice
what following does. The only person in a frame is always worth it."""

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
        self, image: UInt8[ndarray, "H W 3"], person: Whereabouts = ANYBODY
    ) -> Iterator[Region]:
        """Find the regions that may hold a person's body, the most likely first.

        Args:
            image: The frame.
            person: Whom to look for; by default who is most clearly seen in the whole frame.

        Yields:
            Where the body may be; the detector looks on only as far as it is asked to.
        """
        height, width = image.shape[:2]
        for square in person.squares(width=width, height=height):
            for top_left, bottom_right, hips, circle, shoulders in self._detect(image, square):
                # the detector's box is that of the head
                if person.may_be_at((top_left + bottom_right) / 2, shoulders):
                    yield pointing(hips, circle, up=True, scale=_SCALE)

    def _detect(self, image: UInt8[ndarray, "H W 3"], square: Region) -> Float32[ndarray, "N 5 2"]:
        cut = crop(image, square, _DETECTOR_PX, border="zero")
        out = self._detector.run({"input_1": cut.scaled(-1.0, 1.0)})
        raw = decode_ssd(
            np.asarray(out["Identity"], np.float32)[0],
            np.asarray(out["Identity_1"], np.float32)[0, :, 0],
            _DETECTOR_ANCHORS,
            size_px=_DETECTOR_PX,
            min_score=_MIN_DETECTION,
        )
        return cut.project(weighted_nms(raw, max_iou=_MAX_IOU).points)[:, :5]

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
        self._again_s = -math.inf
        self._retry_s = RETRY_S

    def find(
        self, image: UInt8[ndarray, "H W 3"], time_s: float, person: Whereabouts = ANYBODY
    ) -> Pose | None:
        """Return the body in the next frame, or None if it is not there.

        Args:
            image: The frame.
            time_s: Media time.
            person: Whose body is meant; by default that of the only person in the frame.
        """
        if self._region is None and person.is_known and time_s < self._again_s:
            return None
        for region in self._regions(image, person):
            pose = self._networks.fit(image, region)
            if pose.presence >= _MIN_PRESENCE and _is_body_of(pose, person, image):
                self._region = self._next_region(pose, time_s)
                self._retry_s = RETRY_S
                return pose
            if not person.is_known:
                break  # Holistic gives the frame up
        self._forget()
        self._again_s = time_s + self._retry_s
        self._retry_s = min(2 * self._retry_s, RETRY_AT_MOST_S)
        return None

    def _regions(self, image: UInt8[ndarray, "H W 3"], person: Whereabouts) -> Iterator[Region]:
        if self._region is not None:
            yield self._region
            self._alignment.restart()  # that was not the body: what follows is a new beginning
        yield from self._networks.locate(image, person)

    def _next_region(self, pose: Pose, time_s: float) -> Region:
        steady = self._alignment.filter(pose.aligning, time_s, unit=pose.diameter)
        return pointing(steady[0], steady[1], up=True, scale=_SCALE)

    def _forget(self) -> None:
        self._region = None
        self._alignment.restart()


def _is_body_of(pose: Pose, person: Whereabouts, image: UInt8[ndarray, "H W 3"]) -> bool:
    height, width = image.shape[:2]
    in_frame = np.all((pose.landmarks >= 0) & (pose.landmarks < [width, height]), axis=1)
    seen = pose.landmarks[in_frame & (pose.visibility > _VISIBLE)]
    return person.holds(pose.landmarks[FACE].mean(axis=0), seen)
