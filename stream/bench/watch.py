"""What a bench sees of the pipeline's work: when each call began and ended, and each reading.

Three doors of the pipeline are watched, its eyes, its network's worker and its publisher, by
standing in for them: the stages and what they compute are those of every run. Which source a call
is for is known by the task that makes it, since a network is asked on behalf of many.
"""

from collections import deque
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import takewhile
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar

from engines.spec.frame import Frame
from engines.spec.reading import Reading
from stream.bench.burnt_code import read_moment
from stream.bench.item import Item
from stream.clock import Clock
from stream.publish.publisher import MS_PER_S, Publisher, Sink, Stamps
from stream.sight.eyes import Eyes
from stream.sight.sight import Look
from stream.succession import Health
from stream.worker import Worker

SOURCE: Final[ContextVar[str]] = ContextVar("source")
"""For which source the running task works."""
NEWEST: Final = 4096
"""Calls and readings kept: half an hour of one source."""
DIGITS: Final = 4

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a worker, on the monotonic clock.

    Attributes:
        source: For which source.
        arrived_s: Of the frame that it looks at; None where it looks at none.
        asked_s: When it was asked for: the arrival, or when the call was made.
        begun_s: When it began.
        ended_s: When it ended.
        glass_s: The moment burnt into the frame; None where there is none.
    """

    source: str
    arrived_s: float | None
    asked_s: float
    begun_s: float
    ended_s: float
    glass_s: float | None = None

    @property
    def queue_ms(self) -> float:
        """How long it waited."""
        return MS_PER_S * (self.begun_s - self.asked_s)

    @property
    def compute_ms(self) -> float:
        """How long it took."""
        return MS_PER_S * (self.ended_s - self.begun_s)


class Watch:
    """Follows every reading of a trial, in bounded memory.

    Args:
        clock: That of the run.
        coded: Whether moments are burnt into the pictures.

    Attributes:
        looks: The newest calls of the perception.
        steps: The newest calls of the network.
        items: The newest readings.
        first_s: When the first reading was published; None before.
        unread: Pictures looked at in which no moment could be read.
    """

    def __init__(self, clock: Clock, *, coded: bool = False) -> None:
        self.clock = clock
        self.coded = coded
        self.looks: deque[Call] = deque(maxlen=NEWEST)
        self.steps: deque[Call] = deque(maxlen=NEWEST)
        self.items: deque[Item] = deque(maxlen=NEWEST)
        self.first_s: float | None = None
        self.unread = 0

    def moment(self, frame: Frame) -> float | None:
        """Return the moment burnt into a frame, if that is what is watched for."""
        if not self.coded:
            return None
        moment_s = read_moment(frame.image, frame.arrived_s)
        self.unread += moment_s is None
        return moment_s

    def read(self, reading: Reading, stamps: Stamps) -> None:
        """Take a reading as it went out."""
        if self.first_s is None:
            self.first_s = self.clock.monotonic_s()
        look = self._look_at(reading.source, stamps.arrived_s)
        if look is None:
            return  # so far behind that its frame is forgotten
        latency = reading.latency_ms
        step_ms = self._stepped_ms(reading.source, look.ended_s, stamps.computed_s)
        published_s = stamps.arrived_s + latency.total / MS_PER_S
        glass_s = look.glass_s
        self.items.append(
            Item(
                source=reading.source,
                seq=reading.seq,
                time_s=reading.window.end_s,
                wait_ms=round(look.queue_ms, DIGITS),
                look_ms=round(look.compute_ms, DIGITS),
                step_wait_ms=round(MS_PER_S * (stamps.computed_s - look.ended_s) - step_ms, DIGITS),
                step_ms=round(step_ms, DIGITS),
                publish_ms=latency.publish,
                total_ms=latency.total,
                age_ms=reading.age_ms,
                glass_ms=(
                    None if glass_s is None else round(MS_PER_S * (published_s - glass_s), DIGITS)
                ),
            )
        )

    def _stepped_ms(self, source: str, start_s: float, end_s: float) -> float:
        """Return how long the network computed for a source between two moments."""
        since = takewhile(lambda call: call.ended_s >= start_s, reversed(self.steps))
        return sum(
            call.compute_ms
            for call in since
            if call.source == source and call.begun_s >= start_s and call.ended_s <= end_s
        )

    def _look_at(self, source: str, arrived_s: float) -> Call | None:
        matches = (
            c for c in reversed(self.looks) if (c.source, c.arrived_s) == (source, arrived_s)
        )
        return next(matches, None)


class WatchedEyes:
    """Stands in for the eyes (``Eyes``), which their owner opens and closes; tells of each look.

    Args:
        eyes: Look.
        watch: Takes the calls, and looks for burnt moments.
    """

    def __init__(self, eyes: Eyes, watch: Watch) -> None:
        self._eyes = eyes
        self._watch = watch

    @property
    def keypoints(self) -> str | None:
        """As of the eyes."""
        return self._eyes.keypoints

    @property
    def is_apart(self) -> bool:
        """As of the eyes."""
        return self._eyes.is_apart

    @property
    def health(self) -> Health:
        """As of the eyes."""
        return self._eyes.health

    @property
    def process_cpu_s(self) -> float:
        """As of the eyes."""
        return self._eyes.process_cpu_s

    @property
    def restarts(self) -> int:
        """As of the eyes."""
        return self._eyes.restarts

    def watched(self, changed: Callable[[Health], None]) -> AbstractContextManager[None]:
        """Watch their health as they do."""
        return self._eyes.watched(changed)

    def watching(self, source: str) -> AbstractContextManager[None]:
        """Look at a source as they do."""
        return self._eyes.watching(source)

    async def look(self, frame: Frame, watched: Collection[str] | None) -> Look:
        """Look as they do."""
        look = await self._eyes.look(frame, watched)
        self._watch.looks.append(
            Call(
                source=SOURCE.get(),
                arrived_s=frame.arrived_s,
                asked_s=frame.arrived_s,
                begun_s=look.begun_s,
                ended_s=look.ended_s,
                glass_s=self._watch.moment(frame),
            )
        )
        return look


class WatchedWorker(Worker[T], Generic[T]):
    """Stands in for a worker, which its owner opens and closes, and tells of each call.

    Args:
        worker: Does the work.
        calls: Takes the calls.
        watch: Whose clock it is, and who looks for burnt moments.
    """

    def __init__(self, worker: Worker[T], calls: deque[Call], watch: Watch) -> None:
        self._worker = worker
        self._calls = calls
        self._watch = watch

    async def call(
        self, function: Callable[Concatenate[T, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a function as the worker does."""
        now_s = self._watch.clock.monotonic_s
        asked_s = now_s()

        def timed(resource: T) -> tuple[R, float, float]:
            begun_s = now_s()
            result = function(resource, *args, **kwargs)
            return result, begun_s, now_s()

        result, begun_s, ended_s = await self._worker.call(timed)
        self._calls.append(
            Call(
                source=SOURCE.get(),
                arrived_s=None,
                asked_s=asked_s,
                begun_s=begun_s,
                ended_s=ended_s,
            )
        )
        return result


class WatchedPublisher(Publisher):
    """A publisher that tells of each reading as it went out.

    Args:
        sinks: As of the publisher.
        watch: Takes the readings.
    """

    def __init__(self, sinks: list[Sink], watch: Watch) -> None:
        super().__init__(sinks, watch.clock)
        self._watch = watch

    async def put_reading(self, reading: Reading, stamps: Stamps) -> Reading:
        """Hand a reading to every sink, as the publisher does."""
        stamped = await super().put_reading(reading, stamps)
        self._watch.read(stamped, stamps)
        return stamped
