"""The figures of a report by which two are compared, each with a name, a unit and a good end."""

from dataclasses import dataclass
from typing import Final, Literal

from stream.bench.engine_setup import SPEECH
from stream.bench.report import EngineTimes, Report, Trial
from stream.bench.spread import Spread

TAIL: Final = 2.0
"""So many times the tolerance is a tail's: it rests on one sample in twenty."""
FEW: Final = 20
"""Fewer samples say nothing of a tail."""
LEAST: Final = 5
"""Fewer samples say nothing of the middle: a detector of poses is called twice in a trial."""
SMALL_MS: Final = 0.3
"""A difference below this is the clock's and the scheduler's."""
BUSY_CORES: Final = 0.3
"""More of the processor for others, and they are felt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure.

    Attributes:
        value: In ``unit``.
        unit: Such as ms.
        better: Which end is good.
        slack: So many times the tolerance is borne.
        small: Differences below this do not count.
        by_clock: Whether it was taken by the clock on the wall, which runs for everybody: beside
            other work it says nothing.
    """

    value: float
    unit: str
    better: Literal["lower", "higher"]
    slack: float = 1.0
    small: float = 0.0
    by_clock: bool = False


def others_cores(report: Report) -> float:
    """Return how much of the processor others had, in the trial in which they had most of it."""
    trials = [report.live, *([] if report.fast is None else [report.fast])]
    return max(trial.footprint.cpu_others_cores.value or 0.0 for trial in trials)


def figures(report: Report, *, least: int = LEAST) -> dict[str, Figure]:
    """Return what is compared, by its name; what was not measured is not in it.

    Args:
        report: Of a bench.
        least: A spread of fewer samples is left out.
    """
    found = _of_trial("live", report.live, least)
    if report.fast is not None:
        found |= _of_trial("fast", report.fast, least)
        found["fast frames/s"] = Figure(
            value=report.fast.frames_hz, unit="/s", better="higher", by_clock=True
        )
    if report.glass is not None:
        found |= _of_spread("glass to publication", report.glass.glass_ms, least)
    if report.capacity is not None:
        found["streams held"] = Figure(
            value=report.capacity.largest, unit="streams", better="higher", by_clock=True
        )
    load_s = report.cold_start.load_s.value
    if load_s is not None:
        found["cold start, load"] = Figure(
            value=load_s, unit="s", better="lower", slack=TAIL, small=0.5, by_clock=True
        )
    return found


def _of_trial(name: str, trial: Trial, least: int) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    if trial.pace == "realtime":  # read fast, a frame waits for those before it: no lateness
        found |= _of_spread(f"{name} arrival to publication", trial.total_ms, least)
        found |= _of_spread(f"{name} age of the face", trial.age_ms, least)
    for engine in trial.engines:
        found |= _of_spread(f"{name} engine {engine.engine}", engine.ms, least)
        found |= _processor_time(name, engine, least)
    cpu, memory = trial.footprint.cpu_ms_a_frame, trial.footprint.memory_peak_mb
    for what, quantity, slack in (("CPU a frame", cpu, TAIL), ("peak memory", memory, 1.0)):
        if quantity.value is not None:
            found[f"{name} {what}"] = Figure(
                value=quantity.value, unit=quantity.unit, better="lower", slack=slack
            )
    return found


def _processor_time(name: str, engine: EngineTimes, least: int) -> dict[str, Figure]:
    """Return an engine's processor time a call, which hardly depends on what else is at work."""
    if engine.cpu_ms_a_call is None or engine.ms.n < least:
        return {}
    # how long a recogniser computes depends on how much was said
    slack = TAIL if engine.engine.startswith(SPEECH) else 1.0
    figure = Figure(
        value=engine.cpu_ms_a_call, unit="ms", better="lower", slack=slack, small=SMALL_MS
    )
    return {f"{name} engine {engine.engine} CPU a call": figure}


def _of_spread(name: str, spread: Spread | None, least: int) -> dict[str, Figure]:
    if spread is None or spread.n < least:
        return {}
    found = {
        f"{name} p50": Figure(
            value=spread.p50, unit="ms", better="lower", small=SMALL_MS, by_clock=True
        ),
    }
    if spread.n >= FEW:
        found[f"{name} p95"] = Figure(
            value=spread.p95, unit="ms", better="lower", slack=TAIL, small=SMALL_MS, by_clock=True
        )
    return found
