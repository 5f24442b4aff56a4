"""A report as tables of text, which the terminal, Markdown and the page show alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from stream.bench.baseline import Comparison
from stream.bench.report import Capacity, Glass, Report, Trial
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
COSTS: Final = {
    "cpu_cores": "CPU, cores busy",
    "cpu_others_cores": "CPU, busy with anything else",
    "cpu_ms_a_frame": "CPU for a frame",
    "memory_mb": "resident memory",
    "memory_peak_mb": "resident memory, peak",
    "temperature_c": "processor temperature",
    "throttled": "processor throttled",
    "packages_power_w": "processor power",
    "packages_joules_a_reading": "processor energy for a reading",
}
"""By the field of a footprint."""
CARD: Final = {
    "card.memory_mb": "GPU memory",
    "card.busy": "GPU busy",
    "card.power_w": "GPU power",
    "card.joules_a_reading": "GPU energy for a reading",
    "card.temperature_c": "GPU temperature",
    "card.throttled": "GPU throttled",
}
BOARD: Final = {
    "board.memory_mb": "board memory in use",
    "board.busy": "board GPU busy",
    "board.power_w": "board power",
    "board.joules_a_reading": "board energy for a reading",
    "board.temperature_c": "board temperature",
}
"""Of a Jetson; shown where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table.

    Attributes:
        title: Its heading.
        columns: Heads; all but the first are of figures.
        rows: As many cells as columns.
        note: What has to be known to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


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
    told += [_drops(report.live), _footprint(report), _start(report)]
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
        ("accuracy", str(report.accuracy)),
        ("command", report.command),
        ("made", report.made),
    ]
    return Section(title="Bench", columns=("", ""), rows=tuple(rows))


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


def _footprint(report: Report) -> Section:
    trials = [report.live, *([report.fast] if report.fast is not None else [])]
    rows = [_of_trials(title, field, trials) for field, title in COSTS.items()]
    rows.append(("processes", *(str(trial.footprint.processes) for trial in trials)))
    rows += _device("GPU", CARD, trials)
    if any(trial.footprint.card.slowed_by for trial in trials):
        slowed = (", ".join(trial.footprint.card.slowed_by) or "-" for trial in trials)
        rows.append(("GPU throttled by", *slowed))
    rows += _device("Jetson board", BOARD, trials)
    if report.live.footprint.board.rails:
        rails = (", ".join(trial.footprint.board.rails) for trial in trials)
        rows.append(("board power is that of", *rails))
    heads = ("", "real time", "full speed")[: len(trials) + 1]
    note = (
        "With the child processes; memory that they share counts twice. Where anything else keeps "
        "more than some tenths of a core busy, the times are not those of a quiet machine."
    )
    return Section(title="Footprint", columns=heads, rows=tuple(rows), note=note)


def _device(name: str, fields: Mapping[str, str], trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the rows of a device; one row where there is one reason for none of them."""
    why = {attrgetter(field)(trial.footprint).missing for trial in trials for field in fields}
    if len(why) == 1 and None not in why:
        return [(f"{name}: all of it", *[why.pop() or ""] * len(trials))]
    return [_of_trials(title, field, trials) for field, title in fields.items()]


def _of_trials(title: str, field: str, trials: Sequence[Trial]) -> tuple[str, ...]:
    return title, *(str(attrgetter(field)(trial.footprint)) for trial in trials)


def _start(report: Report) -> Section:
    start = report.cold_start
    rows = (
        ("engines open", str(start.load_s)),
        ("first reading", str(start.first_reading_s)),
        ("compiled engines", str(start.build_s)),
    )
    note = "From the asking; what the system had cached of the files stays cached."
    return Section(title="Cold start", columns=("until", "took"), rows=rows, note=note)


def _changes(comparison: Comparison) -> Section:
    rows = tuple(
        (
            change.name,
            f"{change.before:.4g} {change.unit}",
            "-" if change.now is None else f"{change.now:.4g} {change.unit}",
            "-" if change.ratio is None else f"{change.ratio:.2f}",
            f"{change.allowed:.2f}",
            "WORSE" if change.is_worse else "",
        )
        for change in comparison.changes
    )
    return Section(
        title=f"Against {comparison.path.name}",
        columns=("", "before", "now", "ratio", "allowed", ""),
        rows=rows,
        note="A ratio above 1 is worse. Differences below 0.2 ms do not count.",
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
