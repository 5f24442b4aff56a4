"""The ears of a run: one recogniser for all sources, in a process of its own, replaced if it dies.

Every source has one call under way at most, and calls are answered in the order they came: so
sources take turns, and a look for a voice waits at most for a pass of each other source, which
take well under a second each. The recogniser remembers nothing; what a dead one had heard is what
its caller still holds, and the next one starts where it was.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Self, TypeVar

from jaxtyping import Float32
from numpy import ndarray

from engines.config import SpeechConfig
from engines.errors import SubfaceError
from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.transcript import Hypothesis
from engines.spec.voice import VoiceState
from engines.speech.recogniser import Recogniser
from stream.child import Child
from stream.errors import ChildDiedError, EarsLostError
from stream.meter import MS_PER_S, Recent
from stream.records import State
from stream.transcript.restart_budget import RestartBudget
from stream.worker import Worker

logger = logging.getLogger(__name__)

NICENESS: Final = 5
"""Where there is too little processor for both the eyes come first: late words are still words."""
RESTARTS: Final = 3
WITHIN_S: Final = 60.0
"""A recogniser that died more often in so long will do so again."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the ears are, in the words of a ``Status`` of the role ``speech``."""

    state: State
    detail: str | None


class SpeechMeter:
    """What hearing took, as ``EngineMeter`` tells it of the networks that look.

    Attributes:
        seconds: Wall seconds inside the recogniser, for ``voice`` and ``transcribe``.
        cpu_s: Processor seconds of the same; None in a thread, where it cannot be told apart.
        calls: How many of each; those of ``transcribe`` are the passes.
        sound_s: Seconds of sound that each was given; passes overlap, so theirs add up to more
            than was said.
        run_ms: Wall milliseconds inside, of the newest calls of each.
        wait_ms: Of the same calls, from the asking until it began and from its end until the
            answer was there: the turns of other sources, and the way to the process and back.
    """

    def __init__(self, *, apart: bool) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.cpu_s: defaultdict[str, float] | None = defaultdict(float) if apart else None
        self.calls: Counter[str] = Counter()
        self.sound_s: defaultdict[str, float] = defaultdict(float)
        self.run_ms: defaultdict[str, Recent] = defaultdict(Recent)
        self.wait_ms: defaultdict[str, Recent] = defaultdict(Recent)

    def clear(self) -> None:
        """Forget what was measured so far: what comes now is to be measured by itself."""
        for kept in (self.seconds, self.cpu_s, self.calls, self.sound_s, self.run_ms, self.wait_ms):
            if kept is not None:
                kept.clear()

    def add(
        self, name: str, *, wall_s: float, cpu_s: float, sound_s: float, waited_s: float
    ) -> None:
        """Take one call."""
        self.run_ms[name].add(MS_PER_S * wall_s)
        self.wait_ms[name].add(MS_PER_S * waited_s)
        self.seconds[name] += wall_s
        self.calls[name] += 1
        self.sound_s[name] += sound_s
        if self.cpu_s is not None:
            self.cpu_s[name] += cpu_s


class SpeechProcess:
    """Hears (``Ears``), in a child process or a thread as the profile says.

    Args:
        folder: A Whisper model that CTranslate2 reads.
        config: How it is opened, and where.
        now: The monotonic clock, in seconds.

    Attributes:
        meter: What it took.
        health: How it is; ``watched`` tells of changes.
        restarts: How often it was started again.
    """

    def __init__(
        self, folder: Path, config: SpeechConfig, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.meter = SpeechMeter(apart=config.process == "child")
        self.health = Health(state="ok", detail=None)
        self.restarts = 0
        self._config = config
        self._open = partial(Recogniser, folder, config)
        self._budget = RestartBudget(most=RESTARTS, within_s=WITHIN_S, now=now)
        self._owner: Child[Recogniser] | Worker[Recogniser] | None = None
        self._buried_cpu_s = 0.0
        self._starting = asyncio.Lock()
        self._watching: list[Callable[[Health], None]] = []

    @property
    def process_cpu_s(self) -> float:
        """Processor seconds of the process and those before it; 0 in a thread, which is ours."""
        return self._buried_cpu_s + (self._owner.cpu_s if isinstance(self._owner, Child) else 0.0)

    @property
    def pid(self) -> int | None:
        """The number of the process; None in a thread, and while there is none."""
        return self._owner.pid if isinstance(self._owner, Child) else None

    async def voice(
        self, samples: Float32[ndarray, " N"], state: VoiceState | None
    ) -> tuple[Float32[ndarray, " M"], VoiceState]:
        """Return how surely each chunk holds a voice, and the state after the last (``Ears``)."""
        return await self._ask("voice", len(samples), Recogniser.voice, samples, state)

    async def transcribe(
        self,
        samples: Float32[ndarray, " N"],
        *,
        start_s: float,
        language: str | None,
        prompt: str,
    ) -> Hypothesis:
        """Return the words in a stretch of sound (``Ears``)."""
        return await self._ask(
            "transcribe", len(samples), Recogniser.transcribe, samples, start_s, language, prompt
        )

    @contextmanager
    def watched(self, changed: Callable[[Health], None]) -> Iterator[None]:
        """Call a function whenever ``health`` changes, until the context ends."""
        self._watching.append(changed)
        try:
            yield
        finally:
            self._watching.remove(changed)

    async def __aenter__(self) -> Self:
        self._owner = await self._new_owner().__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._buried_cpu_s = self.process_cpu_s
        owner, self._owner = self._owner, None
        if owner is not None:
            await owner.__aexit__(exc_type, exc, traceback)

    def _new_owner(self) -> Child[Recogniser] | Worker[Recogniser]:
        if self._config.process == "thread":
            return Worker("speech", self._open)
        return Child("speech", self._open, threads=self._config.threads, niceness=NICENESS)

    async def _ask(
        self,
        name: str,
        samples: int,
        function: Callable[Concatenate[Recogniser, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        owner = self._owner or await self._next_owner()
        asked_s = time.perf_counter()
        try:
            result, wall_s, cpu_s = await owner.call(_timed, function, *args, **kwargs)
        except ChildDiedError as error:
            await self._bury(owner, str(error))
            raise EarsLostError(str(error)) from error
        self.meter.add(
            name,
            wall_s=wall_s,
            cpu_s=cpu_s,
            sound_s=samples / SOUND_RATE_HZ,
            waited_s=time.perf_counter() - asked_s - wall_s,
        )
        return result

    async def _bury(self, owner: Child[Recogniser] | Worker[Recogniser], death: str) -> None:
        if owner is not self._owner:
            return  # its other callers were told before
        self._buried_cpu_s = self.process_cpu_s
        self._owner = None
        self._tell("reconnecting", death)
        await owner.__aexit__(None, None, None)

    async def _next_owner(self) -> Child[Recogniser] | Worker[Recogniser]:
        """Return the successor of one that died; the first who asks starts it.

        Raises:
            EarsLostError: If it died too often, or cannot be opened any more.
        """
        async with self._starting:
            while self._owner is None:
                if self.health.state == "failed":
                    raise EarsLostError(self.health.detail)
                self._owner = await self._started_again()
        return self._owner

    async def _started_again(self) -> Child[Recogniser] | Worker[Recogniser] | None:
        death = self.health.detail
        pause_s = self._budget.take()
        if pause_s is None:
            self._tell("failed", f"{death}; {RESTARTS} restarts within {WITHIN_S:g} s: no more")
            return None
        await asyncio.sleep(pause_s)
        try:
            owner = await self._new_owner().__aenter__()
        except ChildDiedError as error:
            self._tell("reconnecting", str(error))
            return None
        except SubfaceError as error:
            self._tell("failed", f"{death}; it cannot be started again: {error}")
            return None
        self.restarts += 1
        self._tell("ok", f"{death}; started again ({self.restarts})")
        return owner

    def _tell(self, state: State, detail: str) -> None:
        self.health = Health(state=state, detail=detail)
        logger.warning("%s", detail)
        for changed in tuple(self._watching):
            changed(self.health)


def _timed(
    recogniser: Recogniser,
    function: Callable[Concatenate[Recogniser, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> tuple[R, float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = function(recogniser, *args, **kwargs)
    return result, time.perf_counter() - wall_s, time.process_time() - cpu_s
