"""The decoder of one connection: packets in, pictures and sound out, each with its timestamp.

What cannot be decoded is skipped and counted: a damaged packet costs a picture, not the stream.
Decoding uses one thread: 720p costs 1.4 ms a picture, and a pool that spins costs the engines more
than it saves.
"""

import logging
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8
from numpy import ndarray

from stream.source.failures import reason_of
from stream.source.picture import Deinterlacer, PictureMaker
from stream.source.streams import Streams
from stream.source.timeline import JUMP_S, Medium
from stream.source.video_decoder import SOFTWARE, VideoDecoder

log = logging.getLogger(__name__)

DECODE_THREADS = 1
MICROSECONDS = 1_000_000
OLDEST_CAPTURE_UNIX_S = 1_577_836_800.0
"""2020-01-01: a camera that says something earlier has a clock that was never set."""
NOMINAL_RATE_HZ = 25.0
"""Of a source that does not tell its own, or tells the rate of its clock."""
HIGHEST_RATE_HZ = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One decoded picture on the clock of its container.

    Attributes:
        pts_s: Its timestamp; None where there is none.
        duration_s: How long it is shown, as far as is known.
        captured_at: When the camera took it, Unix seconds; None where the stream does not say.
        arrived_s: When the decoder gave it, seconds of the monotonic clock.
        image: Red, green, blue; read-only.
        after_damage: True if packets before it could not be decoded.
    """

    medium: ClassVar[Medium] = "video"

    pts_s: float | None
    duration_s: float
    captured_at: float | None
    arrived_s: float
    image: UInt8[ndarray, "H W 3"]
    after_damage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSound:
    """One decoded stretch of sound on the clock of its container, as the source has it.

    Attributes:
        pts_s: Its timestamp; None where there is none.
        arrived_s: When the decoder gave it, seconds of the monotonic clock.
        frame: The sound.
        packet_crc: Of the packet that it came with; 0 for what was held back to the end.
    """

    medium: ClassVar[Medium] = "audio"

    pts_s: float | None
    arrived_s: float
    frame: AudioFrame
    packet_crc: int = 0


Decoded = Picture | RawSound


class Decoder:
    """Decodes the packets of one connection, and closes with it.

    Args:
        streams: What is decoded.
        low_delay: True to ask the decoders to hold nothing back.
        now: The monotonic clock, in seconds.
        decode: As ``SourceConfig.decode``.

    Attributes:
        damaged: How many packets and pictures could not be decoded.
        interval_s: How long a picture lasts that does not tell it.
    """

    def __init__(
        self, streams: Streams, *, low_delay: bool, now: Callable[[], float], decode: str = SOFTWARE
    ) -> None:
        video = streams.video
        self._streams = streams
        self._now = now
        self._pictures = PictureMaker("" if video is None else video.codec_context.name)
        self._deinterlacer = Deinterlacer()
        self._wall_s: float | None = None  # Unix time of timestamp 0
        self._last_pts_s: float | None = None
        self._fresh_damage = False
        self.interval_s = 0.0 if video is None else _interval_s(video)
        self.damaged = 0
        for stream in streams.chosen:
            stream.codec_context.thread_count = DECODE_THREADS
            stream.codec_context.flags |= Flags.low_delay if low_delay else 0
        self._video = (
            None if video is None else VideoDecoder(video, decode, damaged=self.note_damage)
        )

    def decode(self, packet: "Packet[Stream]") -> list[Decoded]:
        """Return what a packet completes."""
        if packet.is_corrupt:
            self.note_damage("a corrupt packet")
        if packet.stream is self._streams.video and packet.has_sidedata("prft"):
            self._read_wall_time(packet)
        crc = zlib.crc32(packet) if packet.stream is self._streams.audio else 0
        try:
            return self._give(self._frames(packet), crc)
        except av.FFmpegError as error:
            self.note_damage(reason_of(error))
            return []

    def flush(self) -> list[Decoded]:
        """Return what was held back, at the end of a source."""
        out: list[Decoded] = []
        for stream in self._streams.chosen:
            try:
                out += self._give(self._rest(stream))
            except av.FFmpegError as error:
                self.note_damage(reason_of(error))
        return out + [self._picture(frame) for frame in self._deinterlacer.flush()]

    @property
    def decoding_note(self) -> str | None:
        """Why software decodes although a card was asked for; None if not so."""
        return None if self._video is None else self._video.note

    def note_wall_time(self, pts_s: float, captured_at: float) -> None:
        """Learn when what has a timestamp was captured: it tells for the ones after it, too."""
        self._wall_s = captured_at - pts_s

    def note_damage(self, what: str) -> None:
        """Count something that could not be decoded."""
        self.damaged += 1
        self._fresh_damage = True
        log.debug("skipped in a source of %s: %s", self._streams.watched, what)

    def _frames(self, packet: "Packet[Stream]") -> Sequence[object]:
        if self._video is not None and packet.stream is self._streams.video:
            return self._video.decode(packet)
        return packet.decode()

    def _rest(self, stream: VideoStream | AudioStream) -> Sequence[object]:
        if self._video is not None and stream is self._streams.video:
            return self._video.flush()
        return stream.decode(None)

    def _give(self, frames: Sequence[object], packet_crc: int = 0) -> list[Decoded]:
        out: list[Decoded] = []
        for frame in frames:
            if isinstance(frame, AudioFrame):
                if frame.samples and frame.sample_rate:
                    out.append(self._sound(frame, packet_crc))
            elif isinstance(frame, VideoFrame):
                if frame.is_corrupt:
                    self.note_damage("a corrupt picture")
                else:
                    out += [self._picture(whole) for whole in self._deinterlacer.add(frame)]
        return out

    def _sound(self, frame: AudioFrame, packet_crc: int) -> RawSound:
        return RawSound(
            pts_s=_pts_s(frame), arrived_s=self._now(), frame=frame, packet_crc=packet_crc
        )

    def _picture(self, frame: VideoFrame) -> Picture:
        arrived_s = self._now()
        pts_s = _pts_s(frame)
        captured_at = self._captured_at(pts_s)
        after_damage, self._fresh_damage = self._fresh_damage, False
        return Picture(
            pts_s=pts_s,
            duration_s=_duration_s(frame) or self.interval_s,
            captured_at=captured_at,
            arrived_s=arrived_s,
            image=self._pictures.picture(frame, self._pixel_aspect),
            after_damage=after_damage,
        )

    @property
    def _pixel_aspect(self) -> Fraction | None:
        video = self._streams.video
        return None if video is None else video.sample_aspect_ratio

    def _captured_at(self, pts_s: float | None) -> float | None:
        if pts_s is None:
            return None
        if self._last_pts_s is not None and abs(pts_s - self._last_pts_s) > JUMP_S:
            self._wall_s = None  # a new clock; RTCP tells again, a playlist does not
        self._last_pts_s = pts_s
        return None if self._wall_s is None else pts_s + self._wall_s

    def _read_wall_time(self, packet: "Packet[Stream]") -> None:
        """Learn the capture time that RTCP tells: its reports tie the two clocks together."""
        at_us, _ = struct.unpack_from("<qi", bytes(packet.get_sidedata("prft")))
        captured_at = at_us / MICROSECONDS
        if packet.pts is not None and captured_at >= OLDEST_CAPTURE_UNIX_S:
            self.note_wall_time(float(packet.pts * packet.time_base), captured_at)


def _interval_s(video: VideoStream) -> float:
    for rate in (video.average_rate, video.guessed_rate):
        if rate and rate <= HIGHEST_RATE_HZ:
            return float(1 / rate)
    return 1 / NOMINAL_RATE_HZ


def _pts_s(frame: VideoFrame | AudioFrame) -> float | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)


def _duration_s(frame: VideoFrame) -> float:
    return float(frame.duration * frame.time_base) if frame.time_base else 0.0
