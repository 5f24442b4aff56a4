"""The eyes in a process of their own, which is replaced when it dies, hangs or loses its card.

A card that fails takes the process down that used it, and only a new one can use it again. Frames
go there in shared memory, scenes come back; what the engines took comes home with them. Who was
seen is known only there: its successor begins anew, but gives no number twice in a source.
"""

import asyncio
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from engines.config import PerceptionConfig
from engines.errors import DeviceLostError
from engines.models.store import ModelStore
from engines.perception.identity.descriptor import Descriptor
from engines.spec.frame import Frame
from engines.spec.observation import Scene
from stream.child import Child
from stream.errors import ChildDiedError, EyesLostError
from stream.meter import EngineMeter, EngineRun, RunLog
from stream.sight.frame_slots import FrameSlots, Slip, SlotReader
from stream.sight.sight import Look, Sight, Viewing
from stream.sight.viewings import Viewings
from stream.succession import Succeeded, Succession
from stream.worker import Worker

Owner = Child["SightThere"] | Worker["SightThere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back for a frame.

    Attributes:
        look: Who is in it.
        runs: What the engines did since the answer before.
    """

    look: Look
    runs: tuple[EngineRun, ...]


class SightThere:
    """The sight in its process; leaving its context closes it.

    Args:
        config: Which networks, and how they are used.
        store: Where they are.
        enrolled: As of ``Sight``.
    """

    def __init__(
        self, config: PerceptionConfig, store: ModelStore, enrolled: Path | Descriptor | None
    ) -> None:
        self._stack = ExitStack()
        self._runs = RunLog(config.runtime)
        self._slots = self._stack.enter_context(SlotReader())
        self._sight = self._stack.enter_context(Sight(config, store, self._runs.open, enrolled))

    def described(self) -> tuple[str | None, Descriptor | None]:
        """Return the name of the keypoint network, and how the enrolled person looks."""
        return self._sight.keypoints, self._sight.enrolled

    def look(self, viewing: Viewing, slip: Slip, watched: Collection[str] | None) -> Answer:
        """Return who is in a frame, and what else there is to say."""
        look = self._sight.look(viewing, self._slots.frame(slip), watched)
        return Answer(look=look, runs=self._runs.taken())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()


class EyesProcess(Succeeded[SightThere]):
    """Looks (``Eyes``), in a child process.

    Args:
        config: Which networks, and how they are used.
        store: Where they are.
        meter: Takes what the engines took.
        picture: Of the person to be watched; None for none.

    Attributes:
        is_apart: True.
        keypoints: As of ``Eyes``.
    """

    is_apart = True

    def __init__(
        self,
        config: PerceptionConfig,
        store: ModelStore,
        meter: EngineMeter,
        picture: Path | None = None,
    ) -> None:
        super().__init__(Succession(self._new_owner, begins_anew="tracks and persons begin anew"))
        self._config = config
        self._store = store
        self._meter = meter
        self._enrolled: Path | Descriptor | None = picture
        self._slots = FrameSlots()
        self._viewings = Viewings()
        self._looks: set[asyncio.Task[Answer]] = set()
        self.keypoints: str | None = None

    def watching(self, source: str) -> AbstractContextManager[None]:
        """Look at a source until the context ends (``Eyes``)."""
        return self._viewings.watching(source)

    async def look(self, frame: Frame, watched: Collection[str] | None) -> Look:
        """Return who is in a frame (``Eyes``)."""
        owner = await self._owners.owner()
        slip = self._slots.put(frame)
        viewing = self._viewings.of(frame.source)
        asked = asyncio.ensure_future(owner.call(SightThere.look, viewing, slip, watched))
        # a look that nobody waits for any more still reads: only its end frees the place
        asked.add_done_callback(partial(self._looked, slip))
        self._looks.add(asked)
        patience_s = self._config.runtime.patience_s
        try:
            async with asyncio.timeout(patience_s):
                answer = await asyncio.shield(asked)
        except (ChildDiedError, DeviceLostError) as error:
            raise await self._lost(owner, str(error)) from error
        except TimeoutError as error:
            hung = f"the perception process did not answer for {patience_s:g} s"
            raise await self._lost(owner, hung) from error
        for run in answer.runs:
            self._meter.add(run)
        self._viewings.looked(frame.source, answer.look)
        _freeze(answer.look.scene)
        return answer.look

    async def __aenter__(self) -> Self:
        await self._owners.__aenter__()
        try:
            owner = await self._owners.owner()
            # its successors look for the person, and need not find the picture again
            self.keypoints, self._enrolled = await owner.call(SightThere.described)
        except BaseException:
            await self._owners.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._slots:
            await self._owners.__aexit__(exc_type, exc, traceback)
            if self._looks:
                await asyncio.wait(self._looks)

    def _new_owner(self) -> Child[SightThere]:
        opened = partial(SightThere, self._config, self._store, self._enrolled)
        return Child("perception", opened, threads=self._config.runtime.threads)

    def _looked(self, slip: Slip, asked: asyncio.Task[Any]) -> None:
        self._looks.discard(asked)
        self._slots.free(slip)
        if not asked.cancelled():
            asked.exception()  # seen by who waited; where nobody did, it does not matter

    async def _lost(self, owner: Owner, why: str) -> EyesLostError:
        """Bury the process, and return what its caller is told."""
        await self._owners.bury(owner, why)
        return EyesLostError(why)


def _freeze(scene: Scene) -> None:
    """Make the arrays of a scene read-only, as they were before they came by pickle."""
    for observation in scene.observations:
        for field in fields(observation):
            value = getattr(observation, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
