"""Eyes and ears of one file that wait for one another on the media clock.

Read as fast as it goes, a file is seen and heard at different speeds, and who is watched depends on
who spoke, as what was said depends on whose mouth moved. Each side therefore goes no farther than
the other allows, so that a file gives the same however fast the machine is. Nobody waits for what
does not come: a side that has taken in all that was decoded is never waited for. A live source goes
on without us, so there nobody waits at all.
"""

import asyncio
import math
from typing import Any

from stream.channel import Channel


class Side:
    """How far one medium has been taken in.

    Args:
        channel: Where it comes from.
    """

    def __init__(self, channel: Channel[Any]) -> None:
        self._channel = channel
        self._done = 0
        self.reached_s = -math.inf

    @property
    def is_idle(self) -> bool:
        """Whether all that was decoded so far is done with."""
        return self._channel.count.received <= self._done

    def done(self, items: int = 1) -> None:
        """Count items as done with."""
        self._done += items


class Lockstep:
    """The two sides, and their waiting.

    Args:
        pictures: The channel of the frames.
        sounds: The channel of the sound.
        delay_s: What is said counts as known so long after it was heard.
    """

    def __init__(
        self, pictures: Channel[Any], sounds: Channel[Any], *, delay_s: float = 0.0
    ) -> None:
        self._delay_s = delay_s
        self._pictures = Side(pictures)
        self._sounds = Side(sounds)
        self._moved = asyncio.Condition()

    async def seeing(self, time_s: float) -> None:
        """Say that the frame of a media time is next, and wait for what was said until then."""
        await self._reach(self._pictures, time_s)
        await self._wait_for(self._sounds, time_s)

    async def seen(self) -> None:
        """Say that the frame is done with."""
        await self._finish(self._pictures)

    async def hearing(self, until_s: float) -> None:
        """Wait for the pictures until a media time, before saying anything that came after it."""
        await self._reach(self._sounds, until_s)
        await self._wait_for(self._pictures, until_s)

    async def heard(self, packets: int, until_s: float | None) -> None:
        """Say that packets are done with, and until when all was heard; None for not at all."""
        self._sounds.done(packets)
        await self._reach(self._sounds, -math.inf if until_s is None else until_s + self._delay_s)

    async def _reach(self, side: Side, time_s: float) -> None:
        async with self._moved:
            side.reached_s = max(side.reached_s, time_s)
            self._moved.notify_all()

    async def _finish(self, side: Side) -> None:
        async with self._moved:
            side.done()
            self._moved.notify_all()

    async def _wait_for(self, side: Side, time_s: float) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: side.reached_s >= time_s or side.is_idle)
