"""The bench verb: what a machine gives, measured, shown, written, and held against a baseline."""

import asyncio
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from engines.errors import ConfigError
from engines.models.store import ModelStore
from stream.bench.baseline import Comparison, compare, require_comparable, warn_if_busy
from stream.bench.card import Card, open_card
from stream.bench.csv_rows import to_csv
from stream.bench.machine import this_machine
from stream.bench.markdown import to_markdown
from stream.bench.measure import BenchPlan, measure, subject_of
from stream.bench.page import to_page
from stream.bench.report import Report, Subject, read_report, to_json
from stream.bench.sections import sections
from stream.bench.terminal import show
from stream.bench.trial import Reached
from stream.console import stderr_console
from stream.demo_clip import demo_clip
from stream.profile import load_profile
from stream.redaction import hide_login
from stream.source.address import parse_sources
from stream.source.spec import SourceSpec

PIPE_WIDTH = 110  # cells: no name of an engine is broken


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """The arguments of ``subface bench``."""

    source: str | None
    profile: str
    overrides: Sequence[str]
    streams: int
    budget_ms: float | None
    for_s: float
    glass: bool
    json: Path | None
    html: Path | None
    csv: Path | None
    markdown: Path | None
    baseline: Path | None
    tolerance: float


def bench(options: BenchOptions) -> int:
    """Measure, show, write, compare; return the exit code.

    Raises:
        ConfigError: If an option is wrong, or the baseline is of something else.
        BenchmarkRegressionError: If something is worse than the baseline; all is written first.
        BenchmarkStoppedError: If it was interrupted.
        SubfaceError: If the pipeline cannot be opened, or the source fails.
    """
    outputs = [options.json, options.html, options.csv, options.markdown]
    _require_folders([path for path in outputs if path is not None])
    store = ModelStore()
    plan = _plan(options, store)
    subject = subject_of(plan)
    baseline = _baseline(options.baseline, subject)
    console = stderr_console()
    with _progress(console) as bar:
        report = asyncio.run(measure(plan, subject, store, bar.phase))
    warn_if_busy(report)
    comparison = None
    if baseline is not None and options.baseline is not None:
        comparison = compare(baseline, report, options.baseline, tolerance=options.tolerance)
    _write(options, report, comparison)
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    show(Console(width=width), sections(report, comparison))
    if comparison is not None:
        comparison.require_no_worse()
    return 0


def _plan(options: BenchOptions, store: ModelStore) -> BenchPlan:
    profile = load_profile(options.profile, [*options.overrides, "mqtt.url=off"])
    source = f"demo={demo_clip(store)}" if options.source is None else options.source
    (spec,) = parse_sources([source])
    return BenchPlan(
        profile=profile,
        spec=spec,
        streams=options.streams,
        for_s=options.for_s,
        budget_ms=options.budget_ms,
        glass=options.glass,
        command=command_of(options, spec),
    )


def command_of(options: BenchOptions, spec: SourceSpec) -> str:
    """Return what repeats a measurement, without a password; what it is written to is left out."""
    named = spec.address if spec.scheme == "file" else f"{spec.name}={spec.address}"
    words = ["subface", "bench", *([] if options.source is None else [named])]
    words += ["--profile", options.profile]
    for setting in options.overrides:
        if not setting.startswith("mqtt."):  # nothing is published
            words += ["--set", hide_login(setting) if "@" in setting else setting]
    words += ["--streams", str(options.streams), "--for", f"{options.for_s:g}"]
    words += [] if options.budget_ms is None else ["--budget-ms", f"{options.budget_ms:g}"]
    return shlex.join([*words, *([] if options.glass else ["--no-glass"])])


def _baseline(path: Path | None, subject: Subject) -> Report | None:
    """Return the baseline, having refused one of something else before anything is measured."""
    if path is None:
        return None
    baseline = read_report(path)
    with open_card() as card:
        machine = this_machine(card.names if isinstance(card, Card) else ())
    require_comparable(baseline, subject, machine, path)
    return baseline


def _require_folders(paths: Sequence[Path]) -> None:
    """Refuse what cannot be written before minutes were spent on it."""
    for path in paths:
        if not path.parent.is_dir() or path.is_dir():
            msg = f"{path}: cannot be written: expected a file in a folder that exists"
            raise ConfigError(msg)


def _write(options: BenchOptions, report: Report, comparison: Comparison | None) -> None:
    tables = sections(report, comparison)
    documents: tuple[tuple[Path | None, bytes], ...] = (
        (options.json, to_json(report)),
        (options.html, to_page(report, tables).encode()),
        (options.csv, to_csv(report).encode()),
        (options.markdown, to_markdown(tables).encode()),
    )
    for path, document in documents:
        if path is None:
            continue
        try:
            path.write_bytes(document)
        except OSError as error:
            msg = f"{path}: cannot be written ({error.strerror})"
            raise ConfigError(msg) from error


class _Bar:
    """Shows the parts of the bench, one line each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def phase(self, name: str, seconds: float) -> Iterator[Reached]:
        """Show one part until it is over; one without a length only moves."""
        task = self._progress.add_task(name, total=seconds or None)
        yield lambda passed_s: self._progress.update(task, completed=min(passed_s, seconds))
        self._progress.update(task, total=seconds or 1.0, completed=seconds or 1.0)


@contextmanager
def _progress(console: Console) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield _Bar(progress)
