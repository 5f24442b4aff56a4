"""What the trials cost beside time, as a table."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

from stream.bench.report import Report, Trial
from stream.bench.section import Section

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


def footprint_section(report: Report) -> Section:
    """Return the costs of the trials side by side."""
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
