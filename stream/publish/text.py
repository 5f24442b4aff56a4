"""What was said as plain text: one line an utterance, as it becomes final."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from stream.publish.live_file import LiveFile
from stream.records import EdgeCount, Record, Transcript

EDGE: Final = "text"
FAILED: Final = "failed"


class TextWriter:
    """A sink that writes final transcripts; other records are not its matter, nor counted.

    Entering raises `ConfigError` if the file cannot be written.

    Args:
        path: Where to; ``-`` is stdout. What was in the file before is replaced.
        option: The option that asked for it, which an error names.
    """

    def __init__(self, path: Path, *, option: str) -> None:
        self._file = LiveFile(path, option=option)
        self._received = 0
        self._delivered = 0

    @property
    def count(self) -> EdgeCount:
        """How many final transcripts came, and are in the file."""
        failed = self._received - self._delivered
        return EdgeCount(
            edge=EDGE,
            received=self._received,
            delivered=self._delivered,
            drops={FAILED: failed} if failed else {},
        )

    async def put(self, record: Record) -> None:
        """Write the text of a final transcript as one line.

        Raises:
            SubfaceError: If it cannot be written.
        """
        match record:
            case Transcript(final=True):
                self._received += 1
                line = " ".join(record.text.split())
                await self._file.write(f"{line}\n".encode(), f"line {self._received}")
                self._delivered += 1
            case _:
                pass

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
