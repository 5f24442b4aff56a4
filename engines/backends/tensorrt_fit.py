"""What a batch becomes on its way through a plan: filled up to its bucket, and cut back after.

A captured graph holds for one batch alone, so a batch between two buckets
(``engines.plans.shapes.BATCHES``) is filled up to the next with its last row, and what comes of the
filling is left out. By our convention the batch is the first axis, where that may vary.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.plans.shapes import bucket
from engines.spec.tensors import Batch, SpecMismatchError

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

MOST: Final = 1024
"""Shapes of which it is remembered what comes out; a text has up to 512 lengths."""


class Fit(NamedTuple):
    """The shapes of a run, by tensor.

    Attributes:
        inputs: Filled up.
        outputs: What comes of that.
        wanted: What of it is the batch's own.
    """

    inputs: Shapes
    outputs: Shapes
    wanted: Shapes


class Fits:
    """The shapes that a plan takes.

    Args:
        name: What messages call the graph.
        ranges: Of each input the least, best and greatest shape.
        outcome: Asks the context what shapes come out of such inputs.
    """

    def __init__(
        self,
        name: str,
        ranges: Mapping[str, tuple[Shape, Shape, Shape]],
        outcome: Callable[[Shapes], Shapes],
    ) -> None:
        self._name = name
        self._ranges = ranges
        self._outcome = outcome
        self._known: dict[tuple[Shape, ...], Fit] = {}

    def of(self, arrays: Batch) -> Fit:
        """Return the shapes of a run.

        Raises:
            SpecMismatchError: If the plan was built for smaller or larger ones.
        """
        given = {name: array.shape for name, array in arrays.items()}
        key = tuple(given.values())
        fit = self._known.get(key)
        if fit is None:
            for name, shape in given.items():
                self._check(name, shape)
            filled = {name: self._filled(name, shape) for name, shape in given.items()}
            wanted = self._outcome(given)
            fit = Fit(filled, wanted if filled == given else self._outcome(filled), wanted)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = fit
        return fit

    def _check(self, name: str, shape: Shape) -> None:
        least, _, most = self._ranges[name]
        for axis, (low, extent, high) in enumerate(zip(least, shape, most, strict=True)):
            if not low <= extent <= high:
                msg = (
                    f"{self._name}: tensor {name!r}: expected {low} to {high} along axis {axis}, "
                    f"which the plan was built for, got {extent}"
                )
                raise SpecMismatchError(msg)

    def _filled(self, name: str, shape: Shape) -> Shape:
        least, _, most = self._ranges[name]
        varies = bool(shape) and least[0] != most[0]
        return (min(bucket(shape[0]), most[0]), *shape[1:]) if varies else shape


def filled_up(array: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Return an array with its last row repeated until it has the shape."""
    missing = shape[0] - array.shape[0] if shape else 0
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array


def cut_back(array: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Return the beginning of an array along every axis, as an array of its own."""
    return array[tuple(slice(extent) for extent in shape)].copy()
