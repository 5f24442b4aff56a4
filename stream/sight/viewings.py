"""The sources that are being looked at, each by a number that none had before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from stream.sight.sight import Look, Viewing


class Viewings:
    """Which viewing each source is in."""

    def __init__(self) -> None:
        self._numbers = count()
        self._of: dict[str, Viewing] = {}

    @contextmanager
    def watching(self, source: str) -> Iterator[None]:
        """Look at a source until the context ends."""
        self._of[source] = Viewing(number=next(self._numbers))
        try:
            yield
        finally:
            del self._of[source]

    def of(self, source: str) -> Viewing:
        """Return the viewing of a source that is being looked at."""
        return self._of[source]

    def looked(self, source: str, look: Look) -> None:
        """Keep what a successor has to know, as long as the source is being looked at."""
        if source in self._of:
            self._of[source] = replace(self._of[source], after=look.given)
