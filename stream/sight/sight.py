"""Networks, and who is seen with them in each source, wherever that is done.

It is synchronous and knows no process: the thread and the child process both own one.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.config import PerceptionConfig
from engines.engine import OpenEngine
from engines.models.store import ModelStore
from engines.perception.identity.descriptor import Descriptor
from engines.perception.identity.enrolment import enrol
from engines.perception.networks import PerceptionNetworks, open_networks
from engines.perception.observer import Given, Observer
from engines.spec.frame import Frame
from engines.spec.observation import Scene
from stream.second_thread import SecondThread

NOTHING_GIVEN: Final = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who is in a frame, and when it was looked at.

    Attributes:
        scene: Who is in it.
        given: The numbers that were given in its viewing so far.
        begun_s: When the look began, seconds of the monotonic clock, which all processes share.
        ended_s: When it ended.
    """

    scene: Scene
    given: Given
    begun_s: float
    ended_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """A source while it is being watched.

    Attributes:
        number: Of its own: a source that is watched again is another viewing.
        after: The numbers that were given in it before, by a process that died.
    """

    number: int
    after: Given = NOTHING_GIVEN


class Sight:
    """Looks at frames; leaving its context closes the networks.

    Args:
        config: Which networks, and how they are used.
        store: Where they are.
        open_engine: Opens one of them.
        enrolled: The picture of the person to be watched, or how that person looks; None for none.

    Attributes:
        enrolled: How the enrolled person looks.

    Raises:
        SubfaceError: If a model is missing or cannot be loaded, or the picture shows no face.
    """

    def __init__(
        self,
        config: PerceptionConfig,
        store: ModelStore,
        open_engine: OpenEngine,
        enrolled: Path | Descriptor | None,
    ) -> None:
        self._config = config
        self._networks = _opened(config, store, open_engine)
        self._observers: dict[str, tuple[int, Observer]] = {}
        try:
            self.enrolled = (
                enrol(enrolled, self._networks, config) if isinstance(enrolled, Path) else enrolled
            )
        except BaseException:
            self._networks.engines.close()
            raise

    @property
    def keypoints(self) -> str | None:
        """The name of the keypoint network; None if there is none."""
        return None if self._networks.keypoints is None else self._networks.keypoints.name

    def look(self, viewing: Viewing, frame: Frame, watched: Collection[str] | None) -> Look:
        """Return who is in the next frame of a viewing.

        Nothing of the picture is kept: its memory may be another's afterwards.

        Raises:
            EngineError: If a network failed.
        """
        begun_s = time.monotonic()
        number, observer = self._observers.get(frame.source, (None, None))
        if observer is None or number != viewing.number:
            observer = Observer(self._config, self.enrolled, after=viewing.after)
            self._observers[frame.source] = viewing.number, observer
        scene = observer.observe(self._networks, frame, watched)
        return Look(scene=scene, given=observer.given, begun_s=begun_s, ended_s=time.monotonic())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._networks.engines.close()


def _opened(
    config: PerceptionConfig, store: ModelStore, open_engine: OpenEngine
) -> PerceptionNetworks:
    """Open the networks, and the thread in which half of them run; they are closed together."""
    if not config.runtime.beside:
        return open_networks(config, store, open_engine)
    second = SecondThread()
    try:
        networks = open_networks(config, store, open_engine, second)
    except BaseException:
        second.close()
        raise
    networks.engines.callback(second.close)
    return networks
