"""One operator: what computes it, and which of its inputs are numbers and not tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class UnsupportedError(Exception):
    """A node asks for something of its operator that is not written here."""


@dataclass(frozen=True, slots=True)
class Op:
    """An operator of ONNX.

    Attributes:
        compute: Tensors in, one tensor or a tuple of them out; attributes are keywords of ONNX's
            names. It changes no argument, makes no tensor of Python's numbers and asks no tensor
            for its content: either would make a CUDA graph impossible.
        numbers: Places of inputs that come as numbers or lists of them, since they say shapes.
            They must follow from the shapes of the graph's inputs.
        scalars: Places of inputs that come as a number where they are a scalar that is known.
        shape_only: It looks at the shape of its input, so its output is known where that is.
        known_only: It is computed of what is known, or not at all.
    """

    compute: Callable[..., Any]
    numbers: tuple[int, ...] = ()
    scalars: tuple[int, ...] = ()
    shape_only: bool = False
    known_only: bool = False
