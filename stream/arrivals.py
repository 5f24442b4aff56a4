"""Sound as it arrives, and the pauses in which none does.

Speech ends with silence, which is sound too. A stream that hangs or breaks sends not even that, and
whoever was speaking would never come to an end.
"""

import asyncio
from collections.abc import AsyncIterator

from engines.spec.frame import Sound
from stream.channel import Channel


async def arrivals(sounds: Channel[Sound], patience_s: float | None) -> AsyncIterator[list[Sound]]:
    """Yield all the sound that has come, time and again, until the channel is closed.

    Args:
        sounds: Where it comes from.
        patience_s: An empty list is yielded when none came for so long: what was being said has
            ended. None for a source that comes when it is asked for.
    """
    while True:
        try:
            async with asyncio.timeout(patience_s):
                arrived = await sounds.take()
        except TimeoutError:
            yield []
            continue
        if not arrived:
            return
        yield arrived
