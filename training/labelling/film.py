"""A clip made into the film that a model is sent: small, without faces or sound if so asked.

It is always written anew: then nothing goes along that nobody looks at (where it was filmed, when
and by what, other tracks), any format that can be read can be sent, and what is held back is not in
it. The same clip gives the same bytes, which an answer is stored under.
"""

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame

from engines.spec.frame import SOUND_RATE_HZ, Sound
from stream.annotate.film import Film
from stream.errors import AnnotatedVideoError
from stream.source.picture import PictureMaker
from training.errors import DatasetError
from training.labelling.blur import FaceBlur
from training.labelling.frames import MICROSECONDS, Image, made_small
from training.labelling.question import Video
from training.labelling.veil import Timed, Veil

PICTURES_HZ: Final = 10.0
"""Of the film: models look at one a second, or a few; each costs time where faces are hidden."""
LONGEST_S: Final = 3600.0
"""What a model of a million tokens takes in, by its provider's word."""


def make_film(
    path: Path, *, side_px: int, hz: float, blur: FaceBlur | None, has_sound: bool
) -> Video:
    """Return a clip as a film, in memory: nothing of it stays behind on a disk. It blocks.

    Args:
        path: The clip.
        side_px: Of the longer side; a smaller picture stays as it is.
        hz: How many pictures of a second the model is to look at.
        blur: Hides faces; None shows them.
        has_sound: Whether it keeps its sound, if it has any.

    Raises:
        DatasetError: If it has no picture that can be read, does not say how long it is, or is
            too long.
    """
    try:
        with closing(av.open(str(path), options={"pattern_type": "none"})) as clip:
            length_s = _length_s(path, clip)
            has_sound = has_sound and bool(clip.streams.audio)
            mp4 = _written(path, clip, side_px=side_px, blur=blur, has_sound=has_sound)
    except (av.FFmpegError, AnnotatedVideoError, ValueError) as error:
        msg = f"{path}: cannot be made into a film: {error}"
        raise DatasetError(msg) from error
    return Video(mp4=mp4, duration_s=length_s, has_sound=has_sound, hz=hz)


def _length_s(path: Path, clip: av.container.InputContainer) -> float:
    if not clip.streams.video:
        msg = f"{path}: no picture in it; expected a film"
        raise DatasetError(msg)
    length_s = (clip.duration or 0) / MICROSECONDS
    if length_s <= 0:
        msg = f"{path}: it does not say how long it is; write it anew with FFmpeg"
        raise DatasetError(msg)
    if length_s > LONGEST_S:
        msg = f"{path}: {length_s:.0f} s long: expected {LONGEST_S:g} s or less; cut it"
        raise DatasetError(msg)
    return length_s


def _written(
    path: Path,
    clip: av.container.InputContainer,
    *,
    side_px: int,
    blur: FaceBlur | None,
    has_sound: bool,
) -> bytes:
    """Write pictures and sound to memory, and return it."""
    veil = Veil(blur)
    with _Writing(side_px, has_sound=has_sound) as writing:
        for come in _decoded(clip, has_sound=has_sound):
            if isinstance(come, Sound):
                writing.hear(come)
            else:
                for shown in veil.add(*come):
                    writing.show(*shown)
        for shown in veil.finish():
            writing.show(*shown)
    if not writing.content:
        msg = f"{path}: no picture in it that can be decoded"
        raise DatasetError(msg)
    return writing.content


def _decoded(clip: av.container.InputContainer, *, has_sound: bool) -> Iterator[Timed | Sound]:
    """Yield sound, and as many pictures as the film gets, from the first picture's time on."""
    video = clip.streams.video[0]
    maker = PictureMaker(video.codec_context.name)
    resampler = AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE_HZ)
    begin_s, next_s = float((video.start_time or 0) * (video.time_base or 0)), 0.0
    for frame in clip.decode(video, *(clip.streams.audio[:1] if has_sound else ())):
        if isinstance(frame, AudioFrame):
            yield from _sounds(resampler, frame, begin_s)
        elif isinstance(frame, VideoFrame) and (frame.time or 0.0) - begin_s >= next_s:
            time_s = (frame.time or 0.0) - begin_s
            next_s = max(next_s + 1 / PICTURES_HZ, time_s)
            yield maker.picture(frame, video.sample_aspect_ratio), time_s


class _Writing:
    """A film that begins with its first picture; sound before it waits."""

    def __init__(self, side_px: int, *, has_sound: bool) -> None:
        self._side_px = side_px
        self._has_sound = has_sound
        self._memory = BytesIO()
        self._film: Film | None = None
        self._early: list[Sound] = []
        self.content = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._film is not None:
            self._film.close()
            self.content = self._memory.getvalue()

    def show(self, image: Image, time_s: float) -> None:
        image = made_small(image, self._side_px)
        if self._film is None:
            height, width = image.shape[:2]
            self._film = Film(
                self._memory, height=height, width=width, start_s=0.0, has_sound=self._has_sound
            )
            for sound in self._early:
                self._film.hear(sound)
            self._early.clear()
        self._film.show(image, time_s)

    def hear(self, sound: Sound) -> None:
        if self._film is None:
            self._early.append(sound)
        else:
            self._film.hear(sound)


def _sounds(resampler: AudioResampler, frame: AudioFrame, begin_s: float) -> Iterator[Sound]:
    for part in resampler.resample(frame):
        yield Sound(
            source="",
            epoch=0,
            time_s=(part.time or 0.0) - begin_s,
            arrived_s=0.0,
            samples=part.to_ndarray()[0].astype(np.float32),
        )
