"""A report held against an earlier one: ratios, a stated tolerance, and what got worse by name.

Figures of another machine, profile or source are other figures: such a baseline is refused rather
than compared with a shrug. Versions may differ, since to see what a new one costs is the purpose.
Beside other work, then or now, times by the clock are shown and not judged: processor time and
memory are, which hardly depend on it.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engines.errors import ConfigError
from stream.bench.figures import BUSY_CORES, Figure, figures, others_cores
from stream.bench.machine import Machine
from stream.bench.report import Report, Subject
from stream.errors import BenchmarkRegressionError

TOLERANCE: Final = 0.15
"""By how much a figure may be worse. In nine runs with 1.2 to 1.6 of two cores busy with other work
no engine's processor time a call differed by more than 12 % and ``SMALL_MS``."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure, before and now.

    Attributes:
        name: Which.
        before: In the baseline.
        now: In this report; None if it is not in it any more.
        unit: Of both.
        ratio: How many times as good the baseline was: above 1 it got worse.
        allowed: The highest ratio that is borne.
        is_judged: Whether it may be called worse; not if it is by the clock, of a busy machine.
        is_worse: Whether it is beyond what is borne.
    """

    name: str
    before: float
    now: float | None
    unit: str
    ratio: float | None
    allowed: float
    is_judged: bool
    is_worse: bool

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.name}: {self.before:g} {self.unit} before, not there now"
        return (
            f"{self.name}: {self.before:.4g} -> {self.now:.4g} {self.unit} "
            f"({self.ratio:.2f} times, {self.allowed:.2f} allowed)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two reports of the same thing.

    Attributes:
        path: Where the baseline is.
        tolerance: By how much a median may be worse; a tail may by twice as much.
        changes: Every figure that the baseline has.
    """

    path: Path
    tolerance: float
    changes: tuple[Change, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """What got worse beyond the tolerance."""
        return tuple(change for change in self.changes if change.is_worse)

    def require_no_worse(self) -> None:
        """Require that nothing got worse.

        Raises:
            BenchmarkRegressionError: With the name of everything that did.
        """
        if self.worse:
            named = "; ".join(map(str, self.worse))
            msg = (
                f"worse than baseline {self.path} beyond a tolerance of {self.tolerance:.0%} "
                f"(tails {2 * self.tolerance:.0%}): {named}"
            )
            raise BenchmarkRegressionError(msg)


def warn_if_busy(report: Report) -> None:
    """Say in the log if something else was at work: the times are then not those of the machine."""
    others = others_cores(report)
    if others > BUSY_CORES:
        logger.warning(
            "something else kept %.1f cores busy while this was measured: the times are not those "
            "of a quiet machine; against a baseline only processor time and memory are judged",
            others,
        )


def require_comparable(baseline: Report, now: Subject, machine: Machine, path: Path) -> None:
    """Require that a baseline is of the same thing on the same machine; asked before measuring.

    Raises:
        ConfigError: If it is not; with what differs.
    """
    differences = machine.differences(baseline.machine)
    before = baseline.subject
    if before.profile_digest != now.profile_digest:
        same = before.profile == now.profile
        how = f"profile {before.profile!r} with other settings" if same else before.profile
        differences.append(f"profile {how}, not {now.profile} ({now.profile_digest[:12]})")
    if (before.source_digest or before.source) != (now.source_digest or now.source):
        differences.append(f"source {before.source!r}, not {now.source!r} as it is now")
    if before.streams != now.streams:
        differences.append(f"{before.streams} streams, not {now.streams}")
    if differences:
        msg = (
            f"baseline {path} is of something else, so its times cannot be compared: "
            f"{'; '.join(differences)}; make one here with --json FILE"
        )
        raise ConfigError(msg)


def compare(
    baseline: Report, report: Report, path: Path, *, tolerance: float = TOLERANCE
) -> Comparison:
    """Compare a report with its baseline, which must be comparable.

    A figure that the baseline has and the report has not is worse, unless it was not asked for or
    would rest on a few samples.

    Raises:
        ConfigError: If the baseline is of something else.
    """
    require_comparable(baseline, report.subject, report.machine, path)
    before, now = figures(baseline), figures(report)
    is_busy = max(map(others_cores, (baseline, report))) > BUSY_CORES
    rests_on_few = figures(report, least=0).keys() - now.keys()
    changes = [
        _change(name, figure, now.get(name), tolerance, is_busy=is_busy)
        for name, figure in before.items()
        if name in now or not (name in rests_on_few or _not_asked(name, report))
    ]
    return Comparison(path=path, tolerance=tolerance, changes=tuple(changes))


def _not_asked(name: str, report: Report) -> bool:
    """Return whether a figure is of a part that this bench was told to leave out, or is a tail.

    A tail needs samples, and a shorter bench has fewer.
    """
    left_out = (
        (report.glass is None, "glass"),
        (report.capacity is None, "streams held"),
        (report.fast is None, "fast"),
    )
    return name.endswith(" p95") or any(gone and name.startswith(part) for gone, part in left_out)


def _change(
    name: str, before: Figure, now: Figure | None, tolerance: float, *, is_busy: bool
) -> Change:
    allowed = 1 + before.slack * tolerance
    if now is None:
        return Change(
            name=name,
            before=before.value,
            now=None,
            unit=before.unit,
            ratio=None,
            allowed=allowed,
            is_judged=True,
            is_worse=True,
        )
    is_judged = not (before.by_clock and is_busy)
    good, bad = (before.value, now.value) if before.better == "lower" else (now.value, before.value)
    ratio = bad / good if good else float("inf") if bad else 1.0
    return Change(
        name=name,
        before=before.value,
        now=now.value,
        unit=before.unit,
        ratio=round(ratio, 4),
        allowed=allowed,
        is_judged=is_judged,
        is_worse=is_judged and ratio > allowed and abs(bad - good) > before.small,
    )
