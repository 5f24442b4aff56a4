"""How far the axes of our graphs vary, by their symbols: a plan is compiled for ranges.

H and W are a frame's, before it is laid on its canvas; B is a batch of faces, boxes or choices of
modalities; T are the tokens of a text. An axis of another name is not ours, and refused: a guess
would make a plan that fails at the first picture.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from engines.errors import EngineError


class AxisRange(NamedTuple):
    """The least extent of an axis, the one that is compiled for, and the greatest."""

    least: int
    best: int
    most: int


AXES: Final[Mapping[str, AxisRange]] = MappingProxyType(
    {
        "H": AxisRange(16, 720, 2160),
        "W": AxisRange(16, 1280, 3840),
        "B": AxisRange(1, 1, 8),
        "T": AxisRange(1, 32, 512),
    }
)
"""Frames up to 4K at 720p's best; a face at a time, up to the eight of perception.max_persons."""

BATCHES: Final = (1, 2, 4, 8)
"""Batches that a captured CUDA graph is made for; one between is filled up to the next."""


def ranges(
    tensor: str, axes: Sequence[int | str], *, known: Mapping[str, AxisRange] = AXES
) -> tuple[AxisRange, ...]:
    """Return the range of every axis of an input.

    Args:
        tensor: The input's name, for the message.
        axes: The extent of each axis, or its symbol where it may vary.
        known: The range of each symbol.

    Raises:
        EngineError: If a symbol is not known.
    """
    return tuple(_range(tensor, axis, known) for axis in axes)


def bucket(batch: int) -> int:
    """Return the least batch of ``BATCHES`` that holds so many.

    Raises:
        EngineError: If none does.
    """
    for size in BATCHES:
        if size >= batch:
            return size
    msg = f"a batch of {batch}: expected at most {BATCHES[-1]}"
    raise EngineError(msg)


def _range(tensor: str, axis: int | str, known: Mapping[str, AxisRange]) -> AxisRange:
    if isinstance(axis, int):
        return AxisRange(axis, axis, axis)
    if axis not in known:
        msg = f"input {tensor!r}: its axis {axis!r} may vary; expected one of {', '.join(known)}"
        raise EngineError(msg)
    return known[axis]
