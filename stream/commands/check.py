"""The check verb: each part of a run tried by itself, with what is wrong and how to mend it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from engines.errors import SubfaceError
from engines.models.store import ModelStore
from engines.plans.builder import PlanCount
from engines.plans.store import PlanStore
from engines.spec.frame import SOUND_RATE_HZ, Frame
from stream import policy
from stream.clock import Clock
from stream.commands.run import broker_url
from stream.config import Profile
from stream.console import stderr_console
from stream.errors import SourceUnreachableError
from stream.listening import has_words, models_of, open_ears, open_reader
from stream.meter import EngineMeter
from stream.network import network_of, open_network
from stream.prepare.every_engine import every_engine
from stream.prepare.preparation import open_counted
from stream.profile import load_profile
from stream.publish.broker import broker_of
from stream.publish.connection import connect
from stream.sight.opening import eyes_of
from stream.source.address import parse_sources
from stream.source.media import media
from stream.source.spec import SourceSpec, SourceState
from stream.worker import Worker

BLANK_HEIGHT_PX, BLANK_WIDTH_PX = 360, 640


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What trying one part gave.

    Attributes:
        part: Which part.
        detail: What was found, or what is wrong and how to mend it.
        error: The failure; None if all is well.
    """

    part: str
    detail: str
    error: SubfaceError | None = None


def check(
    *,
    sources: Sequence[str],
    profile: str,
    overrides: Sequence[str],
    mqtt: str | None,
    show: bool,
) -> int:
    """Try every part, print what was found, and return the exit code of the first failure."""
    settings = [*overrides, *([f"mqtt.url={mqtt}"] if mqtt else [])]
    loaded = load_profile(profile, settings)
    if show:
        sys.stdout.write(yaml.safe_dump(loaded.model_dump(mode="json"), sort_keys=False))
    return asyncio.run(_check(loaded, sources))


async def _check(profile: Profile, sources: Sequence[str]) -> int:
    console = stderr_console()
    table = Table(title=f"Profile {profile.name}", title_justify="left")
    table.add_column("part")
    table.add_column("")
    table.add_column("found", overflow="fold")
    failures: list[SubfaceError] = []
    async for finding in _findings(profile, sources, console):
        verdict = "[red]fails[/red]" if finding.error else "[green]ok[/green]"
        table.add_row(finding.part, verdict, finding.detail)
        if finding.error is not None:
            failures.append(finding.error)
    console.print(table)
    return failures[0].exit_code if failures else 0


async def _findings(
    profile: Profile, sources: Sequence[str], console: Console
) -> AsyncIterator[Finding]:
    store = ModelStore()
    yield await _try("models", partial(_models, profile, store))
    yield await _try("engines", partial(_engines, profile, store))
    yield await _try("speech", partial(_speech, profile, store))
    yield await _try("network", partial(_network, profile, store))
    yield await _try("plans", partial(_plans, profile, store))
    specs: list[SourceSpec] = []
    for argument in sources:
        try:
            specs += parse_sources([argument])
        except SubfaceError as error:
            yield Finding(part="source", detail=str(error), error=error)
    for spec in specs:
        yield await _try(f"source {spec.name}", partial(_source, spec, profile))
    yield await _try("policy", partial(_policy, profile, specs))
    yield await _try("broker", partial(_broker, profile, console))


async def _try(part: str, attempt: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(part=part, detail=await attempt())
    except SubfaceError as error:
        return Finding(part=part, detail=str(error), error=error)


async def _models(profile: Profile, store: ModelStore) -> str:
    names = models_of(profile)
    store.require(names)  # what is missing is said at once, not one after the other
    for name in names:
        store.verify(name)
    return f"{len(names)} present, digests as in the manifest: {', '.join(names)}"


async def _engines(profile: Profile, store: ModelStore) -> str:
    """Open every engine and let the perception look at one grey picture."""
    meter = EngineMeter(profile.perception.runtime)
    grey = np.full((BLANK_HEIGHT_PX, BLANK_WIDTH_PX, 3), 128, np.uint8)
    frame = Frame(
        source="check",
        epoch=0,
        shot=0,
        index=0,
        time_s=0.0,
        captured_at=None,
        arrived_s=0.0,
        image=grey,
    )
    async with eyes_of(profile, store, meter) as eyes:
        with eyes.watching(frame.source):
            look = await eyes.look(frame, None)
    backend = profile.perception.runtime.backend
    where = " in a process of its own" if eyes.is_apart else ""
    return f"{backend}: opened{where}, and {len(look.scene.observations)} persons on a grey picture"


async def _speech(profile: Profile, store: ModelStore) -> str:
    """Open the recogniser and the text encoder, and let them hear and read something."""
    meter = EngineMeter(profile.perception.runtime)
    async with (
        open_ears(profile, store) as ears,
        open_reader(profile, store, meter) as embed,
    ):
        if ears is None:
            return "off: speech.model is null, or source.sound is false"
        heard = await ears.transcribe(
            np.zeros(SOUND_RATE_HZ, np.float32), start_s=0.0, language=None, prompt=""
        )
        found = f"{profile.speech.model}: {len(heard.words)} words in a second of silence"
        if embed is not None:
            found += (
                f"; {profile.text.model}: {len(await embed(['word'], 'en'))} numbers for a word"
            )
        return found


async def _network(profile: Profile, store: ModelStore) -> str:
    """Open the network that fuses, and say what of this profile it may count."""
    network = network_of(profile, store, words=has_words(profile))
    async with open_network(network, EngineMeter(profile.perception.runtime)):
        if network is None:
            return "off: network.model is null"
    description, rule = network.checkpoint.description, network.rule
    counted = [name for name in description.shape.branches if name not in rule.untrained]
    calibrated = f"calibrated on {rule.domain}" if rule.domain else "not calibrated"
    reads = f"{description.name}: {description.taught} from {' and '.join(counted)}, {calibrated}"
    masked = f"; untrained, so masked: {', '.join(rule.untrained)}" if rule.untrained else ""
    return reads + masked


async def _plans(profile: Profile, store: ModelStore) -> str:
    """Say how many engines a run loads as they were built before."""
    count = PlanCount(PlanStore())
    opened = partial(open_counted, profile.perception.runtime, count)
    async with Worker("plans", lambda: every_engine(profile, store, opened)):
        pass
    wanted = len(count.used | count.lacking)
    if not wanted:
        return f"none: {profile.perception.runtime.backend} reads the graphs themselves"
    built = f"{len(count.used)} of {wanted} engines are built"
    return built if not count.lacking else f"{built}; `subface engines build` builds the others"


async def _source(spec: SourceSpec, profile: Profile) -> str:
    """Open a source and wait for its first picture, if it has any."""
    async with aclosing(media(spec, profile.source)) as items:
        async for item in items:
            match item:
                case Frame():
                    height, width, _ = item.image.shape
                    return f"{spec.address}: first picture {width}x{height}"
                case SourceState(role="video", state="absent"):
                    return f"{spec.address}: sound alone, no picture"
    msg = f"{spec.address}: it ended without a picture"
    raise SourceUnreachableError(msg)


async def _policy(profile: Profile, specs: Sequence[SourceSpec]) -> str:
    note = policy.check(profile.policy, specs, profile.mqtt.url)
    return f"purpose {note.purpose}"


async def _broker(profile: Profile, console: Console) -> str:
    async with AsyncExitStack() as stack:
        url = await broker_url(profile.mqtt.url, stack, console)
        if url is None:
            return "off"
        broker = broker_of(profile.mqtt, url)
        # Only a connection: the publisher would say `online` and `stopped` for a site that runs.
        connection = connect(
            broker,
            client_id=f"subface-check-{Clock().new_id()[-8:].lower()}",
            timeout_s=profile.mqtt.connect_timeout_s,
        )
        await stack.enter_async_context(connection)
        return f"{broker.address}: connected"
