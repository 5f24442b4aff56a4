"""The run verb: arguments to a plan, and the plan run."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from engines.models.store import ModelStore
from stream.config import Profile
from stream.console import stderr_console
from stream.plan import Plan
from stream.profile import load_profile
from stream.publish.embedded import embedded_broker, port_of
from stream.session import run_session
from stream.source.address import parse_sources

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The arguments of ``subface run``; None leaves the profile's value."""

    sources: Sequence[str]
    profile: str
    overrides: Sequence[str]
    mqtt: str | None
    jsonl: Path | None
    pace: Literal["auto", "realtime", "fast"] | None
    subject: Literal["main", "all"] | None
    enrol: Path | None
    transcript: Path | None
    for_s: float | None
    annotated: Path | None
    captions: Path | None
    quiet: bool

    def settings(self) -> list[str]:
        """Return the options that stand for keys of the profile, as overrides of it."""
        named = {
            "source.pace": self.pace,
            "reading.subject": self.subject,
            "reading.enrol": _quoted(self.enrol),
            "speech.transcript": _quoted(self.transcript),
            "mqtt.url": self.mqtt,
        }
        return [
            *self.overrides,
            *(f"{key}={value}" for key, value in named.items() if value is not None),
        ]


def _quoted(path: Path | None) -> str | None:
    """Return a path as it stands in YAML: in quotes it stays what it is."""
    return None if path is None else json.dumps(str(path))


def run(options: RunOptions) -> int:
    """Run the sources and return the exit code."""
    profile = load_profile(options.profile, options.settings())
    return asyncio.run(_run(options, profile))


async def _run(options: RunOptions, profile: Profile) -> int:
    console = stderr_console()
    async with AsyncExitStack() as stack:
        plan = Plan(
            profile=profile,
            sources=parse_sources(options.sources),
            mqtt_url=await broker_url(profile.mqtt.url, stack, console),
            jsonl=options.jsonl,
            console=None if options.quiet else console,
            for_s=options.for_s,
            annotated=options.annotated,
            captions=options.captions,
        )
        return await run_session(plan, ModelStore())


async def broker_url(url: str, stack: AsyncExitStack, console: Console) -> str | None:
    """Return the broker's URL, having started the embedded one if that was asked for."""
    if url == "off":
        return None
    if url.partition(":")[0] != EMBEDDED:
        return url
    started = await stack.enter_async_context(embedded_broker(port_of(url)))
    console.print(f"MQTT on {started}  (subface watch --mqtt {started})", style="dim")
    return started
