"""The eyes, as the pipeline sees them: one call that waits, whatever process answers it."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol

from engines.spec.frame import Frame
from stream.sight.sight import Look
from stream.succession import Health


class Eyes(Protocol):
    """What looks at the frames of all sources, with networks that they share."""

    @property
    def keypoints(self) -> str | None:
        """The name of the keypoint network; None if there is none."""
        ...

    @property
    def is_apart(self) -> bool:
        """Whether they are a process of their own, which may die and be replaced."""
        ...

    @property
    def health(self) -> Health:
        """How they are; ``watched`` tells of changes."""
        ...

    @property
    def process_cpu_s(self) -> float:
        """Processor seconds of their process and those before it; 0 where it is this one."""
        ...

    @property
    def restarts(self) -> int:
        """How often they were started again."""
        ...

    def watched(self, changed: Callable[[Health], None]) -> AbstractContextManager[None]:
        """Call a function whenever ``health`` changes, until the context ends."""
        ...

    def watching(self, source: str) -> AbstractContextManager[None]:
        """Look at a source until the context ends; who was seen in it before is not known."""
        ...

    async def look(self, frame: Frame, watched: Collection[str] | None) -> Look:
        """Return who is in a frame; those of one source are given in order, one at a time.

        Args:
            frame: The next frame of a source that is being watched.
            watched: Whose body and look are wanted, by ``person_id``; None for everyone's.

        Raises:
            EyesLostError: If the process died over it: the frame is lost, the next finds a new one.
            ChildGoneError: If the process died too often.
            SubfaceError: If a network failed.
        """
        ...
