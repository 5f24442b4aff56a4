"""A report at a terminal: one table a section."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from stream.bench.section import Section


def show(console: Console, sections: Sequence[Section]) -> None:
    """Print tables; what got worse is red."""
    for section in sections:
        console.print(_table(section))
        if section.note:
            console.print(Text(section.note, style="dim"), highlight=False)
        console.print()


def _table(section: Section) -> Table:
    table = Table(
        title=Text(section.title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_header=any(section.columns),
        pad_edge=False,
        collapse_padding=True,
    )
    figures = len(section.columns) - 1
    for place, column in enumerate(section.columns):
        # a column of one is prose, several are figures
        justify: JustifyMethod = "right" if place and figures > 1 else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=not place)
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row), style="red" if "WORSE" in row else "")
    return table
