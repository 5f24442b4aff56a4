"""The first and the last record of a run: who reads what, and what became of it."""

import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version

from engines.spec.reading import ModelCard, PolicyNote
from stream.clock import Clock
from stream.meter import EngineMeter
from stream.plan import Plan
from stream.publish.publisher import Publisher
from stream.records import Session, SourceNote, Summary
from stream.supervisor import Outcome

MB = 2**20
KIB_A_MB = 2**10  # Linux counts it in KiB, macOS in bytes


def session_record(plan: Plan, clock: Clock, note: PolicyNote, card: ModelCard) -> Session:
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
        models=(card,),
        policy=note,
    )


def summary_record(
    session: str,
    outcomes: list[Outcome],
    *,
    publisher: Publisher,
    meter: EngineMeter,
    clock: Clock,
    cpu_s: float,
) -> Summary:
    """Return the last record of a run; ``cpu_s`` is what it took since its engines were open."""
    return Summary(
        id=clock.new_id(),
        session=session,
        ended=clock.now(),
        sources=tuple(outcome.summary for outcome in outcomes),
        deliveries=publisher.counts,
        cpu_s=round(cpu_s, 3),
        engine_s=_rounded(meter.seconds),
        engine_cpu_s=None if meter.cpu_s is None else _rounded(meter.cpu_s),
        peak_memory_mb=_peak_memory_mb(),
    )


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (MB if sys.platform == "darwin" else KIB_A_MB), 1)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(spent, 3) for name, spent in sorted(seconds.items())}
