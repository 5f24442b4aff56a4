"""One source through the live pipeline, its ticks kept: what becomes of it is what a run had seen.

Files are read one at a time, as fast as eyes and ears that wait for one another allow, so that
each is seen and heard to the last frame. A live source is taken as it comes, and what could not be
looked at in time is counted.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from engines.spec.reading import Reading
from engines.spec.timegrid import TimeGrid
from stream.console import ConsoleView
from stream.errors import EarsLostError
from stream.listening_view import progress
from stream.pipeline import Shared, run_source
from stream.publish.publisher import Publisher
from stream.records import EdgeCount, GapRecord, Record, SourceSummary, Status
from stream.source.duration import duration_s
from stream.source.spec import SourceSpec
from stream.supervisor import Outcome, supervise
from stream.tally import Tally
from training.errors import DatasetError
from training.extraction.folder import ExtractionFolder
from training.extraction.manifest import SourceNote
from training.extraction.recording import Recording

EYES: Final = "decode -> perceive"
FRAMES_HELD: Final = 25
"""A stream begins with a burst, and the first picture takes an engine long; none is to be lost."""


class ExtractionView:
    """A sink that shows how far a source is, and what went wrong with it.

    Args:
        console: stderr.
        reached: Told the media time up to which everything was seen.
    """

    def __init__(self, console: Console, reached: Callable[[float], None]) -> None:
        self._notes = ConsoleView(console)
        self._reached = reached

    @property
    def count(self) -> EdgeCount:
        """What was shown."""
        return self._notes.count

    async def put(self, record: Record) -> None:
        """Show one record, if it is of that kind."""
        match record:
            case Reading():
                self._reached(record.window.end_s)
            case GapRecord() | Status(state="failed" | "reconnecting"):
                await self._notes.put(record)
            case _:
                pass

    async def settle(self, within_s: float) -> None:
        """Return: what was put is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """How the extraction of one source ended.

    Attributes:
        spec: Which source.
        outcome: How its run ended.
        note: What was written; None if nothing was, since it did not come to its end.
    """

    spec: SourceSpec
    outcome: Outcome
    note: SourceNote | None


class Extraction:
    """Takes sources, one after the other or side by side, into a folder.

    Args:
        shared: The engines, opened.
        folder: Where the shards go.
        console: stderr.
    """

    def __init__(self, shared: Shared, folder: ExtractionFolder, console: Console) -> None:
        self._shared = shared
        self._folder = folder
        self._console = console

    async def take(self, spec: SourceSpec) -> Extracted:
        """Take a source to its end, or until the stop, and write its shards.

        A file that was stopped, or not heard to its end, is not written: a part of it would look
        like the whole of it. Of a live source what was recorded is kept, whatever ended it.

        What fails, fails in the outcome: other sources go on.
        """
        recording = Recording(TimeGrid(self._shared.profile.reading.grid_hz))
        with self._shown(spec) as view:
            shared = replace(
                self._shared,
                publisher=Publisher([view], self._shared.clock),
                on_ticks=lambda _name, ticks: recording.take(ticks),
                frames_held=FRAMES_HELD if spec.kind == "live" else self._shared.frames_held,
            )

            async def run(spec: SourceSpec, tally: Tally) -> None:
                recording.begin()
                restarts = _restarts(shared)
                await run_source(spec, shared, tally)
                if _restarts(shared) != restarts:
                    msg = f"{spec.name}: the recogniser died while it was heard: words are missing"
                    raise EarsLostError(msg)

            (outcome,) = await supervise(
                [spec], run, stop=shared.stop, monotonic_s=shared.clock.monotonic_s
            )
        try:
            note = self._written(spec, outcome, recording)
        except DatasetError as error:
            return Extracted(spec=spec, outcome=replace(outcome, error=error), note=None)
        return Extracted(spec=spec, outcome=outcome, note=note)

    def _written(
        self, spec: SourceSpec, outcome: Outcome, recording: Recording
    ) -> SourceNote | None:
        summary, recorded = outcome.summary, recording.shards()
        kept = recorded if spec.kind == "live" else summary.outcome == "ended"
        if not kept:
            return None
        return self._folder.write(
            spec, recorded, frames=summary.frames_analysed, dropped=dropped(summary)
        )

    @contextmanager
    def _shown(self, spec: SourceSpec) -> Iterator[ExtractionView]:
        length_s = duration_s(spec) if self._console.is_terminal else None
        with progress(self._console, name=spec.name, duration_s=length_s) as reached:
            yield ExtractionView(self._console, reached)


def _restarts(shared: Shared) -> float:
    """Return how often the recogniser was started again; no number at all if it is gone."""
    if shared.ears is None:
        return 0
    return math.nan if shared.ears.health.state == "failed" else shared.ears.restarts


def dropped(summary: SourceSummary) -> int:
    """Return how many pictures of a source were not looked at."""
    return sum(sum(edge.drops.values()) for edge in summary.edges if edge.edge == EYES)
