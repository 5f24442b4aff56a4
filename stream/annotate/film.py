"""An MP4 file that grows as pictures and sound come: H.264 and AAC, each with its own time.

Pictures lie at their media time: a camera's changing rate and dropped frames stay what they were.
The sound is what the monitor heard, 16 kHz mono, and not the source's own: a live source can be
opened only once, and this one is aligned with the pictures to the sample already.

The file is written in fragments and made an ordinary one at its end ('hybrid' fragments): of a run
that was killed, what it had written can be played.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from jaxtyping import UInt8
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ, Sound
from stream.annotate.soundtrack import SoundTrack
from stream.errors import AnnotatedVideoError

TICKS_HZ: Final = 90_000  # of the pictures' clock: every usual rate is a whole number of them
NOMINAL_RATE: Final = 25  # only a hint to the encoder; the times say what is true
ENCODER: Final = {
    "preset": "veryfast",  # a fifth of the usual time, for a tenth more bytes
    "crf": "20",  # thin lines and letters stay sharp
    "g": "50",  # a key frame every two seconds: a player can jump, a fragment is short
    "threads": "1",  # a pool would fight the engines'
}
CONTAINER: Final = {
    # a fragment a key frame; the first is written when it is known where each track starts
    "movflags": "hybrid_fragmented+frag_keyframe+delay_moov",
    "use_editlist": "1",  # without it the encoders' start-up delays would show
    "flush_packets": "1",
}

HD_HEIGHT_PX: Final = 720  # from here on a picture's colours are BT.709, below BT.601
BT709: Final = 1  # ISO/IEC 23091-2: the same number for matrix, primaries and transfer
BT601: Final = 6


class Film:
    """The file, open from its making until it is closed; used by one thread.

    Args:
        path: Where it goes, what is there is replaced; or a file open for writing, such as memory.
        height: Of the first picture; a later one of another size is fitted in.
        width: Of the first picture.
        start_s: The media time of the first picture; sound before it is left out.
        has_sound: Whether it gets a sound track.

    Raises:
        AnnotatedVideoError: By every call, if the file cannot be written.
    """

    def __init__(
        self, path: Path | BinaryIO, *, height: int, width: int, start_s: float, has_sound: bool
    ) -> None:
        self._path = path
        self._start_s = start_s
        self._last_tick = -1
        self._closed = False
        # H.264 halves the colours' resolution: both sides are even
        self._height, self._width = height + height % 2, width + width % 2
        with self._writing():
            self._container = av.open(path, "w", format="mp4", options=CONTAINER)
            self._video = self._add_video()
            self._sound = SoundTrack(self._add_audio(), start_s) if has_sound else None

    def show(self, image: UInt8[ndarray, "H W 3"], time_s: float) -> None:
        """Add a picture; times grow."""
        tick = round((time_s - self._start_s) * TICKS_HZ)
        self._last_tick = max(tick, self._last_tick + 1)
        frame = VideoFrame.from_ndarray(self._fitted(image), format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709 if self._is_hd else Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = self._last_tick, Fraction(1, TICKS_HZ)
        with self._writing():
            self._container.mux(self._video.encode(frame))

    def hear(self, sound: Sound) -> None:
        """Add sound; a film without a track for it leaves it out."""
        if self._sound is None:
            return
        with self._writing():
            for packet in self._sound.add(sound):
                self._container.mux(packet)

    def close(self) -> None:
        """Write what the encoders hold and make the file a whole one; once is enough.

        A film that could not be written is left as it is: what there is of it can be played.
        """
        if self._closed:
            return
        self._closed = True
        with self._writing(), self._container:
            self._container.mux(self._video.encode())
            for packet in self._sound.finish() if self._sound is not None else ():
                self._container.mux(packet)

    @property
    def _is_hd(self) -> bool:
        return self._height >= HD_HEIGHT_PX

    def _add_video(self) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=NOMINAL_RATE, options=ENCODER)
        stream.width, stream.height = self._width, self._height
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS_HZ)
        context.color_range = ColorRange.MPEG
        colours = BT709 if self._is_hd else BT601
        context.colorspace = context.color_primaries = context.color_trc = colours
        return stream

    def _add_audio(self) -> AudioStream:
        return self._container.add_stream("aac", rate=SOUND_RATE_HZ, layout="mono")

    def _fitted(self, image: UInt8[ndarray, "H W 3"]) -> UInt8[ndarray, "h w 3"]:
        """Return a picture of the film's size: another one as large as it fits, on black."""
        height, width = image.shape[:2]
        missing = self._height - height, self._width - width
        if all(lines in {0, 1} for lines in missing):  # the row or column that makes a side even
            return _bordered(image, (0, missing[0]), (0, missing[1]), cv2.BORDER_REPLICATE)
        scale = min(self._height / height, self._width / width)
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
        top, left = (self._height - height) // 2, (self._width - width) // 2
        rows, columns = (top, self._height - height - top), (left, self._width - width - left)
        return _bordered(image, rows, columns, cv2.BORDER_CONSTANT)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, OSError) as error:
            # FFmpeg crashes where it is to finish a file that it could not write
            self._closed = True
            reason = error.strerror or str(error)
            msg = f"{self._path}: the annotated video cannot be written: {reason}"
            raise AnnotatedVideoError(msg) from error


def _bordered(
    image: UInt8[ndarray, "H W 3"], rows: tuple[int, int], columns: tuple[int, int], kind: int
) -> UInt8[ndarray, "h w 3"]:
    """Return a picture with so many rows above and below, and columns left and right, added."""
    if not any(rows + columns):
        return image
    bordered: UInt8[ndarray, "h w 3"] = cv2.copyMakeBorder(image, *rows, *columns, kind)
    return bordered
