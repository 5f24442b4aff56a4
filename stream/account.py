"""The first and the last record of a run: who reads what, and what became of it."""

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from engines.spec.reading import ModelCard, PolicyNote
from stream.clock import Clock
from stream.meter import EngineMeter
from stream.plan import Plan
from stream.publish.publisher import Publisher
from stream.records import Session, SourceNote, Summary
from stream.sight.eyes import Eyes
from stream.supervisor import Outcome
from stream.transcript.speech_process import SpeechProcess

MB = 2**20
KIB_A_MB = 2**10  # Linux counts it in KiB, macOS in bytes


@dataclass(slots=True, kw_only=True)
class Meters:
    """What a run's work is measured by.

    Attributes:
        engines: Of the networks that look, read and fuse.
        eyes: Of the process that looks, where it is another; None if nobody looks.
        ears: Of the recogniser; None if nobody listens.
    """

    engines: EngineMeter
    eyes: Eyes | None
    ears: SpeechProcess | None
    _before_s: float = 0.0

    def start(self) -> None:
        """Begin to count: the engines are open."""
        self._before_s = self._taken_s()

    @property
    def cpu_s(self) -> float:
        """Processor seconds of this process and of its children's, since the start."""
        return self._taken_s() - self._before_s

    def _taken_s(self) -> float:
        heard_s = 0.0 if self.ears is None else self.ears.process_cpu_s
        seen_s = 0.0 if self.eyes is None else self.eyes.process_cpu_s
        return time.process_time() + seen_s + heard_s

    @property
    def engine_s(self) -> dict[str, float]:
        """Wall seconds inside each engine."""
        return _rounded({**self.engines.seconds, **self._heard_s()})

    @property
    def engine_cpu_s(self) -> dict[str, float] | None:
        """Processor seconds inside each engine; None where they are not known."""
        if self.engines.cpu_s is None:
            return None
        heard = None if self.ears is None else self.ears.meter.cpu_s
        named = {f"speech {name}": spent for name, spent in (heard or {}).items()}
        return _rounded({**self.engines.cpu_s, **named})

    def _heard_s(self) -> dict[str, float]:
        heard = {} if self.ears is None else self.ears.meter.seconds
        return {f"speech {name}": spent for name, spent in heard.items()}


def session_record(plan: Plan, clock: Clock, note: PolicyNote, *cards: ModelCard) -> Session:
    """Return the first record of a run."""
    return Session(
        id=clock.new_id(),
        site=plan.profile.site,
        program=f"subface {version('subface')}",
        profile=plan.profile.name,
        started=clock.now(),
        sources=tuple(
            SourceNote(name=spec.name, address=spec.address, live=spec.kind == "live")
            for spec in plan.sources
        ),
        models=cards,
        policy=note,
    )


def summary_record(
    session: str,
    outcomes: list[Outcome],
    *,
    publisher: Publisher,
    meters: Meters,
    clock: Clock,
) -> Summary:
    """Return the last record of a run."""
    return Summary(
        id=clock.new_id(),
        session=session,
        ended=clock.now(),
        sources=tuple(outcome.summary for outcome in outcomes),
        deliveries=publisher.counts,
        cpu_s=round(meters.cpu_s, 3),
        engine_s=meters.engine_s,
        engine_cpu_s=meters.engine_cpu_s,
        peak_memory_mb=_peak_memory_mb(),
        speech_restarts=0 if meters.ears is None else meters.ears.restarts,
        perception_restarts=0 if meters.eyes is None else meters.eyes.restarts,
    )


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (MB if sys.platform == "darwin" else KIB_A_MB), 1)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(spent, 3) for name, spent in sorted(seconds.items())}
