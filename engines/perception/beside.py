"""Two pieces of work that do not need each other, done in turn or side by side.

The networks of a frame are small and run on one thread each, so two of them side by side use two
cores better than one network on two threads does. Engines know no threads: whoever owns them says
how two pieces of work are done.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

A = TypeVar("A")
B = TypeVar("B")


@runtime_checkable
class Beside(Protocol):
    """Does two pieces of work that share no engine and no state; both are over when it returns."""

    def __call__(self, here: Callable[[], A], there: Callable[[], B]) -> tuple[A, B]:
        """Return both results; an error of either is raised once both are over."""
        ...


def in_turn(here: Callable[[], A], there: Callable[[], B]) -> tuple[A, B]:
    """Do the one, then the other."""
    return here(), there()
