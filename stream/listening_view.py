"""What a person at a terminal sees of a transcription while its text goes to stdout: on stderr.

Of a live source, the words that may still change stand on one line that is written over, and is
erased before the final ones are written: both may be the same terminal. Of a file, a bar says how
far it is. In a pipe neither is of use, and only what went wrong is told.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.segment import ControlType
from rich.text import Text

from stream.console import ConsoleView, media_time
from stream.records import EdgeCount, GapRecord, Record, Status, Transcript

EDGE: Final = "console"
ERASE: Final = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


class ListeningView:
    """A sink that shows words as they come; it must stand before the one that writes them.

    Args:
        console: stderr.
        partials: Show the words that may still change; only of use on a terminal.
    """

    def __init__(self, console: Console, *, partials: bool) -> None:
        self._console = console
        self._partials = partials
        self._notes = ConsoleView(console)
        self._shown = 0
        self._written_over = False

    @property
    def count(self) -> EdgeCount:
        """What was shown."""
        return EdgeCount(edge=EDGE, received=self._shown, delivered=self._shown, drops={})

    async def put(self, record: Record) -> None:
        """Show one record, or make room for its words."""
        match record:
            case Transcript(final=False) if self._partials:
                self._shown += 1
                self._write_over(record)
            case Transcript(final=True):
                self.erase()
            case Status(state="failed"):
                pass  # it ends the command, with an error that says why
            case GapRecord() | Status():
                self._shown += 1
                self.erase()
                await self._notes.put(record)
            case _:
                pass

    async def settle(self, within_s: float) -> None:
        """Return: what was put is shown."""

    def erase(self) -> None:
        """Take the line that is written over away."""
        if self._written_over:
            self._written_over = False
            self._console.control(ERASE)

    def _write_over(self, transcript: Transcript) -> None:
        """Show the newest words that fit on the line."""
        time = f"{media_time(transcript.start_s)}  "
        words = " ".join(transcript.text.split())
        while cell_len(time + words) >= self._console.width and words:
            words = words[1:]
        self.erase()
        line = Text(time, style="dim").append(words)
        self._console.print(line, end="", highlight=False, soft_wrap=True)
        self._written_over = True


@contextmanager
def progress(
    console: Console, *, name: str, duration_s: float | None
) -> Iterator[Callable[[float], None]]:
    """Show how far a file is, as often as the function that is given out is told.

    It takes the media time up to which everything was heard.

    Args:
        console: stderr.
        name: What is transcribed.
        duration_s: How long it is; None shows nothing.
    """
    if duration_s is None:
        yield _shown_to_nobody
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[at]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=duration_s, at=media_time(0.0))

        def reached(time_s: float) -> None:
            bar.update(task, completed=min(time_s, duration_s), at=media_time(time_s))

        yield reached


def _shown_to_nobody(_time_s: float) -> None:
    pass
