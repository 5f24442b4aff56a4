"""The extract verb: sources in, shards out, through the pipeline that watches live."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from engines.errors import ConfigError
from engines.models.store import ModelStore
from stream.console import stderr_console
from stream.plan import Plan
from stream.profile import load_profile
from stream.session import exit_code, opened
from stream.source.address import parse_sources
from stream.source.spec import SourceSpec
from stream.stop import Stop
from training.errors import DatasetError
from training.extraction.extraction import Extracted, Extraction
from training.extraction.folder import ExtractionFolder, writing
from training.extraction.made_by import made_by


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """The arguments of ``subface extract``; None leaves the profile's value."""

    sources: Sequence[str]
    out: Path
    profile: str
    overrides: Sequence[str]
    subject: Literal["main", "all"] | None
    for_s: float | None

    def settings(self) -> list[str]:
        """Return what the profile is overridden by: features need no network that reads them."""
        subject = [] if self.subject is None else [f"reading.subject={self.subject}"]
        return [*self.overrides, *subject, "source.pace=fast", "network.model=null"]


def extract(options: ExtractOptions) -> int:
    """Extract sources and return the exit code.

    Raises:
        SubfaceError: If a source, a model or the folder is not what it should be.
    """
    profile = load_profile(options.profile, options.settings())
    sources = parse_sources(options.sources)
    _refuse_a_mixture(sources)
    store, console = ModelStore(), stderr_console()
    made = made_by(profile, store)
    with writing(options.out):
        folder = ExtractionFolder(options.out, made, profile.speech.transcript)
        plan = Plan(
            profile=profile,
            sources=[spec for spec in sources if not _is_done(spec, folder, console)],
            mqtt_url=None,
            jsonl=None,
            console=None,
            for_s=options.for_s,
        )
        return asyncio.run(_extract(plan, folder, console, store)) if plan.sources else 0


def _refuse_a_mixture(sources: Sequence[SourceSpec]) -> None:
    live = [spec.name for spec in sources if spec.kind == "live"]
    if live and len(live) < len(sources):
        msg = (
            f"{', '.join(live)}: a live source beside files: they are read as fast as they can be, "
            "which would cost it pictures; extract them one after the other"
        )
        raise ConfigError(msg)


def _is_done(spec: SourceSpec, folder: ExtractionFolder, console: Console) -> bool:
    """Return whether a source need not be extracted again, and say why it is or is not."""
    try:
        done = folder.has(spec)
    except DatasetError as error:
        console.print(f"{error}: done now", style="yellow", highlight=False)
        return False
    if done:
        console.print(f"{spec.name}: there already, made of the same by the same", style="dim")
    return done


async def _extract(
    plan: Plan, folder: ExtractionFolder, console: Console, store: ModelStore
) -> int:
    async with opened(plan, store) as run:
        stop = run.shared.stop
        loop = asyncio.get_running_loop()
        timer = None if plan.for_s is None else loop.call_later(plan.for_s, stop.request)
        try:
            extraction = Extraction(run.shared, folder, console)
            ended = await _in_turn_or_together(plan.sources, extraction, stop, console)
        finally:
            if timer is not None:
                timer.cancel()
    return exit_code([own.outcome for own in ended], stop)


async def _in_turn_or_together(
    sources: Sequence[SourceSpec], extraction: Extraction, stop: Stop, console: Console
) -> list[Extracted]:
    """Extract files one after the other, so that one is whole before the next; others at once."""
    if sources[0].kind == "live":
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(extraction.take(spec)) for spec in sources]
        ended = [task.result() for task in running]
        for own in ended:
            console.print(_told(own), highlight=False)
        return ended
    ended = []
    for spec in sources:
        if stop.requested:
            console.print(f"{spec.name}: not begun", style="yellow")
            continue
        ended.append(await extraction.take(spec))
        console.print(_told(ended[-1]), highlight=False)
    return ended


def _told(ended: Extracted) -> str:
    name, note = ended.spec.name, ended.note
    if note is None:
        return f"{name}: not kept: {ended.outcome.error or ended.outcome.summary.outcome}"
    if not note.shards:
        return f"{name}: nobody was seen in {note.frames} pictures"
    seen = ", ".join(f"{own.person} {own.seen_ticks} of {own.ticks}" for own in note.shards)
    lost = f", {note.dropped} pictures dropped" if note.dropped else ""
    return f"{name}: ticks seen: {seen}{lost}"
