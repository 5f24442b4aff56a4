"""`subface compare keypoints`: two networks over one clip, and a table of what differs."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from typing import Final

import av
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.perception.keypoints.difference import EYES_A_SHOULDER_WIDTH
from engines.spec.frame import Frame
from stream.comparison.choice import perception_of
from stream.comparison.keypoints import KeypointComparison, KeypointContest, ShoulderWidths
from stream.comparison.reading_difference import ReadingDifference
from stream.console import stderr_console
from stream.profile import load_profile
from stream.source.address import parse_sources
from stream.source.media import media
from stream.source.spec import SourceSpec
from stream.worker import Worker

FUSED: Final = (
    "no fused network yet: the surface is read from the face alone, so keypoints reach a reading "
    "only by their coverage"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """The arguments of ``subface compare keypoints``."""

    first: str
    second: str
    clip: str
    profile: str
    overrides: Sequence[str]
    every: int
    as_json: bool


def compare_keypoints(options: CompareOptions) -> int:
    """Compare, print, and return the exit code.

    Raises:
        ConfigError: If a network, a profile or a setting is wrong, or the clip has no end.
        ModelError: If a model is missing.
        SourceError: If the clip cannot be read.
    """
    found = asyncio.run(_compare(options))
    if options.as_json:
        sys.stdout.write(json.dumps(_record(options, found), indent=2) + "\n")
    else:
        _print(Console(), options, found)
    return 0


async def _compare(options: CompareOptions) -> KeypointComparison:
    profile = load_profile(options.profile, [*options.overrides, "source.pace=fast"])
    first, second = (
        perception_of(text, profile=options.profile, overrides=options.overrides)
        for text in (options.first, options.second)
    )
    (spec,) = parse_sources([options.clip])
    if spec.kind == "live":
        msg = f"{spec.address}: has no end: expected a file; record some of it and compare on that"
        raise ConfigError(msg)

    def opened() -> KeypointContest:
        still = spec.kind == "picture"
        return KeypointContest((first, second), profile.reading, ModelStore(), still=still)

    pictures = profile.source.model_copy(update={"sound": False})
    async with Worker("perception", opened) as worker, aclosing(media(spec, pictures)) as at:
        with _progress(spec) as (progress, task):
            async for item in at:
                if isinstance(item, Frame) and item.index % options.every == 0:
                    await worker.call(KeypointContest.look, item)
                    progress.update(task, completed=item.time_s)
        return await worker.call(KeypointContest.finish)


@contextmanager
def _progress(spec: SourceSpec) -> Iterator[tuple[Progress, TaskID]]:
    console = stderr_console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.1f} s"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield bar, bar.add_task(spec.name, total=_duration_s(spec))


def _duration_s(spec: SourceSpec) -> float | None:
    """Return how long a file lasts, for the progress bar; None where that is not known."""
    try:
        with av.open(spec.url) as container:
            return container.duration / av.time_base if container.duration else None
    except av.FFmpegError:
        return None  # `media` says what is wrong


def _record(options: CompareOptions, found: KeypointComparison) -> dict[str, object]:
    return {
        "a": {"asked": options.first, "network": found.networks[0]},
        "b": {"asked": options.second, "network": found.networks[1]},
        "clip": options.clip,
        "every": options.every,
        **{key: value for key, value in asdict(found).items() if key != "networks"},
        "fused": None,
        "fused_note": FUSED,
    }


def _print(console: Console, options: CompareOptions, found: KeypointComparison) -> None:
    sampled = "every frame" if options.every == 1 else f"one frame in {options.every}"
    console.print(Text(f"A  {options.first}\nB  {options.second}"), highlight=False)
    seen = f"{found.frames} frames of {options.clip} ({sampled}), {found.persons} times a person"
    alone = f"seen by A alone {found.only_first}, by B alone {found.only_second}"
    console.print(Text(f"{seen}; {alone}\n"), highlight=False, soft_wrap=True)
    console.print(_parts_table(found))
    for line in (*_unit_lines(found.shoulder_widths), "", *_reading_lines(found.readings)):
        console.print(Text(line), highlight=False, soft_wrap=True)


def _parts_table(found: KeypointComparison) -> Table:
    table = Table(
        title="Mean distance of a part's points, in shoulder widths",
        title_justify="left",
    )
    table.add_column("part")
    for column in ("frames", "only A", "only B", "median", "p95", "max"):
        table.add_column(column, justify="right")
    for part in found.parts:
        table.add_row(
            part.part,
            str(part.frames),
            f"{part.only_first:.1%}",
            f"{part.only_second:.1%}",
            *(_number(value, "{:.4f}") for value in (part.median, part.p95, part.max)),
        )
    return table


def _unit_lines(widths: ShoulderWidths) -> list[str]:
    return [
        "frames: both saw the part, persons counted one by one; only A, only B: of the points that "
        "either saw; nose and shoulders are of the body too.",
        f"A shoulder width: {_number(widths.median_px, '{:.0f}')} px (median); the running median "
        f"of each person's shoulders as both networks see them ({widths.by_shoulders} times),",
        f"or {EYES_A_SHOULDER_WIDTH:g} distances of the pupils while no shoulders were seen "
        f"({widths.by_eyes}); without either no distance counts ({widths.unknown}).",
    ]


def _reading_lines(readings: ReadingDifference) -> list[str]:
    valence = " ".join(
        f"{name} {_number(value, '{:.4f}')}"
        for name, value in (("mean", readings.valence_mean), ("max", readings.valence_max))
    )
    return [
        f"Readings of the same person at the same hop: {readings.readings} (by A alone "
        f"{readings.only_first}, by B alone {readings.only_second})",
        f"  surface  in both {readings.surfaces}, in A alone {readings.surface_only_first}, in B "
        f"alone {readings.surface_only_second}; valence differs by {valence}; same label "
        f"{_number(readings.same_label, '{:.1%}')}",
        f"  keypoint coverage  A {_number(readings.keypoints_first, '{:.1%}')}, "
        f"B {_number(readings.keypoints_second, '{:.1%}')} of the grid's ticks; those that --every "
        "passes over are empty",
        f"  fused  {FUSED}",
    ]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
