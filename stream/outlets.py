"""What a run writes to, opened as its plan says and closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from engines.errors import ConfigError
from stream.annotate.video import AnnotatedVideo
from stream.clock import Clock
from stream.console import ConsoleView
from stream.plan import Plan
from stream.publish.captions import CaptionsWriter
from stream.publish.jsonl import JsonlWriter
from stream.publish.mqtt import MqttPublisher
from stream.publish.publisher import Sink
from stream.source_paths import source_paths


@asynccontextmanager
async def open_sinks(plan: Plan, clock: Clock) -> AsyncIterator[list[Sink]]:
    """Open every sink: a file that cannot be written is found before the broker is bothered."""
    async with AsyncExitStack() as stack:
        sinks: list[Sink] = []
        if plan.jsonl is not None:
            sinks.append(await stack.enter_async_context(JsonlWriter(plan.jsonl)))
        sinks += [await stack.enter_async_context(captions) for captions in _captions(plan)]
        if plan.mqtt_url is not None:
            mqtt = MqttPublisher(
                plan.mqtt_url, config=plan.profile.mqtt, site=plan.profile.site, clock=clock
            )
            sinks.append(await stack.enter_async_context(mqtt))
        if plan.console is not None:
            sinks.append(ConsoleView(plan.console))
        yield sinks


@asynccontextmanager
async def open_videos(plan: Plan) -> AsyncIterator[dict[str, AnnotatedVideo]]:
    """Open the annotated video of each source, by its name."""
    async with AsyncExitStack() as stack:
        videos: dict[str, AnnotatedVideo] = {}
        if plan.annotated is not None:
            paths = source_paths(plan.annotated, [spec.name for spec in plan.sources])
            for spec in plan.sources:
                video = AnnotatedVideo(paths[spec.name], source=spec.name, live=spec.kind == "live")
                videos[spec.name] = await stack.enter_async_context(video)
        yield videos


def _captions(plan: Plan) -> list[CaptionsWriter]:
    """Return the captions of each source, yet to be opened."""
    if plan.captions is None:
        return []
    paths = source_paths(plan.captions, [spec.name for spec in plan.sources])
    model = plan.profile.speech.model
    if model is None or not plan.profile.source.sound:
        key = "source.sound is false" if model else "speech.model is null"
        msg = f"--captions {plan.captions}: nobody listens, since {key} in the profile: set it"
        raise ConfigError(msg)
    return [CaptionsWriter(path, source=name, model=model) for name, path in paths.items()]
