"""Praat's TextGrid files, long or short: the intervals of their tiers.

Praat reads a text file's free-standing numbers, quoted strings and flags, and takes everything else
for comment ('TextGrid file formats' in its manual); so does this.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from training.errors import DatasetError

_TOKEN: Final = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE]-?\d+)?)(?!\S)')
_BOMS: Final = {b"\xfe\xff": "utf-16", b"\xff\xfe": "utf-16", b"\xef\xbb": "utf-8-sig"}


class Interval(NamedTuple):
    """A stretch of time and what it is labelled with, never empty."""

    start_s: float
    end_s: float
    text: str


def read_textgrid(path: Path) -> dict[str, tuple[Interval, ...]]:
    """Return the labelled intervals of each interval tier, by the tier's name.

    Raises:
        DatasetError: If the file cannot be read, or is no TextGrid.
    """
    try:
        content = path.read_bytes()
        text = content.decode(_BOMS.get(content[:2], "utf-8"))
        return _tiers(_tokens(text))
    except (OSError, ValueError, StopIteration) as error:
        msg = f"{path}: expected a TextGrid of Praat, as text: {str(error) or 'it ends too soon'}"
        raise DatasetError(msg) from error


def _tokens(text: str) -> Iterator[str | float]:
    for found in _TOKEN.finditer(text):
        string, number = found.groups()
        yield string.replace('""', '"') if number is None else float(number)


def _tiers(tokens: Iterator[str | float]) -> dict[str, tuple[Interval, ...]]:
    if (next(tokens), next(tokens)) != ("ooTextFile", "TextGrid"):
        msg = "it does not begin as one"
        raise ValueError(msg)
    _number(tokens), _number(tokens)  # from when to when
    tiers: dict[str, tuple[Interval, ...]] = {}
    for _ in range(int(_number(tokens))):
        kind, name = next(tokens), str(next(tokens))
        _number(tokens), _number(tokens)
        count = int(_number(tokens))
        if kind == "IntervalTier":
            intervals = [
                Interval(_number(tokens), _number(tokens), str(next(tokens)).strip())
                for _ in range(count)
            ]
            tiers[name] = tuple(interval for interval in intervals if interval.text)
        else:
            for _ in range(count):
                _number(tokens), next(tokens)  # a point and its mark
    return tiers


def _number(tokens: Iterator[str | float]) -> float:
    token = next(tokens)
    if not isinstance(token, float):
        msg = f"expected a number, got {token!r}"
        raise ValueError(msg)  # noqa: TRY004 (the file's fault)
    return token
