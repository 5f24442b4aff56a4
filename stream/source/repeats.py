"""What a playlist gave before: a server that is dead still serves its last pictures and sound.

When the writer of a live playlist dies, the files stay. Reopened, they would be read again and
again as if they were news, and every reading would be of the past. A picture with the timestamp and
the pixels of one that was seen is that one, so everything up to the first new picture is left out.
The timestamp alone does not tell: it starts anew with the writer. Of a playlist of sound the
packets are compared: decoded again, sound is not the same to the bit.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from stream.source.decode import Decoded, Picture
from stream.source.timeline import Medium

REMEMBERED = 4096
"""Pictures, or packets of sound: more than a playlist of the usual five segments of up to ten
seconds holds."""
EVERY_PX = 8  # of the rows and of the columns go into the fingerprint


class Repeats:
    """Remembers what a playlist gave over its connections."""

    def __init__(self) -> None:
        self._seen: dict[tuple[float | None, int], None] = {}
        self._caught_up = True
        self._stood_still = False

    def reconnect(self) -> None:
        """Expect what was seen before."""
        self._caught_up = not self._seen
        self._stood_still = False

    def fresh(self, decoded: Sequence[Decoded], watched: Medium = "video") -> list[Decoded]:
        """Return what is new: everything from the first picture on that was not seen.

        A playlist that had stood still may go on with another writer, so the dates that were read
        with the old segments tell nothing about the new ones: their capture time is unknown.

        Args:
            decoded: What came, in order.
            watched: By which medium it is judged: sound, where there is no picture.
        """
        out: list[Decoded] = []
        for item in decoded:
            if item.medium == watched:
                is_new = self._is_new(item)
                self._stood_still |= not is_new
                self._caught_up |= is_new
            if self._caught_up:
                out.append(self._undated(item) if self._stood_still else item)
        return out

    def _undated(self, item: Decoded) -> Decoded:
        return replace(item, captured_at=None) if isinstance(item, Picture) else item

    def _is_new(self, item: Decoded) -> bool:
        if isinstance(item, Picture):
            crc = zlib.crc32(item.image[::EVERY_PX, ::EVERY_PX].tobytes())
        else:
            crc = item.packet_crc
        fingerprint = (item.pts_s, crc)
        if fingerprint in self._seen:
            return False
        self._seen[fingerprint] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]  # the oldest
        return True
