"""A queue of work for the card: what is asked of it is done in that order."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.cuda.calls import Cuda
from engines.cuda.memory import PinnedBlock
from engines.errors import DeviceLostError, EngineError


class Stream:
    """A stream of one card, not the default one, which waits for everybody.

    Attributes:
        cuda: The calls.
        handle: By which a runtime is told of it.
    """

    def __init__(self, cuda: Cuda) -> None:
        self.cuda = cuda
        self.handle = cuda.new_stream()

    def bring(self, address: int, array: NDArray[Any], staging: PinnedBlock) -> None:
        """Bring an array to the card by way of pinned memory, which is in use until ``wait``."""
        np.copyto(staging.array(array.shape, array.dtype), array)
        if array.nbytes:
            self.cuda.copy(address, staging.address, array.nbytes, "to card", self.handle)

    def fetch(self, into: NDArray[Any], address: int) -> None:
        """Fetch from the card into pinned memory; it is there after ``wait``."""
        if into.nbytes:
            at = into.__array_interface__["data"][0]
            self.cuda.copy(at, address, into.nbytes, "to host", self.handle)

    def wait(self, doing: str) -> None:
        """Wait until all of it is done.

        Raises:
            EngineError: If any of it failed.
        """
        self.cuda.wait(self.handle, doing)

    def capture(self, work: Callable[[], None]) -> int:
        """Return a graph of what the work asks of this stream; nothing of it is done.

        Raises:
            EngineError: If it cannot be captured; the stream can be used as before.
        """
        self.cuda.begin_capture(self.handle)
        try:
            work()
        except EngineError:
            self._end_capture()
            raise
        return self.cuda.end_capture(self.handle)

    def close(self) -> None:
        """End it."""
        self.cuda.release_stream(self.handle)

    def _end_capture(self) -> None:
        try:
            self.cuda.release_graph(self.cuda.end_capture(self.handle))
        except DeviceLostError:
            raise
        except EngineError:  # what was captured is broken, as was to be expected
            self.cuda.forget_error()
