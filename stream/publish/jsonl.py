"""A file of records, one JSON a line: the first is the session, the last the summary.

Every line is written before ``put`` returns: a reader that follows the file sees whole lines at
once, and a crash loses nothing that was put. A disk that is full ends the run: who asked for the
file would rather know than find it short.
"""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from stream.publish.live_file import LiveFile
from stream.records import EdgeCount, Record, to_json

EDGE: Final = "jsonl"
FAILED: Final = "failed"


class JsonlWriter:
    """A sink that writes records to a file; what was in the file before is replaced.

    Entering raises `ConfigError` if the file cannot be written.

    Args:
        path: Where to; ``-`` is stdout.
        option: The option that asked for it, which an error names.
    """

    def __init__(self, path: Path, *, option: str = "--jsonl") -> None:
        self._file = LiveFile(path, option=option)
        self._received = 0
        self._delivered = 0

    @property
    def count(self) -> EdgeCount:
        """What was put, and what is in the file."""
        failed = self._received - self._delivered
        return EdgeCount(
            edge=EDGE,
            received=self._received,
            delivered=self._delivered,
            drops={FAILED: failed} if failed else {},
        )

    async def put(self, record: Record) -> None:
        """Write a record.

        Raises:
            SubfaceError: If it cannot be written.
        """
        self._received += 1
        await self._file.write(to_json(record) + b"\n", f"record {self._received}")
        self._delivered += 1

    async def settle(self, within_s: float) -> None:
        """Return: what was put is written."""

    async def __aenter__(self) -> Self:
        await self._file.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._file.__aexit__(exc_type, exc, traceback)
