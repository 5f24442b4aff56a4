"""A report as tables of text, which the terminal, Markdown and the page show alike."""

from collections.abc import Iterable
from typing import Final

from stream.bench.accuracy_sections import (
    accuracy_in_short,
    agreements_section,
    setups_section,
    speed_ups_section,
)
from stream.bench.baseline import Comparison
from stream.bench.figures import BUSY_CORES, others_cores
from stream.bench.footprint_section import footprint_section
from stream.bench.report import Capacity, Glass, Report, Trial
from stream.bench.section import Section
from stream.bench.spread import Spread

SPREAD: Final = ("n", "p50", "p90", "p95", "p99", "max")
GLASS: Final = (
    "From the drawing of a picture (its moment is burnt into it and read back from the picture "
    "that the eyes look at) to the publication of its reading: H.264, MPEG-TS and UDP on loopback, "
    "decoding and the pipeline lie between. Optics, exposure, a real camera's encoder and a "
    "network do not."
)
ADD_UP: Final = (
    "Of each item queue + compute = total; percentiles of the three do not add up, since the "
    "slowest wait is not of the slowest call."
)
REAL_TIME: Final = "In real time; a full channel drops the oldest, as for a camera. "
FAST: Final = "As fast as it can be read, nothing dropped: frames wait for those before them. "


def sections(report: Report, comparison: Comparison | None = None) -> list[Section]:
    """Return a report as tables, what matters most first."""
    told = [_what(report), _latency("Real time", REAL_TIME + ADD_UP, report.live)]
    told += [_engines("Engines, real time", report.live)]
    if report.fast is not None:
        told += [_latency("Full speed", FAST, report.fast)]
        told += [_engines("Engines, full speed", report.fast)]
    if report.glass is not None:
        told.append(_glass(report.glass))
    if report.capacity is not None:
        told.append(_capacity(report.capacity))
    if report.accuracy.missing is None:
        told += [agreements_section(report.accuracy), speed_ups_section(report.accuracy)]
    told += [_drops(report.live), footprint_section(report), _start(report), setups_section(report)]
    if comparison is not None:
        told.append(_changes(comparison))
    return told


def _what(report: Report) -> Section:
    subject, machine = report.subject, report.machine
    live, fast = report.live, report.fast
    rows = [
        ("source", f"{subject.source}, {subject.streams} side by side"),
        ("profile", f"{subject.profile} ({subject.profile_digest[:12]})"),
        ("machine", f"{machine.processor}, {machine.cores} cores, {machine.memory_gb} GB"),
        ("cards", ", ".join(machine.cards) or "none that a driver tells of"),
        ("versions", ", ".join(f"{name} {value}" for name, value in report.versions.items())),
        ("in real time", _rate(live)),
        ("at full speed", "not measured: it has its own pace" if fast is None else _rate(fast)),
        ("latency", _lateness(report)),
        ("accuracy", accuracy_in_short(report.accuracy)),
        *_beside(report),
        ("command", report.command),
        ("made", report.made),
    ]
    return Section(title="Bench", columns=("", ""), rows=tuple(rows))


def _beside(report: Report) -> list[tuple[str, str]]:
    """Return that the machine was not quiet, if it was not."""
    others = others_cores(report)
    if others <= BUSY_CORES:
        return []
    told = f"others kept {others:.1f} cores busy: times by the clock are not those of the machine"
    return [("beside it", told)]


def _lateness(report: Report) -> str:
    glass = report.glass
    spreads = {
        "arrival to publication": report.live.total_ms,
        "glass to publication": None if glass is None else glass.glass_ms,
    }
    told = [
        f"{name} p50 {spread.p50:.0f}, p95 {spread.p95:.0f} ms"
        for name, spread in spreads.items()
        if spread is not None
    ]
    return "; ".join(told) or "no reading"


def _rate(trial: Trial) -> str:
    return (
        f"{trial.frames_hz:.1f} frames/s analysed of {trial.frames_decoded / trial.wall_s:.1f} "
        f"decoded, {trial.readings} readings in {trial.wall_s:.1f} s"
    )


def _latency(title: str, note: str, trial: Trial) -> Section:
    rows = [
        _row("reading: arrival to publication", trial.total_ms),
        _row("  of it queue", trial.queue_ms),
        _row("  of it compute", trial.compute_ms),
        _row("reading: age of the face", trial.age_ms),
    ]
    for stage in trial.stages:
        rows += [
            _row(f"{stage.stage}: total", stage.total_ms),
            _row("  of it queue", stage.queue_ms),
            _row("  of it compute", stage.compute_ms),
        ]
    return Section(title=f"{title}, ms", columns=("", *SPREAD), rows=tuple(rows), note=note)


def _engines(title: str, trial: Trial) -> Section:
    rows = [
        (
            *_row(engine.engine, engine.ms),
            f"{engine.calls_hz:.1f}",
            "-" if engine.cpu_ms_a_call is None else f"{engine.cpu_ms_a_call:.2f}",
        )
        for engine in trial.engines
    ]
    columns = ("engine", *SPREAD, "calls/s", "CPU a call")
    note = "Wall time inside each engine, waiting not included; n are the newest calls."
    return Section(title=f"{title}, ms", columns=columns, rows=tuple(rows), note=note)


def _glass(glass: Glass) -> Section:
    rows = (
        _row("glass to publication", glass.glass_ms),
        _row("  of it until the picture was there", glass.before_ms),
        _row("  of it arrival to publication", glass.total_ms),
    )
    camera = f" Camera: {glass.width_px}x{glass.height_px}, {glass.frames_hz:g} frames/s; "
    unread = f"{glass.unread} pictures without a moment that could be read."
    return Section(
        title="Glass to publication, ms",
        columns=("", *SPREAD),
        rows=rows,
        note=GLASS + camera + unread,
    )


def _capacity(capacity: Capacity) -> Section:
    rows = tuple(
        (
            str(attempt.streams),
            "held" if attempt.held else "not held",
            "-" if attempt.worst_p95_ms is None else f"{attempt.worst_p95_ms:.0f}",
            f"{attempt.least_frames_hz:.1f}",
            attempt.why,
        )
        for attempt in sorted(capacity.attempts, key=lambda tried: tried.streams)
    )
    return Section(
        title=f"Streams held: {capacity.largest}",
        columns=("streams", "", "worst p95 ms", "least frames/s", "why"),
        rows=rows,
        note=(
            f"Held: each stream's p95 within {capacity.budget_ms:g} ms and at least "
            f"{capacity.needed_frames_hz:g} frames/s analysed; {capacity.limit} at most are tried."
        ),
    )


def _drops(trial: Trial) -> Section:
    rows = tuple(
        (
            edge.edge,
            str(edge.received),
            str(edge.delivered),
            ", ".join(f"{reason} {count}" for reason, count in edge.drops.items()) or "none",
        )
        for edge in trial.edges
    )
    note = "in = out + drops; 'stopped' is what was on its way when the trial ended."
    return Section(
        title="Drops, real time", columns=("edge", "in", "out", "drops"), rows=rows, note=note
    )


def _start(report: Report) -> Section:
    start = report.cold_start
    rows = (
        ("until the engines were open", str(start.load_s)),
        ("until the first reading", str(start.first_reading_s)),
        ("plans compiled beforehand", str(start.build_s)),
    )
    note = "From the asking; what the system had cached of the files stays cached. Plans that are "
    note += "stored were built by `subface engines build`, once, which is told by itself."
    return Section(title="Cold start", columns=("", "took"), rows=rows, note=note)


def _changes(comparison: Comparison) -> Section:
    rows = tuple(
        (
            change.name,
            f"{change.before:.4g} {change.unit}",
            "-" if change.now is None else f"{change.now:.4g} {change.unit}",
            "-" if change.ratio is None else f"{change.ratio:.2f}",
            f"{change.allowed:.2f}",
            "WORSE" if change.is_worse else "" if change.is_judged else "not judged",
        )
        for change in comparison.changes
    )
    return Section(
        title=f"Against {comparison.path.name}",
        columns=("", "before", "now", "ratio", "allowed", ""),
        rows=rows,
        note=(
            "A ratio above 1 is worse. Differences below 0.3 ms do not count. Not judged: times by "
            "the clock where anything else was at work then or now."
        ),
    )


def _row(name: str, spread: Spread | None) -> tuple[str, ...]:
    if spread is None:
        return (name, "0", *("-" for _ in SPREAD[1:]))
    return (name, str(spread.n), *_numbers(getattr(spread, rank) for rank in SPREAD[1:]))


def _numbers(values: Iterable[float]) -> tuple[str, ...]:
    """Return values with three figures or all before the point."""
    return tuple(f"{value:.{_places(value)}f}" for value in values)


def _places(value: float) -> int:
    """Return how many places behind the point make three figures, once it is rounded."""
    return next((places for places, end in ((2, 9.995), (1, 99.95)) if value < end), 0)
