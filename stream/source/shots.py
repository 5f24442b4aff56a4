"""Cuts of the picture, found on a shrunken copy of every decoded frame.

PySceneDetect's content score alone cannot tell all cuts from all motion: between two speakers of
the GRID corpus it is 15.0, and where somebody walks past the camera of
one-by-one-person-detection.mp4 a key frame makes it 14.9. But a cut stands out from the frames
before it, and motion does not, so both are asked for: the threshold, and a multiple of what went
before.
"""

from collections import deque

import cv2
from numpy import ndarray
from scenedetect.common import FrameTimecode
from scenedetect.detectors import ContentDetector

from stream.config import ShotConfig

STANDS_OUT = 2.0
"""How many times the mean score of the frames before it a cut has; motion reached 1.8, the
weakest cut 7."""
FRAMES_BEFORE = 3
_NOMINAL_FPS = 25.0  # FrameTimecode wants one; times are given in seconds


class ShotDetector(ContentDetector):  # type: ignore[misc]  # scenedetect ships no types
    """Tells at which frames a new shot starts.

    Args:
        config: Threshold, width of the copy, how close two cuts may be.
    """

    def __init__(self, config: ShotConfig) -> None:
        super().__init__(threshold=config.threshold, min_scene_len=0)
        self._config = config
        self._before: deque[float] = deque(maxlen=FRAMES_BEFORE)
        self._shape: tuple[int, ...] | None = None
        self._cut_s: float | None = None

    def forget(self) -> None:
        """Compare the next frame with none before it: something else than a cut lies between."""
        self._last_frame = None
        self._before.clear()

    def is_cut(self, image: ndarray, time_s: float) -> bool:
        """Return True if a new shot starts with this frame.

        Args:
            image: UInt8[H W 3]; the order of the colours does not matter.
            time_s: Media time; it grows, also over epochs.
        """
        if image.shape != self._shape:
            self.forget()  # a change of size is an encoder's doing, not a cut
            self._shape = image.shape
        timecode = FrameTimecode(max(time_s, 0.0), fps=_NOMINAL_FPS)
        score: float = self._calculate_frame_score(timecode, self._shrink(image))
        if not self._is_out_of_the_ordinary(score):
            self._before.append(score)
            return False
        # A flash, or a cut that takes two frames, scores twice: it is one cut.
        is_one_more = self._cut_s is None or time_s - self._cut_s >= self._config.min_distance_s
        if is_one_more:
            self._cut_s = time_s
        return is_one_more

    def _is_out_of_the_ordinary(self, score: float) -> bool:
        if score < self._config.threshold:
            return False
        return not self._before or score >= STANDS_OUT * sum(self._before) / len(self._before)

    def _shrink(self, image: ndarray) -> ndarray:
        """Return the copy: first to twice its size without a filter, which costs nothing."""
        height, width = image.shape[:2]
        small_w = self._config.width_px
        small_h = max(round(small_w * height / width), 1)
        twice = cv2.resize(image, (2 * small_w, 2 * small_h), interpolation=cv2.INTER_LINEAR)
        return cv2.resize(twice, (small_w, small_h), interpolation=cv2.INTER_AREA)
