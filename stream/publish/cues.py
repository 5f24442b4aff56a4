"""Captions cut out of an utterance: what is on the screen at once, and from when to when.

Cut where a reader would pause: after a sentence, else after a clause, and so that no last word is
left alone. These wishes have costs, and the cut is the one whose sum over the utterance is least.
Widths are in cells of a terminal, which captions count in too: a Chinese character is as wide as
two Latin ones.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells

from engines.spec.transcript import UNSPACED, Word

LINE_CELLS: Final = 42
"""The width of a caption's line, by the usage of broadcasters."""
CUE_S: Final = 6.0
"""So long is a cue on the screen, at most."""
SHORT_S: Final = 1.0
"""A cue this short is hard to read."""
PAUSE_S: Final = 0.4
"""Who pauses so long in a sentence has ended a clause, written with a comma or not."""

SENTENCE_ENDS: Final = ".!?。।؟"
CLAUSE_ENDS: Final = ",;:—、،؛"
BEHIND_THEM: Final = "\"'\u2019\u201d»)]』」"
"""In their plain forms: the wide ones of Chinese and Japanese are taken for these."""

A_CUE: Final = 1.0
"""What a cue costs: fewer are calmer. The others are measured by it."""
TOO_SHORT: Final = 1.0
IN_A_CLAUSE: Final = 1.5
AFTER_A_CLAUSE: Final = 0.4
FULL: Final = 0.3
"""What a full cue costs; one half as full, a quarter of it: a last word is not left alone."""
UNEVEN: Final = 0.3
"""What a second line costs that has nothing of the width of the first, or the other way round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What is shown at once.

    Attributes:
        start_s: Media time from which on it is shown.
        end_s: Media time until which it is.
        lines: One or two, none wider than ``LINE_CELLS``.
    """

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A word, or a part of one that is wider than a line."""

    text: str
    start_s: float
    end_s: float
    before: str
    """What separates it from the piece before it on the same line."""


def cues_of(words: Sequence[Word], language: str | None) -> list[Cue]:
    """Return the captions that some words make, in order; none for no words.

    Args:
        words: Of one utterance.
        language: ISO 639-1; None where it is not known.
    """
    before = "" if language in UNSPACED else " "
    pieces = [piece for word in words for piece in _pieces(word, before)]
    cut = _best_cut(pieces)
    return [_cue(pieces[first:end]) for first, end in cut]


def _pieces(word: Word, before: str) -> list[Piece]:
    """Return a word in parts that fit on a line, its time shared out by width."""
    seen = "".join(c for c in word.text if c.isspace() or unicodedata.category(c) != "Cc")
    text = " ".join(seen.split())
    parts = chop_cells(text, LINE_CELLS) if text else []
    width = cell_len(text) or 1
    pieces: list[Piece] = []
    done = 0
    for part in parts:
        start, end = (
            word.start_s + (word.end_s - word.start_s) * cells / width
            for cells in (done, done + cell_len(part))
        )
        pieces.append(Piece(text=part, start_s=start, end_s=end, before="" if pieces else before))
        done += cell_len(part)
    return pieces


def _best_cut(pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return the cues, each as first piece and end, whose costs have the least sum."""
    best: list[tuple[float, int]] = [(0.0, 0)]  # of the pieces up to here: cost, last cue's first
    for end in range(1, len(pieces) + 1):
        best.append((math.inf, end - 1))
        for first in range(end - 1, -1, -1):
            cost = _cost(pieces[first:end])
            if cost is None:
                break  # a longer one fits even less
            cost += best[first][0] + (_break_cost(pieces[first - 1], pieces[first]) if first else 0)
            best[end] = min(best[end], (cost, first))
    cut: list[tuple[int, int]] = []
    end = len(pieces)
    while end:
        first = best[end][1]
        cut.append((first, end))
        end = first
    return cut[::-1]


def _cost(pieces: Sequence[Piece]) -> float | None:
    """Return what a cue of these pieces costs; None if they do not fit in one."""
    duration_s = pieces[-1].end_s - pieces[0].start_s
    if len(pieces) > 1 and duration_s > CUE_S:
        return None
    layout = _layout(pieces)
    if layout is None:
        return None
    uneven, lines = layout
    fullness = max(sum(map(cell_len, lines)) / (2 * LINE_CELLS), duration_s / CUE_S)
    return A_CUE + uneven + FULL * fullness**2 + (TOO_SHORT if duration_s < SHORT_S else 0.0)


def _break_cost(before: Piece, after: Piece) -> float:
    end = unicodedata.normalize("NFKC", before.text).rstrip(BEHIND_THEM)[-1:]
    if not end or end in SENTENCE_ENDS:
        return 0.0
    is_pause = end in CLAUSE_ENDS or after.start_s - before.end_s >= PAUSE_S
    return AFTER_A_CLAUSE if is_pause else IN_A_CLAUSE


def _layout(pieces: Sequence[Piece]) -> tuple[float, tuple[str, ...]] | None:
    """Return pieces as one or two lines, and what these cost; None if they do not fit."""
    whole = _line(pieces)
    if cell_len(whole) <= LINE_CELLS:
        return 0.0, (whole,)
    layouts = []
    for middle in range(1, len(pieces)):
        lines = _line(pieces[:middle]), _line(pieces[middle:])
        widths = [cell_len(line) for line in lines]
        if max(widths) <= LINE_CELLS:
            uneven = UNEVEN * abs(widths[0] - widths[1]) / LINE_CELLS
            layouts.append(
                (uneven + UNEVEN * _break_cost(pieces[middle - 1], pieces[middle]), lines)
            )
    return min(layouts, default=None)


def _line(pieces: Sequence[Piece]) -> str:
    return pieces[0].text + "".join(piece.before + piece.text for piece in pieces[1:])


def _cue(pieces: Sequence[Piece]) -> Cue:
    layout = _layout(pieces)
    lines = (_line(pieces),) if layout is None else layout[1]
    end_s = min(pieces[-1].end_s, pieces[0].start_s + CUE_S)
    return Cue(start_s=pieces[0].start_s, end_s=end_s, lines=lines)
