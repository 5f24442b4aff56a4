"""A connection on a thread of its own, as the event loop sees it.

A blocked call is interrupted inside FFmpeg by its own timeouts. Where that does not help (a look-up
of a host name, a driver), the call is given up here and its thread left behind: it closes what it
holds when it comes back, and nothing it may still bring is used.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from stream.config import SourceConfig
from stream.source.assemble import Assembler
from stream.source.connection import FIRST_S, Connection
from stream.source.decode import Decoded
from stream.source.detachable import DetachableThread
from stream.source.failures import PassingError, StreamBrokeError
from stream.source.repeats import Repeats
from stream.source.spec import Item, SourceSpec

CLOSE_S = 1.0
"""A thread that is still blocked after this is left behind."""
MARGIN_S = 1.0
"""FFmpeg's own timeouts come first; so much later the call is given up."""
OPEN_PHASES = 2
"""FFmpeg's timeout of an opening counts for the connection, and again for the analysis."""


class Feed:
    """An open source; made by ``opened``.

    Attributes:
        connection: What may be asked about the source; it is read through this only.
    """

    def __init__(
        self,
        thread: DetachableThread,
        connection: Connection,
        assembler: Assembler,
        repeats: Repeats,
    ) -> None:
        self.connection = connection
        self._repeats = repeats
        self._thread = thread
        self._assembler = assembler
        self._given_up = False

    async def first(self) -> list[Item] | None:
        """Return everything up to the first picture; None at the end of a finite source.

        Only now a new epoch begins: a connection that never showed a picture was none. Of a source
        without a picture, the first sound counts.

        Raises:
            StreamBrokeError: If a live source breaks before.
        """
        limit_s = max(FIRST_S, self.connection.patience_s)
        return await self._call(self._read_first, limit_s)

    async def next(self) -> list[Item] | None:
        """Return what comes next; None at the end of a finite source.

        Raises:
            StreamBrokeError: If a live source broke off.
        """
        return await self._call(self._read, self.connection.patience_s)

    def _decoded(self) -> list[Decoded] | None:
        decoded = self.connection.read()
        if decoded is None or not self.connection.may_repeat:
            return decoded
        return self._repeats.fresh(decoded, self.connection.watched)

    async def _call(
        self, read: Callable[[], list[Item] | None], limit_s: float
    ) -> list[Item] | None:
        if self.connection.is_finite:
            return await self._thread.call(read)
        try:
            async with asyncio.timeout(limit_s + MARGIN_S):
                return await self._thread.call(read)
        except TimeoutError as error:
            self._given_up = True
            msg = f"{self.connection.address}: a read hung for {limit_s:.0f} s"
            raise StreamBrokeError(msg, "stalled") from error

    def _read_first(self) -> list[Item] | None:
        decoded: list[Decoded] = []
        while not any(item.medium == self.connection.watched for item in decoded):
            more = self._decoded()
            if more is None:
                return None
            decoded += more
        if self._given_up:
            return None
        self._assembler.connect(
            start_pts_s=self.connection.start_pts_s,
            arrived_s=decoded[0].arrived_s,
            by_clock=self.connection.has_own_pace,
            apart=self.connection.hears_apart,
        )
        return self._assembler.assemble(decoded)

    def _read(self) -> list[Item] | None:
        decoded = self._decoded()
        return None if decoded is None or self._given_up else self._assembler.assemble(decoded)


@asynccontextmanager
async def opened(
    spec: SourceSpec,
    config: SourceConfig,
    assembler: Assembler,
    repeats: Repeats,
    now: Callable[[], float],
    *,
    pictures: bool,
) -> AsyncIterator[Feed]:
    """Open a source on a thread of its own, and close it.

    Args:
        spec: Which source.
        config: How it is opened and watched.
        assembler: What goes on from one connection of the source to the next.
        repeats: What its connections gave so far.
        now: The monotonic clock, in seconds.
        pictures: False to decode its sound alone.

    Raises:
        SourceError: If it cannot be opened; a PassingError if it is worth trying again.
    """
    thread = DetachableThread(f"{spec.name} decode")
    connection = Connection(spec, config, now, pictures=pictures)
    limit_s = OPEN_PHASES * config.open_timeout_s + MARGIN_S
    try:
        try:
            async with asyncio.timeout(None if spec.scheme == "file" else limit_s):
                await thread.call(connection.open)
        except TimeoutError as error:
            msg = f"{spec.address}: no answer within {limit_s:.0f} s: is its host name right?"
            raise PassingError(msg) from error
        repeats.reconnect()
        yield Feed(thread, connection, assembler, repeats)
    finally:
        await thread.end(connection.close, grace_s=CLOSE_S)
