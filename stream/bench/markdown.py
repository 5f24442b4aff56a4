"""A report as Markdown: what is pasted into an issue or a results folder."""

from collections.abc import Sequence

from stream.bench.section import Section


def to_markdown(sections: Sequence[Section]) -> str:
    """Return tables as Markdown, a heading each."""
    return "\n".join(_table(section) for section in sections)


def _table(section: Section) -> str:
    figures = len(section.columns) - 1
    rule = "| --- |" + " ---: |" * figures if figures > 1 else "| --- | --- |"
    lines = [f"## {section.title}", "", _line(section.columns), rule]
    lines += [_line(row) for row in section.rows]
    lines += ["", section.note, ""] if section.note else [""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """Return a text as a cell: a bar would begin another one, spaces before it are lost."""
    indent = len(text) - len(text.lstrip())
    return "&nbsp;" * indent + text.lstrip().replace("\\", "\\\\").replace("|", "\\|")
