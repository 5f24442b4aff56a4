"""One open connection to a source, from the first byte to the last.

Every call blocks and belongs to one thread. What FFmpeg raises is translated here: a file that
breaks off gives what can be decoded, a live source raises so that it is reopened.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from stream.config import SourceConfig
from stream.source.channels import hears_apart
from stream.source.decode import MICROSECONDS, Decoded, Decoder
from stream.source.failures import (
    REFUSED_ALONE,
    StreamBrokeError,
    no_sound_alone,
    open_failure,
    reason_of,
    undecodable,
)
from stream.source.interleave import in_time_order
from stream.source.program_time import Playlist, fetch
from stream.source.spec import SourceSpec
from stream.source.srt import srt_bridge
from stream.source.streams import Streams, choose_streams
from stream.source.timeline import Medium
from stream.source.transport import Transport, is_playlist_address, transport_of, udp_transport

FIRST_S = 12.0
"""A camera with long groups of pictures sends its next key frame this late; packets that come
without one are no stall. Sound may begin late, too."""
FORMATS_WITH_LENGTH = frozenset({"matroska", "webm", "flac"})
"""Their header tells the length that was written, not one estimated from what is there."""
SLOW_PICTURES = 3
"""A source is not stalled before it has left out so many pictures, however slow it is."""


class Connection:
    """A source that is open.

    Args:
        spec: Which source.
        config: How it is opened and watched.
        now: The monotonic clock, in seconds.
        pictures: False to decode its sound alone.
    """

    def __init__(
        self,
        spec: SourceSpec,
        config: SourceConfig,
        now: Callable[[], float],
        *,
        pictures: bool = True,
    ) -> None:
        self._spec = spec
        self._config = config
        self._pictures = pictures
        self._now = now
        self._stack = ExitStack()
        self._container: InputContainer
        self._streams: Streams
        self._decoder: Decoder
        self._packets: Iterator[Packet[Stream]]
        self._hears_apart = False
        self._patience_s = 0.0
        self._silent_s = 0.0
        self._begun = False
        self._ended = False

    def open(self) -> None:
        """Open the source.

        Raises:
            SourceError: If it cannot be opened; a PassingError if it is worth trying again.
        """
        started_s = self._now()
        transport = self._transport()
        before = self._playlist()
        timeout = (self._config.open_timeout_s, transport.patience_s)
        try:
            self._container = self._stack.enter_context(
                av.open(
                    transport.target,
                    mode="r",
                    format=transport.format,
                    options=transport.options,
                    metadata_errors="replace",
                    timeout=None if self._spec.scheme == "file" else timeout,
                )
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            waited_s = self._now() - started_s
            # Interrupted, some protocols call what they have not got invalid.
            if not self._pictures and isinstance(error, REFUSED_ALONE):
                raise no_sound_alone(self._spec, error) from error
            is_late = self._spec.scheme != "file" and waited_s >= self._config.open_timeout_s
            raise open_failure(
                TimeoutError() if is_late else error, self._spec, waited_s
            ) from error
        self._streams = choose_streams(
            self._container,
            self._spec,
            pictures=self._pictures,
            sound=self._config.sound or not self._pictures,
        )
        self._decoder = Decoder(
            self._streams,
            low_delay=self._spec.kind == "live",
            now=self._now,
            decode=self._config.decode,
        )
        slow_s = SLOW_PICTURES * self._decoder.interval_s
        self._patience_s = max(transport.patience_s, slow_s)
        self._packets = self._demux()
        self._hears_apart = self.has_sound and hears_apart(self._spec, self._config)
        captured_at = before.first_read() if before is not None else None
        if captured_at is not None and self.start_pts_s is not None and before == self._playlist():
            self._decoder.note_wall_time(self.start_pts_s, captured_at)

    @property
    def has_sound(self) -> bool:
        """Whether it has sound that can be decoded, and it is wanted."""
        return self._streams.audio is not None

    @property
    def hears_apart(self) -> bool:
        """Whether the two channels of its sound have a voice each."""
        return self._hears_apart

    @property
    def has_picture(self) -> bool:
        """Whether it has a picture that can be shown, and it is wanted."""
        return self._streams.video is not None

    @property
    def watched(self) -> Medium:
        """The medium whose coming shows that the source is alive."""
        return self._streams.watched

    @property
    def is_finite(self) -> bool:
        """Whether its end is the end; what comes over HTTP tells only when it is open."""
        is_film = self._spec.scheme.startswith("http") and self._container.duration is not None
        return self._spec.kind != "live" or is_film

    @property
    def has_own_pace(self) -> bool:
        """Whether it comes at the speed of life; a playlist comes a segment at a time."""
        return not (self.is_finite or self._is_playlist or self._spec.scheme == "lavfi")

    @property
    def may_repeat(self) -> bool:
        """Whether it may send again what it sent before, as if it were news."""
        return self._is_playlist and not self.is_finite

    @property
    def start_pts_s(self) -> float | None:
        """The timestamp at which the container says that it starts."""
        start: int | None = self._container.start_time
        return None if start is None else start / MICROSECONDS

    @property
    def film_end_s(self) -> float | None:
        """Where a film says that it ends, from its start, where its format can be believed."""
        start_s = self.start_pts_s or 0.0
        formats = set(self._container.format.name.split(","))
        if "mp4" in formats:
            stream = self._streams.chosen[0]
            if stream.duration is None or stream.time_base is None:
                return None
            return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - start_s
        duration: int | None = self._container.duration
        is_told = duration is not None and not formats.isdisjoint(FORMATS_WITH_LENGTH)
        return duration / MICROSECONDS if is_told and duration is not None else None

    @property
    def address(self) -> str:
        """Where it is, without a password."""
        return self._spec.address

    @property
    def patience_s(self) -> float:
        """How long a live source may give nothing of what is watched before it is broken."""
        return self._patience_s

    @property
    def damaged(self) -> int:
        """How many packets and pictures could not be decoded so far."""
        return self._decoder.damaged

    @property
    def decoding_note(self) -> str | None:
        """Why software decodes its pictures although a card was asked for; None if not so."""
        return self._decoder.decoding_note

    def read(self) -> list[Decoded] | None:
        """Return what comes next, at least one item; None at the end of a finite source.

        Raises:
            StreamBrokeError: If a live source ended, failed or gave no picture (of a source without
                one, no sound) for too long.
            SourceFormatError: If nothing of what is watched could be decoded of a finite source.
        """
        out: list[Decoded] = []
        while not out and not self._ended:
            packet = self._next_packet()
            self._ended = packet is None
            out = self._decoder.flush() if packet is None else self._decoder.decode(packet)
            self._watch(out)
        if self._spec.kind == "picture" and out:
            self._ended = True
            return out[:1]
        return out or None

    def close(self) -> None:
        """Close the source; nothing of it is used afterwards."""
        self._stack.close()

    def _transport(self) -> Transport:
        if self._spec.scheme == "srt":
            port = self._stack.enter_context(srt_bridge(self._spec))
            return udp_transport(port, self._config)
        return transport_of(self._spec, self._config, pictures=self._pictures)

    def _playlist(self) -> Playlist | None:
        if not is_playlist_address(self._spec):
            return None
        return fetch(self._spec.url, self._config.open_timeout_s)

    @property
    def _is_playlist(self) -> bool:
        return self._container.format.name == "hls"

    def _demux(self) -> "Iterator[Packet[Stream]]":
        """Yield the packets of the chosen streams; those of a file in the order of their time."""
        packets = self._guard(iter(self._container.demux(self._streams.chosen)))
        if not self.is_finite:
            return packets
        return in_time_order((packet.stream_index, _packet_s(packet), packet) for packet in packets)

    def _guard(self, packets: "Iterator[Packet[Stream]]") -> "Iterator[Packet[Stream]]":
        """Yield packets until the end; translate what comes instead of one."""
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                if not self.is_finite:
                    msg = f"{self._spec.address}: the server ended the stream"
                    raise StreamBrokeError(msg, "disconnected") from None
                return
            except (av.FFmpegError, IndexError) as error:
                # IndexError: a stream appeared that the container did not have when it was opened
                if not self.is_finite:
                    raise self._broken(error) from error
                self._decoder.note_damage(reason_of(error))
                return
            if packet.size:  # the empty ones at the end ask for a flush, which is done by read
                yield packet

    def _next_packet(self) -> "Packet[Stream] | None":
        before_s = self._now()
        packet = next(self._packets, None)
        waited_s = self._now() - before_s
        self._silent_s += waited_s
        if waited_s >= self._patience_s and not self.is_finite:
            # At its timeout FFmpeg first hands over what its parser held back, as if all was well.
            raise self._stalled(waited_s)
        return packet

    def _stalled(self, silent_s: float) -> StreamBrokeError:
        what = "picture" if self.watched == "video" else "sound"
        msg = f"{self._spec.address}: no {what} for {silent_s:.0f} s"
        return StreamBrokeError(msg, "stalled")

    def _broken(self, error: Exception) -> StreamBrokeError:
        if isinstance(error, av.error.ExitError):
            return self._stalled(self._patience_s)
        msg = f"{self._spec.address}: the connection broke: {reason_of(error)}"
        return StreamBrokeError(msg, "disconnected")

    def _watch(self, out: list[Decoded]) -> None:
        """Break off a live source that sends something, but nothing of what is watched."""
        if any(item.medium == self.watched for item in out):
            self._begun, self._silent_s = True, 0.0
            return
        if self.is_finite:
            if self._ended and not self._begun:
                raise undecodable(self._spec, self.watched)
            return
        patience_s = self._patience_s if self._begun else max(self._patience_s, FIRST_S)
        if self._silent_s > patience_s:
            raise self._stalled(patience_s)


def _packet_s(packet: "Packet[Stream]") -> float | None:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return None if stamp is None else float(stamp * packet.time_base)
