"""A reading on the picture: what was read, how sure, and valence as a gauge from -1 to +1.

The card says 'surface' for what the face shows, and the network's own construct for the other
reading, and gives the reason where one abstains: a picture that is passed on must not say more than
the record did.
"""

from dataclasses import dataclass
from typing import Final

from engines.spec.reading import Reading
from stream.annotate.pen import BOLD, GREY, WHITE, Colour, Pen
from stream.console import ABSTENTIONS

POSITIVE: Final[Colour] = (64, 196, 160)
NEGATIVE: Final[Colour] = (240, 120, 80)
TRACK: Final[Colour] = (92, 96, 104)

LABEL_SIZE: Final = 13.0
NUMBER_SIZE: Final = 11.0
GAUGE_WIDTH: Final = 96.0
GAUGE_HEIGHT: Final = 5.0
PADDING: Final = 6.0
ROW: Final = 19.0
EDGE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Line:
    """One of the two readings, as it is shown.

    Attributes:
        words: What was read, or that nothing was, and why.
        valence: -1..1; None where nothing was read.
    """

    words: str
    valence: float | None


def lines_of(reading: Reading) -> list[Line]:
    """Return what a card says."""
    lines = []
    if reading.surface is None:
        reason = ABSTENTIONS.get(reading.abstained.surface or "", "nothing read")
        lines.append(Line(f"surface: {reason}", None))
    else:
        surface = reading.surface
        share = surface.probabilities[surface.label]
        lines.append(Line(f"surface: {surface.label} {share:.2f}", surface.valence))
    if reading.fused is not None:
        fused = reading.fused
        share = fused.probabilities[fused.label]
        construct = fused.construct.replace("_", " ")
        lines.append(Line(f"fused ({construct}): {fused.label} {share:.2f}", fused.valence))
    return lines


def card_size(pen: Pen, reading: Reading) -> tuple[int, int]:
    """Return the width and the height of a card, in pixels."""
    lines = lines_of(reading)
    widths = [pen.text_width(line.words, size=LABEL_SIZE, weight=BOLD) for line in lines]
    gauges = [line for line in lines if line.valence is not None]
    if gauges:
        widths.append(pen.px(GAUGE_WIDTH) + pen.px(PADDING) + _number_width(pen))
    rows = len(lines) + len(gauges)
    return max(widths) + 2 * pen.px(PADDING), rows * pen.px(ROW) + pen.px(PADDING)


def draw_card(pen: Pen, reading: Reading, x: int, y: int, colour: Colour) -> None:
    """Draw a card with its upper left corner at a place in pixels, edged with a person's colour."""
    width, height = card_size(pen, reading)
    pen.panel(x, y, width, height)
    pen.bar(x, y, pen.px(EDGE), height, colour)
    left, base = x + pen.px(PADDING), y
    for line in lines_of(reading):
        base += pen.px(ROW)
        tint = GREY if line.valence is None else WHITE
        pen.text(line.words, left, base - pen.px(3), tint, size=LABEL_SIZE, weight=BOLD)
        if line.valence is not None:
            base += pen.px(ROW)
            _gauge(pen, line.valence, left, base)


def _gauge(pen: Pen, valence: float, left: int, base: int) -> None:
    width, height = pen.px(GAUGE_WIDTH), pen.px(GAUGE_HEIGHT)
    top, middle = base - pen.px(ROW / 2) - height // 2, left + width // 2
    pen.bar(left, top, width, height, TRACK)
    colour = POSITIVE if valence >= 0 else NEGATIVE
    reach = round(abs(valence) * width / 2)
    if reach:
        pen.bar(middle if valence >= 0 else middle - reach, top, reach, height, colour)
    pen.bar(middle, top - height // 2, pen.px(1), 2 * height, WHITE)
    number_left = left + width + pen.px(PADDING)
    pen.text(_number(valence), number_left, base - pen.px(5), WHITE, size=NUMBER_SIZE)


def _number(valence: float) -> str:
    return f"valence {valence:+.2f}"


def _number_width(pen: Pen) -> int:
    return max(pen.text_width(_number(value), size=NUMBER_SIZE) for value in (-0.88, 0.88))
