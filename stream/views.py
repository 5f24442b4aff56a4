"""The ways to show what a subscriber receives: a live table, lines, or JSON.

Data go to stdout; what is to be said about them goes to stderr. Texts come from a network, so
whatever could steer a terminal is taken out of them.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engines.spec.reading import Reading
from stream.console import gauge, reading_line, transcript_line
from stream.inbox import Received
from stream.records import Event, GapRecord, Session, Status, Summary, Transcript, to_json

NOTES: Final = 5  # lines under the table
GONE_S: Final = 60.0  # a row without a reading for so long is taken off
ONE_S: Final = 1.0


class View(Protocol):
    """Shows what comes, inside its context."""

    def show(self, received: Received) -> None:
        """Show one message that was understood and is new."""
        ...

    def note(self, text: str) -> None:
        """Say something about what comes, or does not."""
        ...

    def tick(self) -> None:
        """Let time pass: called about once a second."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class LinesView:
    """One line a reading or an utterance, for a pipe or a log.

    Args:
        data: stdout.
        notes: stderr.
        as_json: Print every record as it came instead.
    """

    def __init__(self, data: Console, notes: Console, *, as_json: bool = False) -> None:
        self._data = data
        self._notes = notes
        self._as_json = as_json

    def show(self, received: Received) -> None:
        """Print a reading or what was said, or in JSON every record; tell of the rest."""
        record = received.record
        if record is not None and self._as_json:
            # Somebody else's JSON may span lines; ours does not.
            line = to_json(record) if b"\n" in received.payload else received.payload
            self._write(line.decode())
        elif isinstance(record, Reading):
            self._write(printable(reading_line(record).plain))
        elif isinstance(record, Transcript) and record.final:
            self._write(printable(transcript_line(record).plain))
        elif (text := told(received)) is not None:
            self.note(text)

    def note(self, text: str) -> None:
        """Print to stderr."""
        self._notes.print(Text(printable(text)), soft_wrap=True)

    def tick(self) -> None:
        """Nothing changes by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def _write(self, line: str) -> None:
        self._data.file.write(line + "\n")
        self._data.file.flush()


@dataclass(slots=True)
class Row:
    """The newest reading of one person of one source."""

    reading: Reading
    since_s: float


class TableView:
    """A table that is always as new as the newest message, for a terminal.

    Args:
        console: The terminal.
        monotonic_s: For how old a row is.
    """

    def __init__(self, console: Console, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic_s
        self._rows: dict[tuple[str, str, str], Row] = {}
        self._states: dict[tuple[str, str], str] = {}
        self._available: dict[str, str] = {}
        self._notes: deque[str] = deque(maxlen=NOTES)
        self._live = Live(console=console, auto_refresh=False)

    def show(self, received: Received) -> None:
        """Renew the row that a message speaks of."""
        record = received.record
        match record:
            case Reading():
                key = (received.site, record.source, record.person_id or "-")
                self._rows[key] = Row(record, self._now())
            case Status(role="video"):
                self._states[received.site, record.source] = record.state
        if received.availability is not None:
            self._available[received.site] = received.availability
        text = told(received)
        if text is not None:
            self._notes.append(printable(text))
        self._refresh()

    def note(self, text: str) -> None:
        """Show a line under the table."""
        self._notes.append(printable(text))
        self._refresh()

    def tick(self) -> None:
        """Let the rows age, and take off those of people long gone."""
        now_s = self._now()
        self._rows = {k: row for k, row in self._rows.items() if now_s - row.since_s < GONE_S}
        self._refresh()

    def table(self) -> Table:
        """Return the table as of now."""
        table = Table(title="subface watch", title_justify="left")
        for column in ("site", "source", "person", "surface", "valence", "fused", "faces"):
            table.add_column(column)
        for column in ("latency", "video", "site is", "age"):
            table.add_column(column)
        for (site, source, person), row in sorted(self._rows.items()):
            age_s = self._now() - row.since_s
            cells = (
                site,
                source,
                person,
                *_cells(row.reading),
                self._states.get((site, source), "-"),
                self._available.get(site, "-"),
                f"{age_s:.0f} s",
            )
            style = "dim" if age_s > ONE_S * 2 else ""
            table.add_row(*(Text(printable(cell)) for cell in cells), style=style)
        return table

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.__exit__(exc_type, exc, traceback)

    def _refresh(self) -> None:
        notes = [Text(note, style="yellow") for note in self._notes]
        self._live.update(Group(self.table(), *notes), refresh=True)


def told(received: Received) -> str | None:
    """Return what to say of a message that is no reading; None if nothing.

    Of an utterance there is something to say once it is final: until then it changes every second.
    """
    if received.availability is not None:
        return f"{received.site}: {received.availability}"
    match received.record:
        case Session() as session:
            names = ", ".join(source.name for source in session.sources)
            said = f"{session.program} reads {names}"
        case Summary() as summary:
            readings = sum(source.readings for source in summary.sources)
            said = f"the run ended after {readings} readings"
        case Status() as status:
            reason = f": {status.detail}" if status.detail else ""
            said = f"{status.source}: {status.role} {status.state}{reason}"
        case GapRecord() as gap:
            said = f"{gap.source}: {gap.medium} gap of {gap.lost_s:.1f} s: {gap.reason}"
        case Event() as event:
            said = f"{event.source}: {event.person_id} {event.phase}"
        case Transcript(final=True) as transcript:
            who = transcript.person_id or transcript.speaker
            said = f"{transcript.source}: {who}: \u201c{transcript.text}\u201d"
        case _:
            return None
    return f"{received.site}: {said}"


def printable(text: str) -> str:
    """Return a text without what would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _cells(reading: Reading) -> tuple[str, str, str, str, str]:
    surface, fused = reading.surface, reading.fused
    faces = f"{reading.window.coverage.image:.0%}"
    latency = f"{reading.latency_ms.total:.0f} ms"
    joined = (
        f"({reading.abstained.fused})" if fused is None else f"{fused.label} {fused.valence:+.2f}"
    )
    if surface is None:
        return f"({reading.abstained.surface})", "", joined, faces, latency
    label = f"{surface.label} {surface.probabilities[surface.label]:.2f}"
    return label, f"{gauge(surface.valence)} {surface.valence:+.2f}", joined, faces, latency
