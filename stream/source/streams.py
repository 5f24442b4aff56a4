"""Which streams of a container are decoded: its best picture, its best sound, and nothing else.

What is left out is not even demuxed where FFmpeg can help it: the other qualities of a playlist are
not fetched, and where only the sound is wanted the picture of a film is not read.
"""

from dataclasses import dataclass

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.container.streams import StreamContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from stream.source.failures import no_picture, no_sound
from stream.source.spec import SourceSpec
from stream.source.timeline import Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The streams of one container that are decoded; at least one.

    Attributes:
        video: The pictures; None if there are none that can be shown, or they are not wanted.
        audio: The sound; None if there is none that can be decoded, or it is not wanted.
    """

    video: VideoStream | None
    audio: AudioStream | None

    @property
    def watched(self) -> Medium:
        """The medium by which a source is alive: its picture, or its sound where it has no other.

        A picture that stands still while the sound goes on is a fault, and its source is reopened;
        silence beside a moving picture is not.
        """
        return "audio" if self.video is None else "video"

    @property
    def chosen(self) -> list[VideoStream | AudioStream]:
        """Both, as far as they are there."""
        return [stream for stream in (self.video, self.audio) if stream is not None]


def choose_streams(
    container: InputContainer, spec: SourceSpec, *, pictures: bool, sound: bool
) -> Streams:
    """Choose the streams to decode, and have the others left out.

    Args:
        container: The source, open.
        spec: What it is called in an error.
        pictures: True if its pictures are wanted.
        sound: True if its sound is wanted.

    Raises:
        SourceFormatError: If there is nothing in it of what is wanted.
    """
    streams = container.streams
    video = _best_picture(streams) if pictures else None
    audio = _best_sound(streams) if sound else None
    if video is None and audio is None:
        fault = no_picture if pictures else no_sound
        raise fault(spec, [_described(stream) for stream in streams])
    found = Streams(video=video, audio=audio)
    for stream in streams:
        if stream not in found.chosen:
            stream.discard = Discard.all
    return found


def _best_picture(streams: StreamContainer) -> VideoStream | None:
    best = streams.best("video")
    for video in (best, *streams.video):
        if isinstance(video, VideoStream) and _can_be_shown(video):
            return video
    return None


def _best_sound(streams: StreamContainer) -> AudioStream | None:
    audio = streams.best("audio")
    return audio if isinstance(audio, AudioStream) and _can_be_decoded(audio) else None


def _can_be_decoded(stream: Stream) -> bool:
    # PyAV's stub forgets that there is no context where FFmpeg has no decoder.
    return getattr(stream, "codec_context", None) is not None


def _can_be_shown(video: VideoStream) -> bool:
    """Return False for the cover of an album, which is a stream of pictures too."""
    return _can_be_decoded(video) and not video.disposition & Disposition.attached_pic


def _described(stream: Stream) -> str:
    codec = stream.codec_context.name if _can_be_decoded(stream) else "unknown codec"
    return f"{stream.type} ({codec})"
