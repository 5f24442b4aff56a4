"""A request to end: a signal, a time limit. Sources stop reading, and what was read is finished.

The first request drains; whoever asks again wants it at once, and the tasks are cancelled.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """A request that is made once and seen by every source."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()
        self._wake: set[Callable[[], None]] = set()
        self.interrupted = False

    @property
    def requested(self) -> bool:
        """Whether the end was asked for."""
        return self._requested.is_set()

    def request(self, *, interrupted: bool = False) -> None:
        """Ask for the end.

        Args:
            interrupted: True if a person or the system asked, not the run's own time limit.
        """
        self.interrupted = self.interrupted or interrupted
        self._requested.set()
        for wake in self._wake:
            wake()

    async def wait(self) -> None:
        """Return once the end was asked for."""
        await self._requested.wait()

    async def cuts_short(self, work: Awaitable[None]) -> None:
        """Await the work, or return early, having cancelled it, once the end is asked for."""
        scope = asyncio.timeout(None)
        loop = asyncio.get_running_loop()

        def wake() -> None:
            scope.reschedule(loop.time())

        try:
            async with scope:
                self._wake.add(wake)
                if self.requested:
                    wake()
                await work
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            self._wake.discard(wake)


@asynccontextmanager
async def signals(stop: Stop) -> AsyncIterator[None]:
    """Make SIGINT and SIGTERM a request to end; a second one cancels."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def interrupt() -> None:
        if stop.interrupted and main is not None:
            main.cancel()
        stop.request(interrupted=True)

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
