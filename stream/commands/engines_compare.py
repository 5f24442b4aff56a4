"""`subface engines compare`: the networks of a profile on two runtimes, over real frames."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from engines.config import RuntimeConfig
from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec.frame import Frame
from stream.config import Profile
from stream.demo_clip import demo_clip
from stream.prepare.twin import Contest, Twins
from stream.profile import load_profile
from stream.source.address import parse_sources
from stream.source.media import media
from stream.source.spec import SourceSpec
from stream.worker import Worker

DEFAULT: Final = ("openvino", "onnxruntime")
PIPE_WIDTH: Final = 200  # cells where no terminal says how wide it is: lines stay whole


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """The arguments of ``subface engines compare``."""

    source: str | None
    backends: Sequence[str]
    frames: int
    profile: str
    overrides: Sequence[str]
    as_json: bool


def compare(options: CompareOptions) -> int:
    """Compare, print, and return the exit code.

    Raises:
        ConfigError: If a runtime, the profile or a setting is wrong, or the source has no end.
        ModelError: If a model is missing.
        EngineError: If the first runtime cannot open a graph.
        SourceError: If the source cannot be read.
    """
    profile = load_profile(options.profile, [*options.overrides, "source.pace=fast"])
    first, second = _runtimes(profile.perception.runtime, options.backends)
    models = ModelStore()
    source = str(demo_clip(models)) if options.source is None else options.source
    (spec,) = parse_sources([source])
    if spec.kind == "live":
        msg = f"{spec.address}: has no end: expected a file; record some of it and compare on that"
        raise ConfigError(msg)
    twins = Twins(first, second)
    frames = asyncio.run(_looked(profile, models, twins, spec, most=options.frames))
    if options.as_json:
        record = {
            "backends": [first.backend, second.backend],
            "source": spec.address,
            "frames": frames,
            "networks": [_record(contest) for contest in twins.contests],
        }
        sys.stdout.write(json.dumps(record, indent=2) + "\n")
    else:
        console = Console()
        _print(console if console.is_terminal else Console(width=PIPE_WIDTH), first, second, twins)
        console.print(f"{frames} frames of {spec.address}", markup=False, highlight=False)
    return 0


def _runtimes(
    runtime: RuntimeConfig, backends: Sequence[str]
) -> tuple[RuntimeConfig, RuntimeConfig]:
    chosen = tuple(backends) or DEFAULT
    if len(set(chosen)) != len(DEFAULT) or len(chosen) != len(DEFAULT):
        got = ", ".join(chosen)
        msg = f"--backend: expected it twice, with two runtimes; got {got}"
        raise ConfigError(msg)
    settings = runtime.model_dump() | {"beside": False}
    try:
        first, second = (
            RuntimeConfig.model_validate(settings | {"backend": name}) for name in chosen
        )
    except ValidationError as error:
        msg = f"--backend: {error.errors()[0]['msg']}; got {', '.join(chosen)}"
        raise ConfigError(msg) from error
    return first, second


async def _looked(
    profile: Profile, models: ModelStore, twins: Twins, spec: SourceSpec, *, most: int
) -> int:
    """Look at the first frames of a source and return how many there were."""
    perception = profile.perception
    observer = Observer(perception)
    pictures = profile.source.model_copy(update={"sound": False})
    count = 0
    async with (
        Worker("perception", lambda: open_networks(perception, models, twins)) as worker,
        aclosing(media(spec, pictures)) as at,
    ):
        async for item in at:
            if isinstance(item, Frame):
                await worker.call(observer.observe, item)
                count += 1
                if count == most:
                    break
    return count


def _record(contest: Contest) -> dict[str, Any]:
    first_ms, second_ms = contest.medians_ms()
    return {
        "name": contest.name,
        "refused": contest.refused,
        "runs": contest.runs,
        "median_ms": [first_ms, second_ms],
        "outputs": {
            name: {"largest_difference": one.largest, "largest_value": one.scale}
            for name, one in contest.outputs.items()
        },
    }


def _print(console: Console, first: RuntimeConfig, second: RuntimeConfig, twins: Twins) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("network")
    for column in ("runs", f"{first.backend} ms", f"{second.backend} ms"):
        table.add_column(column, justify="right")
    table.add_column("output: largest difference (of values up to)", overflow="fold")
    for contest in twins.contests:
        table.add_row(
            contest.name, str(contest.runs), *map(_ms, contest.medians_ms()), _told(contest)
        )
    console.print(table, markup=False)


def _ms(median_ms: float | None) -> str:
    return "-" if median_ms is None else f"{median_ms:.2f}"


def _told(contest: Contest) -> str:
    if contest.refused is not None:
        return contest.refused
    if not contest.outputs:
        return "nothing in these frames was for it"
    return ", ".join(
        f"{name}: {one.largest:.2g} ({one.scale:.3g})" for name, one in contest.outputs.items()
    )
