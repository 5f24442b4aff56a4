"""The wall time of a playlist's segments (EXT-X-PROGRAM-DATE-TIME), which FFmpeg does not pass on.

So the playlist is read here as well: once before FFmpeg reads it, and once after. If it did not
change in between, all three read the same, and it is known with which segment FFmpeg began; if it
did, the time stays unknown for this connection, since half a guess is none.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

LIVE_START = 3
"""FFmpeg begins a live playlist with the third segment from its end."""
LONGEST = 1_000_000  # bytes of a playlist; more is none
_DATE, _LENGTH, _VARIANT = "#EXT-X-PROGRAM-DATE-TIME:", "#EXTINF:", "#EXT-X-STREAM-INF"


@dataclass(frozen=True, slots=True)
class Playlist:
    """The segments of a playlist.

    Attributes:
        addresses: Of the segments, in order.
        starts: Of the segments, Unix seconds; None where the playlist does not tell.
        is_complete: True if it has an end.
    """

    addresses: tuple[str, ...]
    starts: tuple[float | None, ...]
    is_complete: bool

    def first_read(self) -> float | None:
        """Return the wall time at which the segment begins with which FFmpeg starts."""
        if not self.starts:
            return None
        index = 0 if self.is_complete else max(len(self.starts) - LIVE_START, 0)
        return self.starts[index]


def fetch(url: str, timeout_s: float) -> Playlist | None:
    """Read a playlist, or the first that a list of qualities names; None if that fails.

    An address with a login in it is not read: what is missing then is a wall time, no more.
    """
    if "@" in urlsplit(url).netloc:
        return None
    lines = _lines(url, timeout_s)
    if any(line.startswith(_VARIANT) for line in lines):
        variants = [line for line in lines if line and not line.startswith("#")]
        lines = _lines(urljoin(url, variants[0]), timeout_s) if variants else []
    return parse(lines) if lines else None


def parse(lines: Sequence[str]) -> Playlist:
    """Return the segments of a playlist; one without a date follows the one before it."""
    addresses: list[str] = []
    starts: list[float | None] = []
    next_s: float | None = None
    length_s = 0.0
    for line in lines:
        if line.startswith(_DATE):
            next_s = _unix_s(line.removeprefix(_DATE))
        elif line.startswith(_LENGTH):
            length_s = _seconds(line.removeprefix(_LENGTH))
        elif line.startswith("#EXT-X-DISCONTINUITY") and "SEQUENCE" not in line:
            next_s = None
        elif line and not line.startswith("#"):
            addresses.append(line)
            starts.append(next_s)
            next_s = None if next_s is None else next_s + length_s
    return Playlist(tuple(addresses), tuple(starts), "#EXT-X-ENDLIST" in lines)


def _lines(url: str, timeout_s: float) -> list[str]:
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310  (http only)
            text: str = answer.read(LONGEST).decode(errors="replace")
    except (urllib.error.URLError, OSError, ValueError):
        return []  # FFmpeg reads it too, and says what is wrong
    return [line.strip() for line in text.splitlines()]


def _unix_s(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def _seconds(text: str) -> float:
    try:
        return float(text.partition(",")[0])
    except ValueError:
        return 0.0
