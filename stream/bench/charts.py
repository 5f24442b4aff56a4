"""Charts as SVG, drawn here: the page must show without a network and without a script."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from stream.bench.item import Item
from stream.bench.spread import Spread

WIDTH: Final = 900
LEFT: Final = 250
RIGHT: Final = 60
ROW: Final = 24
HEIGHT: Final = 220
TOP, BOTTOM = 12, 34
ITEMS: Final = 240
"""More bars than this are thinner than a pixel."""
GRID: Final = 5
PARTS: Final = {
    "wait_ms": ("waits for the eyes", "wait"),
    "look_ms": ("is looked at", "look"),
    "step_wait_ms": ("waits to be composed", "hold"),
    "step_ms": ("network", "step"),
    "publish_ms": ("publication", "publish"),
}
"""By the field of an item: what it is called, and its colour in the style sheet."""
SERIES: Final = ("look", "step", "publish")
"""Colours of lines, which must be told from one another and from the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale over so many pixels: from 0, or by powers of ten from ``start`` where that is more.

    Attributes:
        end: The largest value, a round one.
        pixels: How long it is.
        start: The smallest; 0 for a linear scale.
    """

    end: float
    pixels: float
    start: float = 0.0

    def at(self, value: float) -> float:
        """Return where a value lies, in pixels from the start."""
        if self.start:
            part = math.log(max(value, self.start) / self.start) / math.log(self.end / self.start)
        else:
            part = value / self.end
        return round(part * self.pixels, 2)

    @property
    def ticks(self) -> list[float]:
        """Return where lines are drawn."""
        if not self.start:
            return [self.end * step / GRID for step in range(GRID + 1)]
        decades = round(math.log10(self.end / self.start))
        return [self.start * 10**power for power in range(decades + 1)]


def axis(largest: float, pixels: float) -> Axis:
    """Return a linear scale that holds the largest value and ends at a round number."""
    if largest <= 0:
        return Axis(end=1.0, pixels=pixels)
    power = 10.0 ** math.floor(math.log10(largest))
    end = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= largest)
    return Axis(end=end, pixels=pixels)


def decades(values: Iterable[float], pixels: float) -> Axis:
    """Return a scale of powers of ten that holds all values above nought."""
    positive = [value for value in values if value > 0] or [1.0]
    first = math.floor(math.log10(min(positive)))
    last = max(math.ceil(math.log10(max(positive))), first + 1)
    return Axis(start=10.0**first, end=10.0**last, pixels=pixels)


def spread_chart(title: str, spreads: Mapping[str, Spread]) -> str:
    """Return a chart of spreads: a mark for the median, a bar to p95, a line to p99; log scale."""
    ends = [value for spread in spreads.values() for value in (spread.p50, spread.p99)]
    scale = decades(ends, WIDTH - LEFT - RIGHT)
    height = TOP + ROW * len(spreads) + BOTTOM
    parts = [_vertical_grid(scale, height)]
    for place, (name, spread) in enumerate(spreads.items()):
        y = TOP + ROW * place
        p50, p95, p99 = (LEFT + scale.at(value) for value in (spread.p50, spread.p95, spread.p99))
        middle = y + ROW / 2
        numbers = f"p50 {spread.p50:g}, p90 {spread.p90:g}, p95 {spread.p95:g}, p99 {spread.p99:g}"
        parts += [
            f"<g><title>{escape(name)}: {numbers} ms, n {spread.n}</title>",
            f'<text class="name" x="{LEFT - 8}" y="{middle + 4}">{escape(name)}</text>',
            f'<line class="tail" x1="{p50}" x2="{p99}" y1="{middle}" y2="{middle}"/>',
            f'<rect class="look" x="{p50}" y="{y + 6}" width="{max(p95 - p50, 1)}" '
            f'height="{ROW - 12}"/>',
            f'<line class="median" x1="{p50}" x2="{p50}" y1="{y + 3}" y2="{y + ROW - 3}"/></g>',
        ]
    return _svg(title, height, parts)


def items_chart(title: str, items: Sequence[Item]) -> str:
    """Return a chart of readings one after the other, each a stack of its parts."""
    shown = items[-ITEMS:]
    scale = axis(max((item.total_ms for item in shown), default=0.0), HEIGHT - TOP - BOTTOM)
    slot = (WIDTH - 2 * RIGHT) / max(len(shown), 1)
    parts = [_horizontal_grid(scale)]
    for place, item in enumerate(shown):
        base = float(HEIGHT - BOTTOM)
        told = f"{item.source} {item.seq}: queue {item.queue_ms:.1f} + compute "
        told += f"{item.compute_ms:.1f} = total {item.total_ms:.1f} ms"
        parts.append(f"<g><title>{escape(told)}</title>")
        for field, (_, colour) in PARTS.items():
            length = scale.at(max(getattr(item, field), 0.0))
            base -= length
            parts.append(
                f'<rect class="{colour}" x="{RIGHT + slot * place:.2f}" y="{base:.2f}" '
                f'width="{slot * 0.85:.2f}" height="{length}"/>'
            )
        parts.append("</g>")
    return _svg(title, HEIGHT, parts)


def share_chart(title: str, samples: Mapping[str, Sequence[float]]) -> str:
    """Return a chart of which part of the samples is at most so large, a line for each series."""
    largest = max((max(values) for values in samples.values() if values), default=0.0)
    across = axis(largest, WIDTH - 2 * RIGHT)
    upward = Axis(end=100.0, pixels=HEIGHT - TOP - BOTTOM)
    base = HEIGHT - BOTTOM
    parts = [_horizontal_grid(upward, unit="%")]
    for tick in across.ticks:
        x = RIGHT + across.at(tick)
        parts.append(f'<text class="tick mid" x="{x}" y="{base + 18}">{tick:g} ms</text>')
    for colour, (name, values) in zip(SERIES, samples.items(), strict=False):
        steps = np.sort(np.asarray(values))
        points = [f"{RIGHT + across.at(float(steps[0]))},{base}"] if len(steps) else []
        for rank, value in enumerate(steps, start=1):
            y = base - upward.at(100 * rank / len(steps))
            points.append(f"{RIGHT + across.at(float(value))},{y}")
        told = f"<title>{escape(name)}</title>"
        parts.append(
            f'<polyline class="line {colour}" points="{" ".join(points)}">{told}</polyline>'
        )
    return _svg(title, HEIGHT, parts)


def legend(entries: Mapping[str, str]) -> str:
    """Return a line of colours and what they mean."""
    keys = "".join(
        f'<span><i class="key {colour}"></i>{escape(name)}</span> '
        for colour, name in entries.items()
    )
    return f'<p class="legend">{keys}</p>'


def _vertical_grid(scale: Axis, height: int) -> str:
    return _grid(
        scale,
        lambda at: f'x1="{LEFT + at}" x2="{LEFT + at}" y1="{TOP}" y2="{height - BOTTOM}"',
        lambda at, text: (
            f'<text class="tick mid" x="{LEFT + at}" y="{height - 14}">{text} ms</text>'
        ),
    )


def _horizontal_grid(scale: Axis, unit: str = "ms") -> str:
    base = HEIGHT - BOTTOM
    return _grid(
        scale,
        lambda at: f'x1="{RIGHT}" x2="{WIDTH - RIGHT}" y1="{base - at}" y2="{base - at}"',
        lambda at, text: (
            f'<text class="tick end" x="{RIGHT - 6}" y="{base - at + 4}">{text} {unit}</text>'
        ),
    )


def _grid(scale: Axis, line: Callable[[float], str], label: Callable[[float, str], str]) -> str:
    return "".join(
        f'<line class="grid" {line(scale.at(tick))}/>{label(scale.at(tick), f"{tick:g}")}'
        for tick in scale.ticks
    )


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    head = f'<svg role="img" viewBox="0 0 {WIDTH} {height}" aria-label="{escape(title)}">'
    return f"{head}{''.join(parts)}</svg>"
