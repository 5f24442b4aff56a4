"""A child process that owns a blocking resource: the sibling of the worker thread.

Two runtimes with threads of their own slow each other down in one process, and a crash in one ends
all; a child ends alone and can be started again. It is spawned, not forked, since a fork inherits
the locks that other threads hold. Ctrl-C and SIGTERM reach whole groups of processes: they are the
parent's to act upon, which ends the child after its last call. A parent that is killed cannot, so
the child watches it, and ends when it does. The standard library's executor hands the calls over.
"""

import asyncio
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar

from stream.errors import ChildDiedError
from stream.log import LEVELS, set_up_log

CLOSE_S: Final = 3.0
"""So long the calls under way and the closing of the resource may take; then it is killed."""
EXIT_S: Final = 2.0
"""So long the process may then take to end by itself."""
THE_PARENTS: Final = (signal.SIGINT, signal.SIGTERM)
THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Child(Generic[T]):
    """Runs blocking calls on a resource in a process of its own, in the order they were made.

    What goes over (opener, functions, arguments, results, errors) must be picklable.

    Args:
        name: What the process is for, as in ``speech``.
        resource: Opens the resource; called once, in the process.
        threads: Of one numerical library there; None: as many as it likes.
        niceness: By how much it yields to its parent where there is too little processor.

    Attributes:
        cpu_s: Processor seconds of the process, as of its newest answer.
    """

    def __init__(
        self,
        name: str,
        resource: Callable[[], AbstractContextManager[T]],
        *,
        threads: int | None = None,
        niceness: int = 0,
    ) -> None:
        self._name = name
        self._open = resource
        self._environment = {} if threads is None else dict.fromkeys(THREADS, str(threads))
        self._niceness = niceness
        self._pool: ProcessPoolExecutor
        self._process: BaseProcess | None = None
        self.cpu_s = 0.0

    @property
    def pid(self) -> int | None:
        """The number of the process; None before it is there."""
        return self._process.pid if self._process else None

    async def call(
        self, function: Callable[Concatenate[T, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function with the resource as its first argument, in the process.

        Raises:
            ChildDiedError: If the process ended before it answered.
        """
        result, self.cpu_s = await self._answer(_call, function, args, kwargs)
        return result

    def kill(self) -> None:
        """End the process where it stands; calls under way fail with ``ChildDiedError``."""
        if self._process is not None:
            self._process.kill()

    async def __aenter__(self) -> Self:
        self._start()
        try:
            pid = await self._answer(os.getpid)
            children = multiprocessing.active_children()
            self._process = next((child for child in children if child.pid == pid), None)
            self.cpu_s = await self._answer(_open, self._open)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(self._close))
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.shield(asyncio.to_thread(self._close))

    def _start(self) -> None:
        level = logging.getLogger().level
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_settle,
            initargs=(
                self._environment,
                self._niceness,
                LEVELS.index(level) if level in LEVELS else 0,
            ),
        )
        # the process inherits what waits: no signal can reach it before it ignores them
        waiting = signal.pthread_sigmask(signal.SIG_BLOCK, THE_PARENTS)
        try:
            self._pool.submit(os.getpid)  # the first call starts the process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, waiting)

    async def _answer(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            future = asyncio.wrap_future(self._pool.submit(function, *args, **kwargs))
            future.add_done_callback(_look_at)
            # shielded: the executor must not meet a cancelled call when its process dies
            return await asyncio.shield(future)
        except BrokenProcessPool as error:
            raise ChildDiedError(await asyncio.to_thread(self._how_it_ended)) from error

    def _how_it_ended(self) -> str:
        if self._process is None:
            return f"the {self._name} process ended before it was ready"
        ending_s = time.monotonic() + EXIT_S
        # the executor reaps it as well: the one who comes second learns the code a moment later
        while (code := self._process.exitcode) is None and time.monotonic() < ending_s:
            time.sleep(0.01)
        if code is None or code >= 0:
            return f"the {self._name} process ended by itself, with exit code {code}"
        number = -code
        return f"the {self._name} process was ended by signal {number} ({signal.strsignal(number)})"

    def _close(self) -> None:
        try:
            with suppress(BrokenProcessPool):
                self._pool.submit(_close).result(CLOSE_S)
        except TimeoutError:
            self.kill()
        finally:
            last = threading.Timer(EXIT_S, self.kill)
            last.start()
            self._pool.shutdown()
            last.cancel()
            last.join()


def _look_at(future: asyncio.Future[Any]) -> None:
    """See how a call ended that nobody waits for any more, so that asyncio does not report it."""
    if not future.cancelled():
        future.exception()


# What follows runs in the child.

_closing = ExitStack()
_resources: list[Any] = []


def _settle(environment: Mapping[str, str], niceness: int, verbosity: int) -> None:
    os.nice(niceness)
    os.environ.update(environment)  # before anything that reads it is imported
    os.dup2(2, 1)  # stdout belongs to the records; a library that prints must not mix with them
    set_up_log(verbosity)
    for number in THE_PARENTS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, THE_PARENTS)
    threading.Thread(target=_end_with_the_parent, name="parent-watch", daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _open(resource: Callable[[], AbstractContextManager[Any]]) -> float:
    with _portable_errors():
        _resources.append(_closing.enter_context(resource()))
    return time.process_time()


def _call(
    function: Callable[..., R], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[R, float]:
    with _portable_errors():
        return function(_resources[0], *args, **kwargs), time.process_time()


def _close() -> None:
    with _portable_errors():
        _closing.close()


@contextmanager
def _portable_errors() -> Iterator[None]:
    """Turn an error that cannot be handed over, which would end the process, into one that can."""
    try:
        yield
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 (dumped here)
        except Exception:  # noqa: BLE001 (a class may refuse with anything)
            msg = f"{type(error).__name__}: {error}"
            raise RuntimeError(msg) from None
        raise
