"""A report as one HTML page that needs nothing else: no script, no font, no network."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from stream.bench.charts import PARTS, items_chart, legend, share_chart, spread_chart
from stream.bench.report import Report, Trial
from stream.bench.section import Section

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2733; --paper: #fff; --faint: #d7dee5; --dim: #5b6875;
  --wait: #b4bcc7; --look: #2f6fb0; --hold: #dcc487; --step: #b4572e; --publish: #4b8f5a;
  --worse: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e9ef; --paper: #161b20; --faint: #333c45;
  --dim: #9aa7b3; --wait: #59626c; --look: #6aa5e0; --hold: #8d7d4d; --step: #e08a5f;
  --publish: #7bc48b; --worse: #ff8a80; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .18rem .6rem .18rem 0; border-bottom: 1px solid var(--faint);
  vertical-align: top; overflow-wrap: anywhere; }
.figures td:not(:first-child), .figures th:not(:first-child) { text-align: right; }
.figures th, td.figure { white-space: nowrap; overflow-wrap: normal; }
td:not(.figure) { min-width: 5rem; }
td:first-child { white-space: pre; overflow-wrap: normal; }
.note, .legend { color: var(--dim); margin: .4rem 0; font-size: .9rem; }
.worse td { color: var(--worse); font-weight: 600; }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 44rem; height: auto;
  font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick { fill: var(--dim); font-size: 11px; }
svg .name, svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg .grid { stroke: var(--faint); } svg .tail { stroke: var(--dim); stroke-width: 2; }
svg .median { stroke: var(--ink); stroke-width: 2; }
rect.wait, .key.wait { fill: var(--wait); background: var(--wait); }
rect.look, .key.look { fill: var(--look); background: var(--look); }
rect.hold, .key.hold { fill: var(--hold); background: var(--hold); }
rect.step, .key.step { fill: var(--step); background: var(--step); }
rect.publish, .key.publish { fill: var(--publish); background: var(--publish); }
.line { fill: none; stroke-width: 2; } .line.look { stroke: var(--look); }
.line.step { stroke: var(--step); }
.line.publish { stroke: var(--publish); }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 0; }
.legend span { white-space: nowrap; margin-right: 1em; }
@media (max-width: 34rem) { td:first-child { white-space: pre-wrap; } }
"""

FIGURE: Final = re.compile(r"[\d.,]+( ?[\w/%]{1,7})?|-")
"""A number, and its unit."""
ENGINES: Final = "Powers of ten. A mark is the median, the bar reaches to p95, the line to p99."


def to_page(report: Report, sections: Sequence[Section]) -> str:
    """Return the page: what matters most first, the charts beside their tables."""
    subject = report.subject
    title = f"Subface bench: {subject.source}, profile {subject.profile}"
    head, *rest = sections
    body = [_table(head), *_charts(report), *(_table(section) for section in rest)]
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _charts(report: Report) -> Iterator[str]:
    live, glass = report.live, report.glass
    yield from _chart(
        "Each reading in real time",
        items_chart("Each reading in real time, ms", live.items),
        legend({colour: name for name, colour in PARTS.values()}),
        "Arrival of the newest frame to publication. Grey and sand are waiting (queue), the others "
        "computing: they add up to the total. Point at a bar for its numbers.",
    )
    series = {"in real time": [item.total_ms for item in live.items]}
    keys = {"look": "arrival to publication"}
    if report.fast is not None:
        series["full speed"] = [item.total_ms for item in report.fast.items]
        keys["step"] = "the same at full speed"
    yield from _chart(
        "How many readings are in time",
        share_chart("Readings published within so many ms, percent", series),
        legend(keys),
        "The part of the readings that were published within so many milliseconds.",
    )
    yield from _chart("Engines in real time", _engines(live), "", ENGINES)
    if report.fast is not None:
        yield from _chart("Engines at full speed", _engines(report.fast), "", ENGINES)
    if glass is not None and glass.glass_ms and glass.before_ms and glass.total_ms:
        spreads = {
            "glass to publication": glass.glass_ms,
            "until the picture was there": glass.before_ms,
            "arrival to publication": glass.total_ms,
        }
        chart = spread_chart("Glass to publication, ms", spreads)
        yield from _chart("From glass to publication", chart, "", ENGINES)


def _engines(trial: Trial) -> str:
    return spread_chart(
        "Engines, ms a call", {engine.engine: engine.ms for engine in trial.engines}
    )


def _chart(title: str, chart: str, keys: str, note: str) -> Iterator[str]:
    yield (
        f'<h2>{escape(title)}</h2><div class="wide">{chart}</div>{keys}'
        f'<p class="note">{escape(note)}</p>'
    )


def _table(section: Section) -> str:
    heads = "".join(f"<th>{escape(column)}</th>" for column in section.columns)
    head = f"<thead><tr>{heads}</tr></thead>" if any(section.columns) else ""
    rows = "".join(_row(row) for row in section.rows)
    kind = "figures" if len(section.columns) > 2 else "words"  # noqa: PLR2004
    note = f'<p class="note">{escape(section.note)}</p>' if section.note else ""
    return (
        f'<h2>{escape(section.title)}</h2><div class="wide"><table class="{kind}">'
        f"{head}<tbody>{rows}</tbody></table></div>{note}"
    )


def _row(row: Sequence[str]) -> str:
    cells = "".join(_cell(cell) for cell in row)
    return f'<tr class="worse">{cells}</tr>' if "WORSE" in row else f"<tr>{cells}</tr>"


def _cell(text: str) -> str:
    """Return a cell; a figure is never broken, a reason may be."""
    kind = ' class="figure"' if FIGURE.fullmatch(text) else ""
    return f"<td{kind}>{escape(text)}</td>"
