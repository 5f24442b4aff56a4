"""Blocks of memory, on the card and pinned on the host, that grow when more is asked of them."""

import ctypes
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engines.cuda.calls import Cuda

ALIGNED: Final = 256
"""What the runtimes want the card's memory to be aligned to; CUDA gives it so."""


class CardBlock:
    """A stretch of the card's memory.

    Attributes:
        address: Where it lies; it moves when it grows.
        size: In bytes.

    Args:
        cuda: The calls.
        what: What it is for, in messages.
    """

    def __init__(self, cuda: Cuda, what: str) -> None:
        self._cuda = cuda
        self._what = what
        self.address = 0
        self.size = 0

    def hold(self, size: int) -> int:
        """Make it at least so large, whatever is in it being lost, and return its address.

        Raises:
            EngineError: If the card has not so much; the block is empty then.
        """
        if size > self.size:
            self.free()
            self.address = self._cuda.reserve(size, self._what)
            self.size = size
        return self.address

    def free(self) -> None:
        """Give it back; it may be used again."""
        if self.size:
            address, self.address, self.size = self.address, 0, 0
            self._cuda.release(address)


class PinnedBlock:
    """A stretch of the host's memory that the card reads and writes by itself.

    Args:
        cuda: The calls.
        what: What it is for, in messages.
    """

    def __init__(self, cuda: Cuda, what: str) -> None:
        self._cuda = cuda
        self._what = what
        self._size = 0
        self.address = 0

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return its beginning as an array, which lives until the block grows or is freed."""
        count = int(np.prod(shape, dtype=np.int64))
        size = count * np.dtype(dtype).itemsize
        if size > self._size:
            self.free()
            self.address = self._cuda.reserve_pinned(size, self._what)
            self._size = size
        if not size:
            return np.empty(shape, dtype)
        block = memoryview((ctypes.c_uint8 * size).from_address(self.address))
        return np.frombuffer(block, np.dtype(dtype), count).reshape(shape)

    def free(self) -> None:
        """Give it back; it may be used again."""
        if self._size:
            address, self.address, self._size = self.address, 0, 0
            self._cuda.release_pinned(address)
