"""The decoder of one stream's pictures: on a card where that is wanted and can be had.

What a card decoded is brought to the host, and its colours laid apart again (NV12 is YUV 4:2:0 with
the two interleaved): so it becomes the same picture, bit by bit, as what software decodes. A card
that is not there, that cannot decode the stream or that fails under way is given up for this
connection: software goes on with the same packet if that is a key frame, else from the next one.
FFmpeg's own way back to software is not used, since it happens without a word.

The decoder of the card is made beside that of the container, which stays as it was opened: so the
source needs not be opened again. All of this was held against cards that are missing or fail; it
never ran on one.
"""

import logging
from collections.abc import Callable
from typing import Final

import av
from av.codec.codec import Codec
from av.codec.context import CodecContext
from av.codec.hwaccel import HWAccel
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from stream.source.failures import reason_of

log = logging.getLogger(__name__)

SOFTWARE: Final = "software"
AUTO: Final = "auto"
CUDA: Final = "cuda"
NATIVE: Final = {"libdav1d": "av1"}
"""Decoders that know no card, and those of the same codec that do."""
PLANAR: Final = {"nv12": "yuv420p", "p010le": "yuv420p10le"}
"""What a card gives, and the same in planes. FFmpeg turns planes into a picture otherwise than it
does pairs of colours, up to six levels of 255 apart."""
LONGEST_WAIT: Final = 250
"""So many packets at most are passed over for a key frame: some encoders never send another, and
FFmpeg then begins where it can."""
CONTEXTS: Final[tuple[dict[str, object], ...]] = ({"primary_ctx": "1"}, {})
"""All sources share the process's context on a card; one of its own where that was made by somebody
who set it up otherwise. A context takes hundreds of MB."""


class VideoDecoder:
    """Decodes the packets of one stream.

    Args:
        stream: The stream, whose own decoder is software.
        decode: As ``SourceConfig.decode``.
        damaged: Told of each picture that is lost, and why.

    Attributes:
        note: Why software decodes although a card was asked for, or began to; None if not so.
    """

    def __init__(self, stream: VideoStream, decode: str, *, damaged: Callable[[str], None]) -> None:
        self.note: str | None = None
        self._software = stream.codec_context
        self._damaged = damaged
        self._owed = 0  # packets that the card took and gave no picture for, so far
        self._begun = False
        self._waits = 0
        self._card = self._on_card(decode)
        self._reformatter = VideoReformatter()

    def decode(self, packet: "Packet[Stream]") -> list[VideoFrame]:
        """Return the pictures that a packet completes.

        Raises:
            av.FFmpegError: If the packet is damaged.
        """
        if self._card is not None:
            try:
                return self._taken(self._card.decode(packet))
            except av.FFmpegError as error:
                if not self._is_the_card(error, packet):
                    raise
                self._give_up(error)
        if packet.is_keyframe:
            self._waits = 0
        if self._waits:
            self._waits -= 1
            self._damaged("a picture that rests on what the card had decoded")
            return []
        return self._software.decode(packet)

    def flush(self) -> list[VideoFrame]:
        """Return what was held back, at the end of the stream.

        Raises:
            av.FFmpegError: If it cannot be decoded.
        """
        if self._card is None:
            return [] if self._waits else self._software.decode(None)
        try:
            return self._taken(self._card.decode(None))
        except av.FFmpegError as error:
            self._give_up(error)
            return []

    def _on_card(self, decode: str) -> VideoCodecContext | None:
        if decode == SOFTWARE:
            return None
        device = decode.partition(":")[2] or "0"
        try:
            context = card_decoder(self._software, device)
        except av.FFmpegError as error:
            why = f"cuda:{device}: {reason_of(error)} (is there a card, and its driver?)"
        else:
            if context is not None:
                return context
            why = f"cuda:{device}: FFmpeg decodes no {self._software.codec.name} on a card"
        if decode == AUTO:
            log.info("decoded in software: %s", why)
        else:
            self.note = f"decoded in software: {why}"
        return None

    def _is_the_card(self, error: av.FFmpegError, packet: "Packet[Stream]") -> bool:
        """Return whether an error is the card's, not the packet's, which software would meet too.

        A card that cannot decode a stream calls it invalid, too: at its first key frame.
        """
        if not isinstance(error, av.error.InvalidDataError):
            return True
        return not self._begun and bool(packet.is_keyframe)

    def _taken(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        self._owed = max(self._owed + 1 - len(frames), 0)
        self._begun = self._begun or bool(frames)
        return [self._planar(frame) for frame in frames]

    def _planar(self, frame: VideoFrame) -> VideoFrame:
        name = PLANAR.get(frame.format.name)
        return frame if name is None else self._reformatter.reformat(frame, format=name, threads=1)

    def _give_up(self, error: av.FFmpegError) -> None:
        what = "failed under way" if self._begun else "cannot decode it"
        self.note = f"decoded in software: the card {what}: {reason_of(error)}"
        for _ in range(self._owed):
            self._damaged("a picture that the card held")
        self._card, self._waits = None, LONGEST_WAIT


def card_decoder(software: VideoCodecContext, device: str) -> VideoCodecContext | None:
    """Return a decoder of the same stream on a card; None if FFmpeg has none for its codec.

    Args:
        software: The decoder of the container.
        device: The number of the card.

    Raises:
        av.FFmpegError: If the card cannot be had.
    """
    name = software.codec.name
    codec = Codec(NATIVE.get(name, name), "r")
    for options in CONTEXTS[:-1]:
        try:
            return beside(software, codec, _on(device, options))
        except av.FFmpegError as error:
            log.debug("cuda:%s with %s: %s", device, options, reason_of(error))
    return beside(software, codec, _on(device, CONTEXTS[-1]))


def beside(
    software: VideoCodecContext, codec: Codec, card: HWAccel | None
) -> VideoCodecContext | None:
    """Return another decoder for the packets of one; None if it should use a card and does not."""
    context = CodecContext.create(codec, "r", hwaccel=card)
    if not isinstance(context, VideoCodecContext) or (card is not None and not context.is_hwaccel):
        return None
    context.extradata = software.extradata
    context.thread_count = software.thread_count
    context.flags = software.flags
    return context


def _on(device: str, options: dict[str, object]) -> HWAccel:
    return HWAccel(CUDA, device=device, allow_software_fallback=False, options=options)
