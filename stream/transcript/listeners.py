"""The listeners of one source: one, or one for each channel that is heard by itself.

They ask the same recogniser and keep one account, so that the numbers of their utterances are those
of the source. Of a file that is read faster than life they take turns stretch by stretch: what they
say comes in the order in which it was known, and is the same on any machine. Otherwise each takes
in all that has come, as one listener does.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import groupby

from engines.spec.frame import Sound
from stream.transcript.listener import Listened, Listener


class Listeners:
    """Listens to all channels of one source; use it from one task.

    Args:
        listener: Makes the listener of a channel; None is the mix of all.
        in_turns: True for a source that is read faster than life.
    """

    def __init__(self, listener: Callable[[int | None], Listener], *, in_turns: bool) -> None:
        self._listener = listener
        self._in_turns = in_turns
        self._present: dict[int | None, Listener] = {}

    @property
    def heard_until_s(self) -> float | None:
        """Media time up to which every channel was heard; None before that."""
        reached = [listener.heard_until_s for listener in self._present.values()]
        known = [time_s for time_s in reached if time_s is not None]
        return min(known) if known and len(known) == len(reached) else None

    async def hear(self, sounds: Sequence[Sound]) -> AsyncGenerator[Listened, None]:
        """Take all the sound that has come, in order, and yield what it makes known."""
        for channel, some in self._shares(sounds):
            if channel not in self._present:
                async for item in self._make_way(channel):
                    yield item
                self._present[channel] = self._listener(channel)
            async for item in self._present[channel].hear(some):
                yield item

    async def finish(self) -> AsyncGenerator[Listened, None]:
        """Yield what is still to be said: no more sound is to be waited for."""
        for listener in self._present.values():
            async for item in listener.finish():
                yield item

    def _shares(self, sounds: Sequence[Sound]) -> Iterator[tuple[int | None, list[Sound]]]:
        """Yield the sound of one channel after the other."""
        for is_mix, stretch in groupby(sounds, key=lambda sound: sound.channel is None):
            in_order = list(stretch)
            if not is_mix and not self._in_turns:
                in_order.sort(key=_channel)
            for channel, some in groupby(in_order, key=lambda sound: sound.channel):
                yield channel, list(some)

    async def _make_way(self, channel: int | None) -> AsyncGenerator[Listened, None]:
        """End the listeners of the mix before those of the channels, or the other way round."""
        for other in [other for other in self._present if (other is None) != (channel is None)]:
            async for item in self._present.pop(other).finish():
                yield item


def _channel(sound: Sound) -> int:
    return -1 if sound.channel is None else sound.channel
