"""Pictures of a playlist that were seen before: a server that is dead still serves its last ones.

When the writer of a live playlist dies, the files stay. Reopened, they would be read again and
again as if they were news, and every reading would be of the past. A picture with the timestamp and
the pixels of one that was seen is that one, so everything up to the first new picture is left out.
The timestamp alone does not tell: it starts anew with the writer.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from stream.source.decode import Decoded, Picture

REMEMBERED = 2048
"""Pictures: more than a playlist of the usual five segments of up to ten seconds holds."""
EVERY_PX = 8  # of the rows and of the columns go into the fingerprint


class Repeats:
    """Remembers the pictures of a playlist over its connections."""

    def __init__(self) -> None:
        self._seen: dict[tuple[float | None, int], None] = {}
        self._caught_up = True
        self._stood_still = False

    def reconnect(self) -> None:
        """Expect what was seen before."""
        self._caught_up = not self._seen
        self._stood_still = False

    def fresh(self, decoded: Sequence[Decoded]) -> list[Decoded]:
        """Return what is new: everything from the first picture on that was not seen.

        A playlist that had stood still may go on with another writer, so the dates that were read
        with the old segments tell nothing about the new ones: their capture time is unknown.
        """
        out: list[Decoded] = []
        for item in decoded:
            if isinstance(item, Picture):
                is_new = self._is_new(item)
                self._stood_still |= not is_new
                self._caught_up |= is_new
            if self._caught_up:
                out.append(self._undated(item) if self._stood_still else item)
        return out

    def _undated(self, item: Decoded) -> Decoded:
        return replace(item, captured_at=None) if isinstance(item, Picture) else item

    def _is_new(self, picture: Picture) -> bool:
        sample = picture.image[::EVERY_PX, ::EVERY_PX].tobytes()
        fingerprint = (picture.pts_s, zlib.crc32(sample))
        if fingerprint in self._seen:
            return False
        self._seen[fingerprint] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]  # the oldest
        return True
