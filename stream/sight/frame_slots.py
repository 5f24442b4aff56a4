"""Pictures on their way to another process: places in memory that both of them see.

A place holds one picture and is used again once that was looked at, not before: there are as many
as looks under way, one a source. It is as large as the largest picture that it ever held. The
owner unlinks them all when it closes; if it is killed, the tracker beside it, Python's own, does.
"""

import os
import sys
from dataclasses import dataclass, replace
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from engines.spec.frame import Frame
from stream.errors import SharedMemoryError

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (where Linux keeps it)
MB: Final = 2**20
NO_PICTURE: Final = np.empty((0, 0, 3), np.uint8)
NO_PICTURE.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A frame without its picture, and where that lies.

    Attributes:
        slot: The number of the place.
        segment: The name of its memory, which is another when it grew.
        shape: Height, width and channels of the picture.
        frame: The rest of it.
    """

    slot: int
    segment: str
    shape: tuple[int, ...]
    frame: Frame


class FrameSlots:
    """The places, as their owner sees them; leaving its context unlinks them."""

    def __init__(self) -> None:
        self._segments: list[SharedMemory] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self._segments)

    def put(self, frame: Frame) -> Slip:
        """Copy a picture to a place, which is taken until it is freed.

        Raises:
            SharedMemoryError: If the system has too little shared memory left.
        """
        image = frame.image
        if not self._free:
            self._segments.append(_created(image.nbytes))
            self._free.append(len(self._segments) - 1)
        slot = self._free[-1]
        if self._segments[slot].size < image.nbytes:
            larger = _created(image.nbytes)
            _unlink(self._segments[slot])
            self._segments[slot] = larger
        segment = self._segments[self._free.pop()]
        view: np.ndarray = np.ndarray(image.shape, np.uint8, buffer=segment.buf)
        view[...] = image
        return Slip(
            slot=slot,
            segment=segment.name,
            shape=image.shape,
            frame=replace(frame, image=NO_PICTURE),
        )

    def free(self, slip: Slip) -> None:
        """Let a place be used again: its picture was looked at."""
        self._free.append(slip.slot)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for segment in self._segments:
            _unlink(segment)
        self._segments.clear()
        self._free.clear()


class SlotReader:
    """The places, as the other process sees them; leaving its context lets them go."""

    def __init__(self) -> None:
        self._segments: dict[int, SharedMemory] = {}

    def frame(self, slip: Slip) -> Frame:
        """Return a frame whose picture is read-only, and is good until its place is freed."""
        segment = self._segments.get(slip.slot)
        if segment is None or segment.name != slip.segment:
            if segment is not None:
                segment.close()
            segment = self._segments[slip.slot] = _attached(slip.segment)
        image: np.ndarray = np.ndarray(slip.shape, np.uint8, buffer=segment.buf)
        image.setflags(write=False)
        return replace(slip.frame, image=image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()


def _created(size: int) -> SharedMemory:
    segment = SharedMemory(create=True, size=size)
    try:
        place = SHARED_MEMORY / segment.name.lstrip("/")
        if place.exists():
            # what is promised and not there ends whoever writes to it: it is claimed at once
            with place.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        _unlink(segment)
        msg = (
            f"shared memory: no {size / MB:.1f} MB for a picture: {error.strerror}; expected room "
            f"for one a source in {SHARED_MEMORY} (docker: --shm-size), or "
            "perception.runtime.process: thread"
        )
        raise SharedMemoryError(msg) from error
    return segment


def _attached(name: str) -> SharedMemory:
    # Before 3.13 every opener reports the memory to the tracker. A spawned child shares its
    # parent's, for which twice is once; the parent, which unlinks it, takes it off the list.
    if sys.version_info >= (3, 13):
        return SharedMemory(name=name, track=False)
    return SharedMemory(name=name)


def _unlink(segment: SharedMemory) -> None:
    segment.close()
    segment.unlink()
