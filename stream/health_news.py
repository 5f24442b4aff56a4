"""How a child process is, told to the outside whenever it changes.

Who changes it does not wait for who publishes it, so the changes wait in between: few, in their
order, and of too many the oldest are left out, which the next that is told says.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final

from stream.succession import Health

HELD: Final = 16
"""More than a process changes before it is given up: each death is two changes."""


@asynccontextmanager
async def telling_health(
    watched: Callable[[Callable[[Health], None]], AbstractContextManager[None]],
    say: Callable[[Health], Awaitable[None]],
    *,
    name: str,
) -> AsyncIterator[None]:
    """Say every change until the context ends, and before it ends what was not said yet.

    Args:
        watched: Calls a function whenever the health changes, as ``Succession.watched`` does.
        say: Publishes one.
        name: Of the task.
    """
    news = _News()
    with watched(news.add):
        task = asyncio.create_task(news.tell(say), name=name)
        try:
            yield
        finally:
            news.end()
            await task


class _News:
    def __init__(self) -> None:
        self._waiting: deque[Health] = deque()
        self._changed = asyncio.Event()
        self._left_out = 0
        self._ended = False

    def add(self, health: Health) -> None:
        if len(self._waiting) == HELD:
            self._waiting.popleft()
            self._left_out += 1
        self._waiting.append(health)
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    async def tell(self, say: Callable[[Health], Awaitable[None]]) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._waiting:
                await say(self._taken())
            if self._ended:
                return

    def _taken(self) -> Health:
        health, left_out = self._waiting.popleft(), self._left_out
        self._left_out = 0
        if not left_out:
            return health
        told = f"{left_out} changes before it were not told"
        return replace(health, detail=f"{health.detail}; {told}" if health.detail else told)
