"""A child process and those that take its place when it dies, within a budget.

Whoever calls a process that dies is told so and decides what is lost; the first who calls after
that starts the next one. One that died too often in a while is not started again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from engines.errors import SubfaceError
from stream.child import Child
from stream.errors import ChildDiedError, ChildGoneError
from stream.records import State
from stream.restart_budget import RestartBudget
from stream.worker import Worker

logger = logging.getLogger(__name__)

RESTARTS: Final = 3
WITHIN_S: Final = 60.0
"""What died more often in so long will do so again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a process is, in the words of a ``Status``."""

    state: State
    detail: str | None


class Succession(Generic[T]):
    """Opens a process, replaces it when it dies, and closes it.

    Args:
        new: Makes one that is not open yet; a worker in a thread never dies.
        begins_anew: What its successor does not know any more, for those who are told.
        now: The monotonic clock, in seconds.

    Attributes:
        health: How it is; ``watched`` tells of changes.
        restarts: How often it was started again.
    """

    def __init__(
        self,
        new: Callable[[], Child[T] | Worker[T]],
        *,
        begins_anew: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.health = Health(state="ok", detail=None)
        self.restarts = 0
        self._new = new
        self._note = f": {begins_anew}" if begins_anew else ""
        self._budget = RestartBudget(most=RESTARTS, within_s=WITHIN_S, now=now)
        self._owner: Child[T] | Worker[T] | None = None
        self._buried_cpu_s = 0.0
        self._starting = asyncio.Lock()
        self._watching: list[Callable[[Health], None]] = []

    @property
    def cpu_s(self) -> float:
        """Processor seconds of the process and those before it; 0 in a thread, which is ours."""
        return self._buried_cpu_s + (self._owner.cpu_s if isinstance(self._owner, Child) else 0.0)

    @property
    def pid(self) -> int | None:
        """The number of the process; None in a thread, and while there is none."""
        return self._owner.pid if isinstance(self._owner, Child) else None

    @contextmanager
    def watched(self, changed: Callable[[Health], None]) -> Iterator[None]:
        """Call a function whenever ``health`` changes, until the context ends."""
        self._watching.append(changed)
        try:
            yield
        finally:
            self._watching.remove(changed)

    async def owner(self) -> Child[T] | Worker[T]:
        """Return who answers: the successor of one that died, started by the first who asks.

        Raises:
            ChildGoneError: If it died too often, or cannot be opened any more.
        """
        async with self._starting:
            while self._owner is None:
                if self.health.state == "failed":
                    raise ChildGoneError(self.health.detail)
                self._owner = await self._started_again()
        return self._owner

    async def bury(self, owner: Child[T] | Worker[T], death: str) -> None:
        """Take one off that died, and say so; its other callers may say it, too."""
        if owner is not self._owner:
            return
        self._buried_cpu_s = self.cpu_s
        self._owner = None
        self._tell("reconnecting", death)
        if isinstance(owner, Child):
            owner.kill()  # one that hangs, or has lost its card, ends by nothing else
        await owner.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        self._owner = await self._new().__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._buried_cpu_s = self.cpu_s
        owner, self._owner = self._owner, None
        if owner is not None:
            await owner.__aexit__(exc_type, exc, traceback)

    async def _started_again(self) -> Child[T] | Worker[T] | None:
        death = self.health.detail
        pause_s = self._budget.take()
        if pause_s is None:
            self._tell("failed", f"{death}; {RESTARTS} restarts within {WITHIN_S:g} s: no more")
            return None
        await asyncio.sleep(pause_s)
        try:
            owner = await self._new().__aenter__()
        except ChildDiedError as error:
            self._tell("reconnecting", str(error))
            return None
        except SubfaceError as error:
            self._tell("failed", f"{death}; it cannot be started again: {error}")
            return None
        self.restarts += 1
        self._tell("ok", f"{death}; started again ({self.restarts}){self._note}")
        return owner

    def _tell(self, state: State, detail: str) -> None:
        self.health = Health(state=state, detail=detail)
        logger.warning("%s", detail)
        for changed in tuple(self._watching):
            changed(self.health)


class Succeeded(Generic[T]):
    """What has a process that is replaced when it dies: how it is, for those who ask.

    Args:
        owners: The process and those that take its place.
    """

    def __init__(self, owners: Succession[T]) -> None:
        self._owners = owners

    @property
    def health(self) -> Health:
        """How it is; ``watched`` tells of changes."""
        return self._owners.health

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return self._owners.restarts

    @property
    def process_cpu_s(self) -> float:
        """Processor seconds of the process and those before it; 0 in a thread, which is ours."""
        return self._owners.cpu_s

    @property
    def pid(self) -> int | None:
        """The number of the process; None in a thread, and while there is none."""
        return self._owners.pid

    def watched(self, changed: Callable[[Health], None]) -> AbstractContextManager[None]:
        """Call a function whenever ``health`` changes, until the context ends."""
        return self._owners.watched(changed)
