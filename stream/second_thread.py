"""A second thread for the perception, in which half of a frame's networks run beside the others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


class SecondThread:
    """Does one piece of work in the calling thread and one beside it (``Beside``)."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="perception-beside")

    def __call__(self, here: Callable[[], A], there: Callable[[], B]) -> tuple[A, B]:
        """Return both results; an error of either is raised once both are over."""
        future = self._pool.submit(there)
        try:
            result = here()
        finally:
            wait([future])  # nothing may still run when the engines are closed
        return result, future.result()

    def close(self) -> None:
        """End the thread; what runs in it ends first."""
        self._pool.shutdown()
