"""The ears of a run: one recogniser for all sources, in a process of its own, replaced if it dies.

Every source has one call under way at most, and calls are answered in the order they came: so
sources take turns, and a look for a voice waits at most for a pass of each other source, which
take well under a second each. The recogniser remembers nothing; what a dead one had heard is what
its caller still holds, and the next one starts where it was.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Self, TypeVar

from jaxtyping import Float32
from numpy import ndarray

from engines.config import SpeechConfig
from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.transcript import Hypothesis
from engines.spec.voice import VoiceState
from engines.speech.recogniser import Recogniser
from stream.child import Child
from stream.errors import ChildDiedError, ChildGoneError, EarsLostError
from stream.meter import MS_PER_S, Recent
from stream.succession import Succeeded, Succession
from stream.worker import Worker

NICENESS: Final = 5
"""Where there is too little processor for both the eyes come first: late words are still words."""

P = ParamSpec("P")
R = TypeVar("R")


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


class SpeechProcess(Succeeded[Recogniser]):
    """Hears (``Ears``), in a child process or a thread as the profile says.

    Args:
        folder: A Whisper model that CTranslate2 reads.
        config: How it is opened, and where.
        now: The monotonic clock, in seconds.

    Attributes:
        meter: What it took.
    """

    def __init__(
        self, folder: Path, config: SpeechConfig, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(Succession(self._new_owner, now=now))
        self.meter = SpeechMeter(apart=config.process == "child")
        self._config = config
        self._open = partial(Recogniser, folder, config)

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

    async def __aenter__(self) -> Self:
        await self._owners.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._owners.__aexit__(exc_type, exc, traceback)

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
        try:
            owner = await self._owners.owner()
        except ChildGoneError as error:
            raise EarsLostError(str(error)) from error
        asked_s = time.perf_counter()
        try:
            result, wall_s, cpu_s = await owner.call(_timed, function, *args, **kwargs)
        except ChildDiedError as error:
            await self._owners.bury(owner, str(error))
            raise EarsLostError(str(error)) from error
        self.meter.add(
            name,
            wall_s=wall_s,
            cpu_s=cpu_s,
            sound_s=samples / SOUND_RATE_HZ,
            waited_s=time.perf_counter() - asked_s - wall_s,
        )
        return result


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
