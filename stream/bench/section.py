"""One table of a report, as text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table.

    Attributes:
        title: Its heading.
        columns: Heads; all but the first are of figures.
        rows: As many cells as columns.
        note: What has to be known to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
