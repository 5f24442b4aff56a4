"""A file of records, one JSON a line: the first is the session, the last the summary.

Every line is written before ``put`` returns, in a thread of its own: a reader that follows the
file sees whole lines at once, and a crash loses nothing that was put. A disk that is full ends the
run: who asked for the file would rather know than find it short.
"""

import contextlib
import sys
from collections.abc import Iterator
from io import FileIO, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.errors import ConfigError, SubfaceError
from stream.records import EdgeCount, Record, to_json
from stream.worker import Worker

EDGE: Final = "jsonl"
STDOUT: Final = "-"
FAILED: Final = "failed"


class JsonlWriter:
    """A sink that writes records to a file; what was in the file before is replaced.

    Entering raises `ConfigError` if the file cannot be written.

    Args:
        path: Where to; ``-`` is stdout.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._worker: Worker[RawIOBase] = Worker("jsonl", lambda: _open(path))
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
        try:
            await self._worker.call(_write, to_json(record) + b"\n")
        except OSError as error:
            msg = f"{self._path}: record {self._received} cannot be written: {error.strerror}"
            raise SubfaceError(msg) from error
        self._delivered += 1

    async def settle(self, within_s: float) -> None:
        """Return: what was put is written."""

    async def __aenter__(self) -> Self:
        await self._worker.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._worker.__aexit__(exc_type, exc, traceback)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[RawIOBase]:
    """Open the file unbuffered: closing it then has nothing left to write, and cannot fail."""
    if str(path) == STDOUT:
        with FileIO(sys.stdout.fileno(), "w", closefd=False) as stdout:
            yield stdout
        return
    try:
        file = path.open("wb", buffering=0)
    except OSError as error:
        msg = f"--jsonl {path}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
    with file:
        yield file


def _write(file: RawIOBase, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[file.write(rest) or 0 :]
