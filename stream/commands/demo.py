"""The demo verb: the embedded profile on a sample clip, with its own broker and subscriber."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiomqtt

from engines.errors import SubfaceError
from engines.models.store import ModelStore
from stream.config import Pace
from stream.console import stderr_console
from stream.demo_clip import demo_clip
from stream.plan import Plan
from stream.profile import load_profile
from stream.publish.embedded import embedded_broker
from stream.session import run_session
from stream.source.address import parse_sources

PROFILE: Final = "embedded"
READINGS: Final = "subface/v1/+/+/reading"
LAST_MESSAGES_S: Final = 1.0  # the last deliveries are still on their way when the run ends

NOTICE: Final = (
    "A montage: a real face and real speech that were not recorded together. What is shown is "
    "what face and words express, read by small networks; it is no knowledge of a person."
)


def demo(*, jsonl: Path | None, pace: Pace) -> int:
    """Run the demo and return the exit code."""
    store = ModelStore()
    clip = demo_clip(store)
    return asyncio.run(_demo(clip, store, jsonl, pace))


async def _demo(clip: Path, store: ModelStore, jsonl: Path | None, pace: Pace) -> int:
    console = stderr_console()
    console.print(NOTICE, style="bold")
    async with embedded_broker() as url, _received(url) as received:
        console.print(f"MQTT on {url}; in another terminal: subface watch --mqtt {url}")
        plan = Plan(
            profile=load_profile(PROFILE, [f"source.pace={pace}"]),
            sources=parse_sources([f"demo={clip}"]),
            mqtt_url=url,
            jsonl=jsonl,
            console=console,
            for_s=None,
        )
        code = await run_session(plan, store)
        await asyncio.sleep(LAST_MESSAGES_S)
    console.print(f"{received.total()} readings came back over MQTT from {url}")
    if code == 0 and not received.total():
        msg = "no reading came back over MQTT: run `subface check --mqtt embedded`"
        raise SubfaceError(msg)
    return code


@asynccontextmanager
async def _received(url: str) -> AsyncIterator[Counter[str]]:
    """Count the readings that a subscriber of the broker receives, by topic."""
    counts: Counter[str] = Counter()
    address = urlsplit(url)
    client = aiomqtt.Client(
        address.hostname or "", address.port or 0, protocol=aiomqtt.ProtocolVersion.V5
    )
    async with client:
        await client.subscribe(READINGS, qos=1)
        counting = asyncio.create_task(_count(client, counts), name="count readings")
        try:
            yield counts
        finally:
            counting.cancel()


async def _count(client: aiomqtt.Client, counts: Counter[str]) -> None:
    async for message in client.messages:
        counts[str(message.topic)] += 1
