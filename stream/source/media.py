"""Everything one source yields, in order and at its pace: frames, sound, gaps, states.

A file is read once, to its end. A live source is never over: an end of its data is a disconnect,
and it is reopened for ever, each connection a new epoch. Only at the very start is it given up: if
it cannot be opened within ``open_timeout_s`` (tried again and again in that time, since a server
and its monitor are often started together), or refuses the login, the address is most likely wrong,
and whoever typed it is still there to read so.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    stop_never,
)

from engines.spec.frame import Frame, Gap, Sound
from stream.config import SourceConfig
from stream.errors import SourceError, SourceUnreachableError
from stream.records import State
from stream.source.assemble import Assembler
from stream.source.backoff import Backoff
from stream.source.connection import Connection
from stream.source.failures import PassingError, StreamBrokeError
from stream.source.feed import Feed, opened
from stream.source.pacing import Pacer
from stream.source.repeats import Repeats
from stream.source.spec import Item, SourceSpec, SourceState

log = logging.getLogger(__name__)

Role = Literal["video", "audio"]
ROLES: tuple[Role, ...] = ("video", "audio")
AT_START = (PassingError, StreamBrokeError)
STABLE_S = 5.0
"""A connection that lived shorter than this is not reopened at once: a server that accepts and
hangs up would be called without a pause."""


async def media(
    spec: SourceSpec,
    config: SourceConfig,
    *,
    pictures: bool = True,
    now: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[Item, None]:
    """Yield what a source has, until its end; a live source has none.

    A source without a picture yields its sound: its picture is said to be absent, and it is its
    sound then that must not stop.

    Nothing is dropped here; a live source must be taken as it comes. Use it in
    ``contextlib.aclosing``: closing it stops its thread and its child process within about a
    second, whatever they are doing.

    Args:
        spec: Which source.
        config: How it is opened, paced and watched.
        pictures: False for its sound alone, whatever ``config`` says of sound: its pictures are
            not read, or at least not decoded.
        now: The monotonic clock, in seconds.

    Yields:
        Frames and sound, each medium in the order of its time; a gap before the first item after
        it; a state at every change.

    Raises:
        SourceUnreachableError: If it is not there, or a live source does not come up.
        SourceFormatError: If there is neither picture nor sound in it that can be decoded, or none
            of the one that is wanted.
    """
    assembler = Assembler(spec.name, config.shots)
    run = _Run(spec=spec, config=config, now=now, pictures=pictures, assembler=assembler)
    try:
        for state in run.tell(ROLES, "waiting", None):
            yield state
        items = run.live() if spec.kind == "live" else run.finite()
        async with aclosing(items):
            async for item in items:
                yield item
    except SourceError as error:
        for state in run.tell(ROLES, "failed", str(error)):
            yield state
        raise


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of a source, over all its connections."""

    spec: SourceSpec
    config: SourceConfig
    now: Callable[[], float]
    pictures: bool
    assembler: Assembler
    repeats: Repeats = field(default_factory=Repeats)
    _told: dict[Role, State] = field(default_factory=dict)
    _noted: str | None = None

    async def finite(self) -> AsyncGenerator[Item, None]:
        """Yield a file or a picture to its end."""
        async with (
            self._opened() as feed,
            aclosing(self._flow(feed, await feed.first())) as items,
        ):
            async for item in items:
                yield item

    async def live(self) -> AsyncGenerator[Item, None]:
        """Yield one connection after the other; only a finished playlist has an end."""
        lived_s: float | None = None
        while True:
            async with AsyncExitStack() as stack:
                if lived_s is not None and lived_s < STABLE_S:
                    await asyncio.sleep(self.config.reconnect.early_cap_s)
                feed, first = await self._connect(stack, at_start=lived_s is None)
                connected_s = self.now()
                try:
                    async with aclosing(self._flow(feed, first)) as items:
                        async for item in items:
                            yield item
                except StreamBrokeError as broke:
                    log.warning("%s; reconnecting", broke)
                    self.assembler.broke(broke.reason)
                    for state in self.tell(ROLES, "reconnecting", str(broke)):
                        yield state
                else:
                    return
                lived_s = self.now() - connected_s

    def tell(self, roles: Sequence[Role], state: State, detail: str | None) -> list[SourceState]:
        """Return the changes that a state of the source means for its picture and its sound."""
        # What is absent has no state but that, until there is some.
        changed = [
            role
            for role in roles
            if self._told.get(role) != state and (state == "ok" or self._told.get(role) != "absent")
        ]
        self._told.update(dict.fromkeys(changed, state))
        return [
            SourceState(source=self.spec.name, role=role, state=state, detail=detail)
            for role in changed
        ]

    async def _connect(
        self, stack: AsyncExitStack, *, at_start: bool
    ) -> tuple[Feed, list[Item] | None]:
        """Open the source and wait for its first picture, or sound, again and again."""
        attempts = AsyncRetrying(
            wait=Backoff(self.config.reconnect),
            stop=stop_after_delay(self.config.open_timeout_s) if at_start else stop_never,
            # Once it has been there, even a refused login may be a server that is starting up.
            retry=retry_if_exception_type(AT_START if at_start else SourceError),
            before_sleep=lambda state: log.info(
                "attempt %d: %s", state.attempt_number, _why(state)
            ),
            reraise=True,
        )
        try:
            return await attempts(self._attempt, stack)
        except StreamBrokeError as broke:  # it answered, and never showed a picture
            raise SourceUnreachableError(str(broke)) from broke

    def _opened(self) -> AbstractAsyncContextManager[Feed]:
        return opened(
            self.spec,
            self.config,
            self.assembler,
            self.repeats,
            self.now,
            pictures=self.pictures,
        )

    async def _attempt(self, stack: AsyncExitStack) -> tuple[Feed, list[Item] | None]:
        async with AsyncExitStack() as opening:
            feed = await opening.enter_async_context(self._opened())
            first = await feed.first()
            await stack.enter_async_context(opening.pop_all())
        return feed, first

    async def _flow(self, feed: Feed, first: list[Item] | None) -> AsyncGenerator[Item, None]:
        """Yield what one connection gives, at its pace, and how it ends."""
        for state in self._absences(feed.connection):
            yield state
        pacer = Pacer(self.now) if self._is_paced(feed.connection) else None
        items = first
        while items is not None:
            for item in items:
                for state in self._states_with(item, feed.connection):
                    yield state
                yield item if pacer is None else await self._in_time(item, pacer)
            items = await feed.next()
        rest = self.assembler.finish(
            film_end_s=feed.connection.film_end_s,
            now_s=self.now(),
            watched=feed.connection.watched,
        )
        for item in rest:
            yield item
        for state in self.tell(ROLES, "ended", self._damage(feed.connection.damaged, rest)):
            yield state

    def _absences(self, connection: Connection) -> list[SourceState]:
        missed = "it has no picture, only sound" if self.pictures else None
        out = [] if connection.has_picture else self.tell(["video"], "absent", missed)
        return out if connection.has_sound else [*out, *self.tell(["audio"], "absent", None)]

    def _is_paced(self, connection: Connection) -> bool:
        if connection.has_own_pace:
            return False
        is_live_playlist = not connection.is_finite and self.spec.scheme != "lavfi"
        return is_live_playlist or self.config.pace != "fast"

    async def _in_time(self, item: Item, pacer: Pacer) -> Item:
        """Hold an item back until its time; it arrives, as far as anyone can tell, when it goes."""
        if not isinstance(item, Frame | Sound):
            return item
        await pacer.wait(item.epoch, item.time_s)
        return replace(item, arrived_s=self.now())

    def _states_with(self, item: Item, connection: Connection) -> list[SourceState]:
        match item:
            case Frame():
                return self._shown(connection.decoding_note)
            case Sound():
                return self.tell(["audio"], "ok", None)
        return []

    def _shown(self, note: str | None) -> list[SourceState]:
        """Return what a picture changes; how it was decoded is logged once for a source."""
        told = self.tell(["video"], "ok", note)
        if note is None or note == self._noted:
            return told
        self._noted = note
        log.warning("%s: %s", self.spec.address, note)
        return told or [SourceState(source=self.spec.name, role="video", state="ok", detail=note)]

    def _damage(self, damaged: int, rest: Sequence[Item]) -> str | None:
        """Return what was wrong with a source that came to its end; None if nothing was."""
        told = [f"{item.lost_s:.1f} s cut off at its end" for item in rest if isinstance(item, Gap)]
        if damaged:
            told.append(f"{damaged} packets or pictures could not be decoded")
        if not told:
            return None
        log.warning("%s: damaged: %s", self.spec.address, ", ".join(told))
        return f"damaged: {', '.join(told)}"


def _why(state: RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome is not None else ""
