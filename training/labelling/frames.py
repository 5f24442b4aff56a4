"""Frames of a clip, spread evenly over it: what a model that takes pictures is shown of a film."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8
from numpy import ndarray

from stream.source.picture import PictureMaker
from training.errors import DatasetError
from training.labelling.question import Picture

MICROSECONDS: Final = 1_000_000
JPEG_QUALITY: Final = 85
BACK_S: Final = (0.0, 1.0, 4.0, 16.0, math.inf)
"""Some formats (MPEG-PS) have no index, and a seek ends after the moment: then from before it."""

Image = UInt8[ndarray, "H W 3"]
Change = Callable[[Image], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Frames, and how long the clip is."""

    duration_s: float
    pictures: tuple[Picture, ...]


def sample_frames(path: Path, *, count: int, side_px: int, change: Change | None = None) -> Sampled:
    """Return frames from the middle of equal parts of a clip. It blocks.

    Args:
        path: The film.
        count: Of frames; fewer where the clip has fewer. None are read for 0.
        side_px: Of the longer side; a smaller frame stays as it is.
        change: What is done to a frame before it is made small, such as blurring faces.

    Raises:
        DatasetError: If it has no picture that can be read, or does not say how long it is.
    """
    try:
        with closing(av.open(str(path), options={"pattern_type": "none"})) as film:
            if not film.streams.video:
                msg = f"{path}: no picture in it; expected a film"
                raise DatasetError(msg)
            stream = film.streams.video[0]
            begin_s = float((stream.start_time or 0) * (stream.time_base or 0))
            length_s = (film.duration or 0) / MICROSECONDS
            if length_s <= 0:
                msg = f"{path}: it does not say how long it is; write it anew with FFmpeg"
                raise DatasetError(msg)
            maker = PictureMaker(stream.codec_context.name)
            pictures: dict[float, Picture] = {}
            for frame in _frames_at(film, stream, begin_s, length_s, count):
                image = maker.picture(frame, stream.sample_aspect_ratio)
                image = image if change is None else change(image)
                time_s = round(max((frame.time or 0.0) - begin_s, 0.0), 3)
                pictures[time_s] = Picture(time_s=time_s, jpeg=_jpeg(image, side_px))
    except (av.FFmpegError, ValueError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise DatasetError(msg) from error
    if count and not pictures:
        msg = f"{path}: no frame in it that can be decoded"
        raise DatasetError(msg)
    return Sampled(duration_s=length_s, pictures=tuple(pictures[at] for at in sorted(pictures)))


def _frames_at(
    film: av.container.InputContainer,
    stream: VideoStream,
    begin_s: float,
    length_s: float,
    count: int,
) -> Iterator[VideoFrame]:
    for place in range(count):
        found = _frame_at(film, stream, begin_s + length_s * (place + 0.5) / count, begin_s)
        if found is not None:
            yield found


def _frame_at(
    film: av.container.InputContainer, stream: VideoStream, at_s: float, begin_s: float
) -> VideoFrame | None:
    """Return what a viewer sees at a moment: the last frame that begins before it."""
    for back_s in BACK_S:
        from_s = max(at_s - back_s, begin_s - 1)
        film.seek(int(from_s * MICROSECONDS))
        found: VideoFrame | None = None
        for frame in film.decode(stream):
            late = (frame.time or 0.0) > at_s
            if not late or (found is None and from_s < begin_s):
                found = frame
            if late:
                break
        if found is not None:
            return found
    return None


def made_small(image: Image, side_px: int) -> Image:
    """Return a picture with a longer side of so many pixels; a smaller one stays as it is."""
    scale = side_px / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(round(side * scale), 1) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _jpeg(image: Image, side_px: int) -> bytes:
    small = made_small(image, side_px)
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    return bytes(encoded.tobytes())
