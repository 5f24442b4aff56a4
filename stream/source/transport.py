"""How FFmpeg is asked to open each kind of address, and how long its silence is borne.

Low latency is asked of live sources only by a short analysis. ``fflags=nobuffer`` is not: it throws
away the packets that the analysis read, the first key frame among them, and the first picture then
comes a whole group of pictures later (measured on RTSP: 1.05 s instead of 0.21 s).
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from stream.config import SourceConfig
from stream.source.spec import SourceSpec

PLAYLIST_PATIENCE_S = 12.0
"""HLS sends nothing between two segments, and a segment lasts up to 10 s in practice."""
_LIVE = {"analyzeduration": "500000", "flags": "low_delay"}  # us
# RTSP says in its SDP what is to come, the others have to be read to know it.
_RTSP = _LIVE | {"probesize": "65536"}
_STREAM = _LIVE | {"probesize": "1000000"}
_UDP = _STREAM | {"fifo_size": "50000", "overrun_nonfatal": "1", "buffer_size": "1048576"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """One call of PyAV's open.

    Attributes:
        target: What is opened; it may hold a password.
        format: The demuxer, where FFmpeg cannot know it.
        options: Of the demuxer and the protocol.
        patience_s: A live source without a picture for so long is reopened; one that has none,
            without sound.
    """

    target: str
    format: str | None
    options: dict[str, str]
    patience_s: float


def transport_of(spec: SourceSpec, config: SourceConfig, *, pictures: bool = True) -> Transport:
    """Return how a source is opened; an SRT one by its bridge, see ``srt``.

    Args:
        spec: Which source.
        config: How it is opened and watched.
        pictures: False if only its sound is wanted: an RTSP server then sends no more than that.
    """
    target, format_, options, patience_s = spec.url, None, _STREAM, config.stall_s
    match spec.scheme:
        case "file":
            options = {"pattern_type": "none"}  # %d in a name is a name
        case "rtsp" | "rtsps":
            options = _RTSP | {"rtsp_transport": config.rtsp_transport}
            options |= {} if pictures else {"allowed_media_types": "audio"}
        case "http" | "https":
            options = {} if spec.kind == "file" else _STREAM
            if is_playlist_address(spec):
                patience_s = max(patience_s, PLAYLIST_PATIENCE_S)
        case "udp":
            options = _UDP
        case "camera":
            format_, options = "video4linux2", _LIVE
        case "lavfi":
            target, format_, options = spec.url.removeprefix("lavfi:"), "lavfi", {}
    return Transport(target=target, format=format_, options=options, patience_s=patience_s)


def is_playlist_address(spec: SourceSpec) -> bool:
    """Return True if an address is that of an HLS playlist."""
    return spec.scheme in {"http", "https"} and urlsplit(spec.url).path.lower().endswith(".m3u8")


def udp_transport(port: int, config: SourceConfig) -> Transport:
    """Return how the near end of a bridge on this machine is opened."""
    return Transport(
        target=f"udp://127.0.0.1:{port}",
        format="mpegts",
        options=_UDP,
        patience_s=config.stall_s,
    )
