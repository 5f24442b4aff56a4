"""A thread for calls that may never come back, and that can be left behind.

Reading from a network blocks inside FFmpeg. It is interrupted there after a timeout, but the
look-up of a host name, a kernel or a driver may block beyond it, and a program that was asked to
stop does not wait for them. So, other than a ``stream.worker.Worker``, whose thread is joined, this
one is a daemon: its calls run in order, closing queues behind the call in flight, and if that does
not return in time the thread is left alone. It still closes what it holds as soon as the call
returns, and then ends; at the latest it ends with the program.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


class DetachableThread:
    """Runs blocking calls in order on a thread of its own.

    Args:
        name: The thread's name, as shown by a debugger.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call in the thread and return what it returns, or raise what it raises."""
        return await asyncio.wrap_future(self._submit(lambda: function(*args, **kwargs)))

    async def end(self, finish: Callable[[], None], *, grace_s: float) -> None:
        """Finish behind the calls made so far, and end the thread; wait for it so long at most."""
        finished = asyncio.wrap_future(self._submit(finish))
        self._calls.put(None)
        _, late = await asyncio.wait({finished}, timeout=grace_s)
        if late:
            log.warning(
                "%s: still blocked after %.1f s; it is left to end by itself", self._name, grace_s
            )
        else:
            finished.result()

    def _submit(self, call: Callable[[], R]) -> "Future[R]":
        future: Future[R] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001  (it belongs to the caller)
                future.set_exception(error)
            else:
                future.set_result(result)

        self._calls.put(run)
        return future

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
