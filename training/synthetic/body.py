"""A made-up person at a desk as OpenPose-137 sees one: hips and legs never, hands now and then.

Lengths are in shoulder widths from the middle of the shoulders, y downwards; the person's right is
the picture's left. Cue A is a hand at the forehead and cue B a hand at the throat, of either hand,
so that the mirror image of an interview says the same.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from engines.spec.skeleton import (
    BODY_NAMES,
    FACE,
    INDEX,
    LEFT_HAND,
    POINTS,
    RIGHT_HAND,
)

FOREHEAD: Final = (0.12, -1.05)
THROAT: Final = (0.07, 0.05)
TABLE: Final = (0.45, 0.75)
"""Where a hand goes that accompanies speech; x away from the middle."""

_RIGHT: Final = {  # of the person; the left is its mirror image
    "shoulder": (-0.5, 0.0), "elbow": (-0.62, 0.7), "wrist": (-0.3, 1.1),
    "eye": (-0.11, -0.86), "ear": (-0.27, -0.8),
}  # fmt: skip
_MIDDLE: Final = {"nose": (0.0, -0.74), "neck": (0.0, 0.0)}


def seated() -> Float64[ndarray, "137 2"]:
    """Return everybody's points; those that a desk hides are NaN."""
    points = np.full((POINTS, 2), np.nan)
    for name, place in _MIDDLE.items():
        points[INDEX[name]] = place
    for name, (x, y) in _RIGHT.items():
        points[INDEX[f"right_{name}"]] = x, y
        points[INDEX[f"left_{name}"]] = -x, y
    points[FACE] = _face()
    points[RIGHT_HAND] = points[INDEX["right_wrist"]] + _hand()
    points[LEFT_HAND] = points[INDEX["left_wrist"]] + _hand() * (-1, 1)
    return points


def moving() -> Float64[ndarray, "137 4"]:
    """Return how far each point follows the trunk, the head, the left and the right hand."""
    follows = np.zeros((POINTS, 4))
    follows[:, 0] = 1
    head = [INDEX[name] for name in BODY_NAMES if name.split("_")[-1] in {"nose", "eye", "ear"}]
    follows[head, 1] = 1
    follows[FACE, 1] = 1
    for column, side, hand in ((2, "left", LEFT_HAND), (3, "right", RIGHT_HAND)):
        follows[hand, column] = 1
        follows[INDEX[f"{side}_wrist"], column] = 1
        follows[INDEX[f"{side}_elbow"], column] = 0.35
    return follows


def raised(
    time_s: Float64[ndarray, " T"], start_s: float, *, lasting_s: float
) -> Float64[ndarray, " T"]:
    """Return how far a hand has come: up and down over a quarter each, there in between."""
    done = (time_s - start_s) / lasting_s
    ramp = np.clip(np.minimum(done, 1 - done) * 4, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float64)


def hidden_by_desk(
    time_s: Float64[ndarray, " T"], shown: Bool[ndarray, " T"], random: np.random.Generator
) -> Bool[ndarray, " T"]:
    """Return when a hand is below the desk; never while it is to be shown."""
    below = wander(time_s, 12.0, random) > 0.6  # noqa: PLR2004 (about a fifth of the time)
    return np.asarray(below & ~shown, dtype=np.bool_)


def wander(
    time_s: Float64[ndarray, " T"], step_s: float, random: np.random.Generator
) -> Float64[ndarray, " T"]:
    """Return a slow random walk about zero: normal numbers so far apart, joined by lines."""
    knots_s = np.arange(time_s[0], time_s[-1] + 2 * step_s, step_s)
    return np.asarray(np.interp(time_s, knots_s, random.normal(size=len(knots_s))))


def _face() -> Float64[ndarray, "70 2"]:
    turn = np.linspace(np.pi, 0, 17)
    contour = np.stack([0.28 * np.cos(turn), -0.8 + 0.42 * np.sin(turn)], axis=1)
    parts = [
        contour,
        _line((-0.2, -0.95), (-0.05, -0.95), 5), _line((0.05, -0.95), (0.2, -0.95), 5),
        _line((0.0, -0.86), (0.0, -0.76), 4), _line((-0.05, -0.72), (0.05, -0.72), 5),
        _ring((-0.11, -0.86), (0.04, 0.02), 6), _ring((0.11, -0.86), (0.04, 0.02), 6),
        _ring((0.0, -0.56), (0.09, 0.04), 12), _ring((0.0, -0.56), (0.06, 0.02), 8),
        np.array([[-0.11, -0.86], [0.11, -0.86]]),
    ]  # fmt: skip
    return np.concatenate(parts)


def _hand() -> Float64[ndarray, "21 2"]:
    """Return a right hand, fingers towards the middle, from its wrist."""
    turns = np.linspace(-0.9, 0.6, 5)
    reach = np.linspace(0.12, 0.32, 4)
    fingers = np.stack([np.cos(turns)[:, None] * reach, np.sin(turns)[:, None] * reach], axis=2)
    return np.concatenate([np.zeros((1, 2)), fingers.reshape(-1, 2)])


def _line(
    start: tuple[float, float], end: tuple[float, float], count: int
) -> Float64[ndarray, "N 2"]:
    return np.linspace(start, end, count)


def _ring(
    middle: tuple[float, float], radii: tuple[float, float], count: int
) -> Float64[ndarray, "N 2"]:
    turn = np.pi - np.arange(count) * 2 * np.pi / count
    return np.stack([np.cos(turn), -np.sin(turn)], axis=1) * radii + middle
