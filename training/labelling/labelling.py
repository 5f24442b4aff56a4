"""Clips on the way to their labels, several at once: each ends with one, or with a reason."""

import asyncio
from collections.abc import Callable, Sequence

from engines.errors import SubfaceError
from stream.source.spec import SourceSpec
from training.labelling.showing import Showing
from training.labelling.table import ClipLabel, clip_label, unreadable
from training.labelling.teacher import Teacher


async def label_clips(
    clips: Sequence[SourceSpec],
    *,
    showing: Showing,
    teacher: Teacher,
    labels: Sequence[str],
    at_once: int,
    done: Callable[[ClipLabel], None],
) -> None:
    """Label clips.

    Args:
        clips: Files.
        showing: What they are shown as.
        teacher: Who labels.
        labels: The classes.
        at_once: Clips under way, each with its frames in memory.
        done: Told of each clip as it ends.
    """
    places, reader = asyncio.Semaphore(at_once), asyncio.Lock()

    async def take(clip: SourceSpec) -> None:
        async with places:
            try:
                async with reader:  # engines and decoders are for one thread at a time
                    material = await asyncio.to_thread(showing.of, clip)
            except SubfaceError as error:
                done(unreadable(clip.name, error))
                return
            done(clip_label(material, await teacher.label(material), labels))

    async with asyncio.TaskGroup() as tasks:
        for clip in clips:
            tasks.create_task(take(clip))
