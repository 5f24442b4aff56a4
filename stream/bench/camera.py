"""A camera that is not one: real pictures in a loop, the moment of drawing burnt into each.

It runs in a process of its own (``stream.child``), since encoding in ours would be measured with
the pipeline. What it sends is what a network camera sends: H.264 without B frames in MPEG-TS. Its
pictures are a few seconds of a film, decoded beforehand and played to and fro, so that no cut is
made; there is no sound.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8
from numpy import ndarray

from stream.bench.burnt_code import burn
from stream.errors import SourceFormatError

RATE_HZ: Final = 25
WIDTH_PX: Final = 640
PICTURES: Final = 50
"""Two seconds, 35 MB."""
ENCODER: Final = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}


class Camera:
    """Plays pictures to an address.

    Args:
        pictures: To be shown to and fro, all of one even size.
        out: Where to, opened.
    """

    def __init__(self, pictures: list[UInt8[ndarray, "H W 3"]], out: OutputContainer) -> None:
        height, width, _ = pictures[0].shape
        self._turn = itertools.cycle([*pictures, *pictures[-2:0:-1]])
        self._out = out
        self._stream: VideoStream = out.add_stream("libx264", rate=RATE_HZ, options=ENCODER)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = RATE_HZ
        self._stream.codec_context.time_base = Fraction(1, RATE_HZ)
        self._started_s: float | None = None
        self._shown = 0

    def play(self, seconds: float) -> int:
        """Show pictures for a while, each at its time; return how many were shown so far."""
        if self._started_s is None:
            self._started_s = time.monotonic()
        for _ in range(max(1, round(seconds * RATE_HZ))):
            due_s = self._started_s + self._shown / RATE_HZ
            time.sleep(max(0.0, due_s - time.monotonic()))
            self._show(next(self._turn))
        return self._shown

    def _show(self, picture: UInt8[ndarray, "H W 3"]) -> None:
        drawn = picture.copy()
        burn(drawn, time.monotonic())
        frame = av.VideoFrame.from_ndarray(drawn, format="rgb24")
        frame.pts = self._shown
        frame.time_base = Fraction(1, RATE_HZ)
        self._out.mux(self._stream.encode(frame))
        self._shown += 1


@contextmanager
def open_camera(film: Path, url: str) -> Iterator[Camera]:
    """Open a camera that shows the beginning of a film.

    Raises:
        SourceFormatError: If there is no picture in it.
    """
    pictures = first_pictures(film)
    with av.open(url, "w", format="mpegts", options={"flush_packets": "1"}) as out:
        yield Camera(pictures, out)


def first_pictures(film: Path) -> list[UInt8[ndarray, "H W 3"]]:
    """Return the first pictures of a film, ``WIDTH_PX`` wide.

    Raises:
        SourceFormatError: If there is none that can be decoded.
    """
    pictures: list[UInt8[ndarray, "H W 3"]] = []
    try:
        with av.open(film) as container:
            for frame in itertools.islice(container.decode(video=0), PICTURES):
                height = max(2, round(frame.height * WIDTH_PX / frame.width / 2) * 2)
                scaled = frame.reformat(width=WIDTH_PX, height=height, format="rgb24")
                pictures.append(np.ascontiguousarray(scaled.to_ndarray()))
    except (av.FFmpegError, IndexError) as error:
        msg = f"{film}: no pictures for the camera of the bench: {error}"
        raise SourceFormatError(msg) from error
    if not pictures:
        msg = f"{film}: no pictures for the camera of the bench: it has none"
        raise SourceFormatError(msg)
    return pictures
