"""The eyes in a thread of the program itself: frames go by reference, and nothing is restarted.

On CPUs: OpenVINO at one thread brings no threads of its own that two processes would keep apart.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from engines.config import PerceptionConfig
from engines.errors import DeviceLostError
from engines.models.store import ModelStore
from engines.spec.frame import Frame
from stream.meter import EngineMeter
from stream.sight.sight import Look, Sight
from stream.sight.viewings import Viewings
from stream.succession import Health
from stream.worker import Worker


class EyesThread:
    """Looks (``Eyes``), in a thread.

    Args:
        config: Which networks, and how they are used.
        store: Where they are.
        meter: Opens them, and takes what they took.
        picture: Of the person to be watched; None for none.

    Attributes:
        health: Always well: a thread ends with the program.
        is_apart: False.
        process_cpu_s: 0: it is the program's own.
        restarts: 0.
    """

    health = Health(state="ok", detail=None)
    is_apart = False
    process_cpu_s = 0.0
    restarts = 0

    def __init__(
        self,
        config: PerceptionConfig,
        store: ModelStore,
        meter: EngineMeter,
        picture: Path | None = None,
    ) -> None:
        self._worker = Worker("perception", partial(Sight, config, store, meter.open, picture))
        self._viewings = Viewings()
        self.keypoints: str | None = None

    @contextmanager
    def watched(self, changed: Callable[[Health], None]) -> Iterator[None]:  # noqa: ARG002
        """Call nothing: ``health`` never changes."""
        yield

    def watching(self, source: str) -> AbstractContextManager[None]:
        """Look at a source until the context ends (``Eyes``)."""
        return self._viewings.watching(source)

    async def look(self, frame: Frame, watched: Collection[str] | None) -> Look:
        """Return who is in a frame (``Eyes``)."""
        try:
            viewing = self._viewings.of(frame.source)
            return await self._worker.call(Sight.look, viewing, frame, watched)
        except DeviceLostError as error:
            msg = f"{error}; with perception.runtime.process: child it is started again"
            raise DeviceLostError(msg) from error

    async def __aenter__(self) -> Self:
        await self._worker.__aenter__()
        self.keypoints = await self._worker.call(lambda sight: sight.keypoints)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._worker.__aexit__(exc_type, exc, traceback)
