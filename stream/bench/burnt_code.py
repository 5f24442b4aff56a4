"""A moment burnt into a picture as black and white squares, and read back from it.

Two rows of 24 squares at the top hold 32 bits of time and 16 of its check sum. Squares survive what
text does not: scaling, chroma subsampling, a hard quantiser. Their size is a part of the width, so
that a picture which was scaled on its way reads the same.
"""

import zlib
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Int, UInt8
from numpy import ndarray

TICKS_A_SECOND: Final = 10_000
TIME_BITS: Final = 32
"""Of ticks: the code begins again after 119 hours, which no picture is on its way."""
CHECK_BITS: Final = 16
SALT: Final = b"subface"
COLUMNS: Final = 24
ROWS: Final = (TIME_BITS + CHECK_BITS) // COLUMNS
LEAST_WIDTH_PX: Final = 8 * COLUMNS
BLACK, WHITE = 0, 255
DARK, BRIGHT = 90, 165
"""A square between the two is none of ours."""
PERIOD: Final = 1 << TIME_BITS


def burn(image: UInt8[ndarray, "H W 3"], moment_s: float) -> None:
    """Draw a moment into a picture, over what was there.

    Args:
        image: At least ``LEAST_WIDTH_PX`` wide; changed in place.
        moment_s: Seconds of the clock that the reader has, too.

    Raises:
        ValueError: If the picture is too small.
    """
    edges = _edges(image)
    if edges is None:
        height, width, _ = image.shape
        msg = f"a code needs a picture at least {LEAST_WIDTH_PX} px wide, got {width}x{height}"
        raise ValueError(msg)
    ticks = round(moment_s * TICKS_A_SECOND) % PERIOD
    bits = _bits((ticks << CHECK_BITS) | _check(ticks))
    squares = np.where(bits, WHITE, BLACK).astype(np.uint8).reshape(ROWS, COLUMNS)
    sides = np.diff(edges)
    drawn = squares.repeat(sides[:ROWS], axis=0).repeat(sides, axis=1)
    image[: drawn.shape[0]] = drawn[..., None]


def read_moment(image: UInt8[ndarray, "H W 3"], now_s: float) -> float | None:
    """Return the moment in a picture, in seconds; None if none can be read without doubt.

    Args:
        image: As it came.
        now_s: A moment less than 119 hours later, on the same clock.
    """
    edges = _edges(image)
    if edges is None:
        return None
    middles = [_middle(*pair) for pair in pairwise(edges.tolist())]
    means = np.array([image[y, x].mean() for y in middles[:ROWS] for x in middles])
    if np.any((means > DARK) & (means < BRIGHT)):
        return None
    code = int("".join("1" if bright else "0" for bright in means > DARK), 2)
    ticks = code >> CHECK_BITS
    if _check(ticks) != code & ((1 << CHECK_BITS) - 1):
        return None
    late = (round(now_s * TICKS_A_SECOND) - ticks) % PERIOD
    return now_s - late / TICKS_A_SECOND


def _edges(image: UInt8[ndarray, "H W 3"]) -> Int[ndarray, " N"] | None:
    """Return where columns begin and end, and rows as well; None if there is too little room.

    Each is rounded by itself: multiples of a rounded side would drift where a picture was scaled.
    """
    height, width, _ = image.shape
    edges = np.arange(COLUMNS + 1) * width // COLUMNS
    return edges if width >= LEAST_WIDTH_PX and height >= edges[ROWS] else None


def _middle(start: int, end: int) -> slice:
    """Return the middle half: edges are blurred by whatever coded the picture."""
    margin = (end - start) // 4
    return slice(start + margin, end - margin)


def _bits(code: int) -> list[bool]:
    count = TIME_BITS + CHECK_BITS
    return [bool(code >> place & 1) for place in reversed(range(count))]


def _check(ticks: int) -> int:
    # begun with a word of ours: of nothing but ones the plain sum is nothing but ones
    return zlib.crc32(SALT + ticks.to_bytes(TIME_BITS // 8, "big")) & ((1 << CHECK_BITS) - 1)
