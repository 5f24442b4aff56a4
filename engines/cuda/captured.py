"""Captured graphs: the same work asked for again costs one call instead of hundreds.

A graph holds the shapes and the addresses that it was captured with, so it is found by these and
nothing else: another shape or another address is another graph. It is captured when the same key
comes for the second time, right after the work was done as it is, since a runtime prepares itself
for a shape in its first run; whoever never comes twice costs nothing.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from engines.cuda.stream import Stream
from engines.errors import DeviceLostError, EngineError

logger = logging.getLogger(__name__)

MOST: Final = 16
"""Graphs of one engine; each keeps some of the card's memory."""


class CapturedGraphs:
    """The graphs of one engine.

    Attributes:
        captured: How many were captured so far.

    Args:
        stream: On which the work is done.
        name: Of the engine, in messages.
        most: So many are kept, and what was used longest ago makes room.
    """

    def __init__(self, stream: Stream, name: str, *, most: int = MOST) -> None:
        self._stream = stream
        self._name = name
        self._most = most
        self._graphs: OrderedDict[Hashable, int | None] = OrderedDict()  # None: seen once
        self._possible = True
        self.captured = 0

    def run(
        self,
        key: Hashable,
        work: Callable[[], None],
        *,
        prepare: Callable[[], None],
        ready: Callable[[], bool],
    ) -> None:
        """Ask the stream for the work, by its graph if there is one.

        Args:
            key: The shapes and the addresses of everything that the work reads and writes.
            work: Asks the stream for it, and for nothing else.
            prepare: Tells the runtime of these shapes and addresses; a graph knows them.
            ready: Says whether the work can be captured yet.

        Raises:
            EngineError: If the work cannot be asked for.
        """
        graph = self._graphs.get(key)
        if graph is not None:
            self._graphs.move_to_end(key)
            self._stream.cuda.launch(graph, self._stream.handle)
            return
        prepare()
        work()
        if not self._possible:
            return
        again = key in self._graphs and ready()
        self._graphs[key] = self._capture(work) if again else None
        self._graphs.move_to_end(key)
        while len(self._graphs) > self._most:
            self._release(self._graphs.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all: something they were captured with is no longer so."""
        while self._graphs:
            self._release(self._graphs.popitem()[1])

    def _capture(self, work: Callable[[], None]) -> int | None:
        try:
            self._stream.wait(f"{self._name}: the run before it is captured")
            graph = self._stream.capture(work)
        except DeviceLostError:
            raise
        except EngineError as error:
            self._possible = False
            logger.warning("%s runs without captured graphs, slower: %s", self._name, error)
            return None
        self.captured += 1
        return graph

    def _release(self, graph: int | None) -> None:
        if graph is not None:
            self._stream.cuda.release_graph(graph)
