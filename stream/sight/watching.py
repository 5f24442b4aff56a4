"""A source while the eyes are on it, and what is said of them meanwhile.

Eyes in the program itself have nothing to say: they end with it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stream.clock import Clock
from stream.health_news import telling_health
from stream.publish.publisher import Publisher
from stream.records import Status
from stream.sight.eyes import Eyes
from stream.succession import Health

OK = Health(state="ok", detail=None)
ENDED = Health(state="ended", detail=None)


@asynccontextmanager
async def watching(
    eyes: Eyes, source: str, publisher: Publisher, clock: Clock
) -> AsyncIterator[None]:
    """Have a source looked at until the context ends; of a process, say how it is.

    Args:
        eyes: What looks.
        source: The name of the source.
        publisher: Where it is said.
        clock: For times.
    """
    with eyes.watching(source):
        if not eyes.is_apart:
            yield
            return

        async def say(health: Health) -> None:
            status = Status(
                source=source,
                role="perception",
                state=health.state,
                detail=health.detail,
                since=clock.now(),
            )
            await publisher.put(status)

        await say(OK)
        try:
            async with telling_health(eyes.watched, say, name=f"{source} perception health"):
                yield
        finally:
            if eyes.health.state != "failed":
                await say(ENDED)
