"""When the next call may leave: so many a minute, and none while the provider asks for quiet."""

import asyncio

SECONDS: float = 60.0


class Pace:
    """Spaces calls evenly: a provider counts in windows that nobody knows the beginning of.

    Args:
        calls_per_minute: At most; None for no limit.
    """

    def __init__(self, calls_per_minute: float | None) -> None:
        self._every_s = 0.0 if calls_per_minute is None else SECONDS / calls_per_minute
        self._next_s = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        at_s = max(self._next_s, loop.time())
        self._next_s = at_s + self._every_s
        await asyncio.sleep(at_s - loop.time())

    def hold(self, pause_s: float) -> None:
        """Let nobody leave for so long: the provider said so to one, and means all."""
        self._next_s = max(self._next_s, asyncio.get_running_loop().time() + pause_s)
