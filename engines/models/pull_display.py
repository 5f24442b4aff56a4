"""What a pull shows on stderr: bars on a terminal, one line a model elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)


class PullDisplay:
    """Shows a pull while its context lasts; a ``PullObserver``."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=self._console,
            transient=True,  # the line that says where it came from stays instead
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, name: str, size_bytes: int | None) -> None:
        """Start the bar of a model anew."""
        if name in self._tasks:
            self._progress.reset(self._tasks[name], total=size_bytes)
        else:
            self._tasks[name] = self._progress.add_task(name, total=size_bytes)

    def advance(self, name: str, count: int) -> None:
        """Move the bar."""
        self._progress.advance(self._tasks[name], count)

    def note(self, name: str, text: str) -> None:
        """Print a line that stays."""
        self._console.print(f"{name}: {text}", markup=False, highlight=False)

    def end(self, name: str, text: str) -> None:
        """Replace the bar by a line."""
        if name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))
        self._console.print(f"{name}: {text}", markup=False, highlight=False)
