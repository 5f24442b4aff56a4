"""`subface calibrate`: networks in a lower precision, from what the user's own sources show."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from calibration.quantize.gate import Judge
from calibration.quantize.limits import load_limits
from calibration.quantize.report import write_report
from calibration.quantize.samples import Recorder, Samples
from calibration.quantize.trial import Lower, Outcome, try_precision
from engines.config import PerceptionConfig
from engines.errors import ConfigError
from engines.models.listing import PIPE_WIDTH
from engines.models.store import ModelStore
from engines.perception.networks import PerceptionNetworks, open_networks
from engines.perception.observer import Observer
from engines.spec.frame import Frame
from stream.config import Profile
from stream.console import stderr_console
from stream.profile import load_profile
from stream.source.address import parse_sources
from stream.source.media import media
from stream.source.spec import SourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """The arguments of ``subface calibrate``."""

    precision: Lower
    sources: Sequence[str]
    profile: str
    overrides: Sequence[str]
    models: Sequence[str]
    inputs: int
    for_s: float | None
    limits: Path | None
    keep_pictures: Path | None
    report: Path | None


def calibrate(options: CalibrateOptions) -> int:
    """Look, make, judge, keep, and return the exit code: 0 whatever the gate said.

    Raises:
        ConfigError: If a profile, a limit or a model's name is wrong, or nothing was seen.
        ModelError: If a model is missing, or there is no Python to make graphs with.
        SourceError: If a source cannot be read.
    """
    profile = load_profile(options.profile, [*options.overrides, "source.pace=fast"])
    limits = load_limits(options.limits)
    wanted = _wanted(options, profile.perception)
    specs = parse_sources(list(options.sources))
    _refuse_endless(specs, options.for_s)
    backend: Judge = (
        "openvino" if profile.perception.runtime.backend == "openvino" else "onnxruntime"
    )
    runtime = profile.perception.runtime.model_copy(update={"backend": backend, "device": "cpu"})
    with Recorder(runtime, at_most=options.inputs, names=wanted) as recorder, _bar() as bar:
        watch = bar.add_task("looking", total=None)
        asyncio.run(_look(profile, specs, recorder, options, seen=lambda: bar.advance(watch)))
        found = [samples for samples in recorder.samples() if samples.held_out]
        if not found:
            msg = f"{', '.join(options.sources)}: no network that was asked for was given anything"
            raise ConfigError(msg)
        task = bar.add_task("judging", total=len(found))
        outcomes: list[Outcome] = []
        for samples in found:
            outcomes.append(
                try_precision(
                    samples,
                    options.precision,
                    limits,
                    recorder.folder,
                    backend=backend,
                    say=lambda text: bar.update(task, description=text),
                )
            )
            bar.advance(task)
        if options.report is not None:
            write_report(outcomes, options.report)
        if options.keep_pictures is not None:
            _keep(found, options.keep_pictures)
    _print(_console(), options, outcomes, sorted(wanted - {one.name for one in found}))
    return 0


async def _look(
    profile: Profile,
    specs: Sequence[SourceSpec],
    recorder: Recorder,
    options: CalibrateOptions,
    *,
    seen: Callable[[], None],
) -> None:
    pictures = profile.source.model_copy(update={"sound": False})
    with open_networks(profile.perception, ModelStore(), recorder.open) as networks:
        for spec in specs:
            observer = Observer(profile.perception)
            began_s: float | None = None
            async with aclosing(media(spec, pictures)) as items:
                async for item in items:
                    if not isinstance(item, Frame):
                        continue
                    began_s = item.time_s if began_s is None else began_s
                    if options.for_s is not None and item.time_s - began_s > options.for_s:
                        break
                    recorder.at(spec.name, item.time_s)
                    await asyncio.to_thread(_observe, observer, networks, item)
                    seen()


def _observe(observer: Observer, networks: PerceptionNetworks, frame: Frame) -> None:
    observer.observe(networks, frame)


def _wanted(options: CalibrateOptions, perception: PerceptionConfig) -> frozenset[str]:
    known = perception.models()
    unknown = [name for name in options.models if name not in known]
    if unknown:
        msg = f"--models: profile {options.profile} has no {unknown[0]!r}, but {', '.join(known)}"
        raise ConfigError(msg)
    return frozenset(options.models or known)


def _refuse_endless(specs: Sequence[SourceSpec], for_s: float | None) -> None:
    endless = [spec for spec in specs if spec.kind == "live"]
    if endless and for_s is None:
        msg = f"{endless[0].address}: has no end: say for how long to look with --for SECONDS"
        raise ConfigError(msg)


def _keep(found: Sequence[Samples], folder: Path) -> None:
    """Copy what the networks were given, as arrays, to where the user asked for it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for samples in found:
        part = folder / samples.name
        part.mkdir(exist_ok=True, mode=0o700)
        for sample in (*samples.calibration, *samples.held_out):
            (part / sample.file.name).write_bytes(sample.file.read_bytes())


def _bar() -> Progress:
    console = stderr_console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def _print(
    console: Console, options: CalibrateOptions, outcomes: Sequence[Outcome], unseen: Sequence[str]
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("network", options.precision, "inputs", "why"):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        verdict = outcome.record.verdict
        said = "admitted" if verdict.admitted else "keeps f32"
        table.add_row(outcome.record.name, said, str(verdict.samples), verdict.why)
    console.print(table, markup=False)
    for name in unseen:
        console.print(f"{name}: was given nothing in these sources; it keeps f32", markup=False)
    admitted = [one.record.name for one in outcomes if one.record.verdict.admitted]
    if admitted:
        console.print(
            f"`subface run ... --set perception.runtime.precision={options.precision}` uses "
            f"{len(admitted)} of {len(outcomes)} so, and f32 for the rest",
            markup=False,
            soft_wrap=True,
        )
