"""Pictures on the card: one that several engines look at is brought there once.

A frame is handed from engine to engine as views of one read-only array. It is known again by that
array itself, not by what is in it, and only while the array lives: a new frame in the same memory
is a new array. What may still be written is never shared.
"""

import weakref
from dataclasses import dataclass
from typing import Any, Final

from numpy import ndarray
from numpy.typing import NDArray

from engines.cuda.memory import CardBlock, PinnedBlock
from engines.cuda.stream import Stream

LEAST_BYTES: Final = 65_536
"""What is smaller is brought again sooner than looked for."""

MOST: Final = 4
"""Pictures kept on the card: the newest of a few sources that are looked at in turn."""

Look = tuple[int, tuple[int, ...], tuple[int, ...], str]


@dataclass(slots=True)
class _Slot:
    block: CardBlock
    staging: PinnedBlock
    owner: "weakref.ref[NDArray[Any]] | None" = None
    look: Look | None = None


class Uploads:
    """The newest read-only arrays, on the card.

    Attributes:
        brought: How many were brought to the card.
        shared: How often one was there already.

    Args:
        stream: By which they are brought.
        most: So many are kept; what was used longest ago makes room.
    """

    def __init__(self, stream: Stream, *, most: int = MOST) -> None:
        self._stream = stream
        self._most = most
        self._slots: list[_Slot] = []  # the one used longest ago first
        self.brought = 0
        self.shared = 0

    def place(self, array: NDArray[Any]) -> int | None:
        """Return where an array lies on the card, brought there if need be.

        Returns:
            None if it may be written or is small: it has to be brought each time.

        Raises:
            EngineError: If it cannot be brought.
        """
        owner = _owner(array)
        if owner is None or array.nbytes < LEAST_BYTES:
            return None
        look = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
        slot = self._found(owner, look)
        if slot is not None:
            self.shared += 1
        else:
            slot = self._free_slot(array.nbytes)
            slot.owner = None  # should the bringing fail, nothing is there
            address = slot.block.hold(array.nbytes)
            self._stream.bring(address, array, slot.staging)
            slot.owner, slot.look = weakref.ref(owner), look
            self.brought += 1
        self._slots.append(slot)
        return slot.block.address

    def close(self) -> None:
        """Give the memory back."""
        while self._slots:
            slot = self._slots.pop()
            slot.block.free()
            slot.staging.free()

    def _found(self, owner: NDArray[Any], look: Look) -> _Slot | None:
        for slot in self._slots:
            if slot.owner is not None and slot.owner() is owner and slot.look == look:
                self._slots.remove(slot)
                return slot
        return None

    def _free_slot(self, size: int) -> _Slot:
        """Take out the one to be used: of the same size if there is, so that its address stays."""
        if len(self._slots) < self._most:
            cuda = self._stream.cuda
            return _Slot(CardBlock(cuda, "a picture"), PinnedBlock(cuda, "a picture"))
        slot = next((slot for slot in self._slots if slot.block.size == size), self._slots[0])
        self._slots.remove(slot)
        return slot


def _owner(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return the array that all views of it have in common; None if any of them may be written."""
    while not array.flags.writeable:
        if not isinstance(array.base, ndarray):
            return array
        array = array.base
    return None
