"""Packets of a file in the order of their time, whatever order the muxer wrote them in.

A file may hold half a second of sound and then half a second of pictures. Paced in that order the
pictures would come in bursts, so packets (not pictures: those are megabytes) are held back until
all that belongs before them has been read.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

SPAN_S = 1.0
"""Muxers interleave within half a second; two media farther apart come as they were written."""


def in_time_order(timed: Iterable[tuple[int, float | None, T]]) -> Iterator[T]:
    """Yield items by time, holding back ``SPAN_S``; each medium keeps its own order.

    Args:
        timed: (medium, time, item); where the time is None, or before the one before it in its
            medium, as after a jump of the timestamps, the item goes with that.
    """
    held: list[tuple[float, int, T]] = []
    newest_s = float("-inf")
    last_s: dict[int, float] = {}
    for number, (medium, time_s, item) in enumerate(timed):
        at_s = max(last_s.get(medium, float("-inf")), newest_s if time_s is None else time_s)
        last_s[medium] = at_s
        newest_s = max(newest_s, at_s)
        heapq.heappush(held, (at_s, number, item))
        while held and held[0][0] <= newest_s - SPAN_S:
            yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]
