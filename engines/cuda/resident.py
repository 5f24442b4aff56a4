"""A host's array and its copy on the card, which follows it place by place.

The host's array is the truth. What was written there is told, and brought before the next run, a
row for each of the axes outside; whatever becomes of the card, a new copy is one upload away.
"""

import weakref
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engines.cuda.memory import CardBlock, PinnedBlock
from engines.cuda.stream import Stream

MOST_PLACES: Final = 64
"""More places than this are brought with the whole array."""


class ResidentArray:
    """An array of the host that also lies on the card.

    Attributes:
        brought_bytes: How much was brought so far.

    Args:
        stream: By which it is brought.
        array: C-contiguous; it is read again at every run in which something of it was written.
        axis: Along which places are written.
        what: What it is, in messages.
    """

    def __init__(self, stream: Stream, array: NDArray[Any], axis: int, what: str) -> None:
        self._stream = stream
        self._array = weakref.ref(array)
        self._axis = axis
        self._what = what
        self._block = CardBlock(stream.cuda, what)
        self._staging = PinnedBlock(stream.cuda, what)
        self._written: dict[int, None] | None = None  # None: all of it
        self.brought_bytes = 0

    @property
    def is_forsaken(self) -> bool:
        """Whether the host's array is gone."""
        return self._array() is None

    def holds(self, array: NDArray[Any]) -> bool:
        """Return whether this is the copy of that very array."""
        return self._array() is array

    def wrote(self, place: int) -> None:
        """Take note that a place of the array was written."""
        if self._written is not None:
            self._written[place] = None
            if len(self._written) > MOST_PLACES:
                self._written = None

    def rebuild(self) -> None:
        """Bring the whole array before the next run."""
        self._written = None

    def address(self) -> int:
        """Return where the copy lies, after asking the stream to bring what was written.

        Raises:
            EngineError: If it cannot be brought.
        """
        array = self._array()
        if array is not None and self._written is None:
            self._block.hold(array.nbytes)
            self._bring_all(array)
        elif array is not None and self._written:
            self._bring_places(array, list(self._written))
        self._written = {}
        return self._block.address

    def free(self) -> None:
        """Give the memory back."""
        self._block.free()
        self._staging.free()

    def _bring_all(self, array: NDArray[Any]) -> None:
        """Bring it as it lies; CUDA stages what is not pinned, and we wait for it."""
        at = array.__array_interface__["data"][0]
        cuda, stream = self._stream.cuda, self._stream
        cuda.copy(self._block.address, at, array.nbytes, "to card", stream.handle)
        stream.wait(f"{self._what}: bringing all of it")
        self.brought_bytes += array.nbytes

    def _bring_places(self, array: NDArray[Any], places: list[int]) -> None:
        outside, inside = array.shape[: self._axis], array.shape[self._axis + 1 :]
        rows = int(np.prod(outside, dtype=np.int64))
        width = int(np.prod(inside, dtype=np.int64)) * array.itemsize
        staged = self._staging.array((len(places), *outside, *inside), array.dtype)
        np.copyto(staged, np.moveaxis(array, self._axis, 0)[places])
        for nth, place in enumerate(places):
            self._stream.cuda.copy_rows(
                self._block.address + place * width,
                self._staging.address + nth * rows * width,
                pitch=array.shape[self._axis] * width,
                width=width,
                rows=rows,
                stream=self._stream.handle,
            )
        self.brought_bytes += len(places) * rows * width
