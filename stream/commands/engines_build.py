"""`subface engines build`: what a run of a profile opens is built before it runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engines.models.store import ModelStore
from engines.plans.store import PlanStore
from stream.config import Profile
from stream.console import stderr_console
from stream.listening import is_heard, models_of
from stream.prepare.every_engine import every_engine, expected_count
from stream.prepare.preparation import Outcome, Preparation, Prepared
from stream.profile import load_profile

SAID: Final[dict[Outcome, str]] = {
    "built": "built",
    "rebuilt": "built anew",
    "there": "already there",
    "none": "needs none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """The arguments of ``subface engines build``."""

    profile: str
    overrides: Sequence[str]
    device: str | None
    force: bool


def build(options: BuildOptions) -> int:
    """Build, print, and return the exit code.

    Raises:
        ConfigError: If the profile or a setting is wrong.
        ModelError: If a model is missing.
        EngineError: If a graph cannot be built, or its plan not stored.
    """
    settings = list(options.overrides)
    if options.device is not None:
        settings.append(f"perception.runtime.device={options.device}")
    profile = load_profile(options.profile, settings)
    models, plans = ModelStore(), PlanStore()
    models.require(models_of(profile))  # all that is missing is said at once
    console = stderr_console()
    with _progress(console, expected_count(profile)) as begun:
        preparation = Preparation(
            profile.perception.runtime, plans, anew=options.force, begun=begun
        )
        with every_engine(profile, models, preparation):
            pass
    _show(console, profile, preparation.prepared, plans.folder)
    return 0


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    """Show how far it is: a bar on a terminal, nothing elsewhere."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=total)
        finished = count()

        def begun(name: str) -> None:
            progress.update(task, description=name, completed=next(finished))

        yield begun


def _show(console: Console, profile: Profile, prepared: Sequence[Prepared], folder: Path) -> None:
    runtime = profile.perception.runtime
    table = Table(title=f"Engines of profile {profile.name}", title_justify="left")
    for column in ("network", "runtime", "device", "precision", "MB", "s", ""):
        table.add_column(column, justify="right" if column in {"MB", "s"} else "left")
    for one in prepared:
        table.add_row(
            one.name,
            one.runtime,
            one.device or "-",
            one.precision,
            "-" if one.size_bytes is None else f"{one.size_bytes / 1e6:.1f}",
            "-" if one.built_s is None else f"{one.built_s:.2f}",
            SAID[one.outcome],
        )
    console.print(table, markup=False)
    for one in prepared:
        if one.fault is not None:
            console.print(f"{one.name}: replaced, since {one.fault}", markup=False)
        if one.precision != runtime.precision:
            asked = f"{runtime.precision} was asked for"
            console.print(f"{one.name}: {asked}; {one.why}", markup=False)
    if is_heard(profile):
        console.print(f"{profile.speech.model}: not built, CTranslate2 reads it as it is")
    made = sum(one.outcome in {"built", "rebuilt"} for one in prepared)
    there = sum(one.outcome == "there" for one in prepared)
    console.print(f"{made} built, {there} were there: {folder}", markup=False)
