"""A file that others read while it grows: what was written is in it before the call returns.

It is written unbuffered, in a thread of its own: whoever follows it sees whole pieces at once, a
crash loses nothing that was written, and closing it has nothing left to write and cannot fail.
"""

import contextlib
import sys
from collections.abc import Iterator
from io import FileIO, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.errors import ConfigError, SubfaceError
from stream.errors import ReaderGoneError
from stream.worker import Worker

STDOUT: Final = "-"


class LiveFile:
    """A file, or stdout; what was in the file before is replaced.

    Entering raises `ConfigError` if it cannot be written.

    Args:
        path: Where to; ``-`` is stdout.
        option: The option that asked for it, which an error names.
    """

    def __init__(self, path: Path, *, option: str) -> None:
        self._path = path
        self._worker: Worker[RawIOBase] = Worker(path.name, lambda: _open(path, option))

    async def write(self, data: bytes, what: str) -> None:
        """Write all of some bytes.

        Args:
            data: The bytes.
            what: What they are, which an error names.

        Raises:
            ReaderGoneError: If it is a pipe, and nobody reads it any more.
            SubfaceError: If they cannot be written.
        """
        try:
            await self._worker.call(_write, data)
        except OSError as error:
            msg = f"{self._path}: {what} cannot be written: {error.strerror}"
            kind = ReaderGoneError if isinstance(error, BrokenPipeError) else SubfaceError
            raise kind(msg) from error

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
def _open(path: Path, option: str) -> Iterator[RawIOBase]:
    if str(path) == STDOUT:
        with FileIO(sys.stdout.fileno(), "w", closefd=False) as stdout:
            yield stdout
        return
    try:
        file = path.open("wb", buffering=0)
    except OSError as error:
        msg = f"{option} {path}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
    with file:
        yield file


def _write(file: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]
