"""What int8 graphs are written with: values brought to eight bits, and back.

torch computes the rounding and then goes on in floating point: the numbers are those of an int8
graph, the speed is not.
"""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from engines.backends.torch_graph.ops.element_types import torch_dtype
from engines.backends.torch_graph.ops.op import Op, UnsupportedError


def _quantize(
    x: Tensor,
    scale: Tensor,
    zero: Tensor | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,  # noqa: ARG001 (of 8-bit floats)
) -> Tensor:
    if block_size or precision:
        msg = f"block_size {block_size}, precision {precision}"
        raise UnsupportedError(msg)
    stated = torch_dtype(output_dtype) if output_dtype else torch.uint8
    dtype = stated if zero is None else zero.dtype
    steps = torch.round(x / _along(scale, axis, x))
    if zero is not None:
        steps = steps + _along(zero, axis, x)
    limits = torch.iinfo(dtype)
    return steps.clamp(limits.min, limits.max).to(dtype)


def _dequantize(
    x: Tensor, scale: Tensor, zero: Tensor | None = None, *, axis: int = 1, block_size: int = 0
) -> Tensor:
    if block_size:
        msg = f"block_size {block_size}"
        raise UnsupportedError(msg)
    steps = x.to(scale.dtype)
    if zero is not None:
        steps = steps - _along(zero, axis, x).to(scale.dtype)
    return steps * _along(scale, axis, x)


def _along(numbers: Tensor, axis: int, x: Tensor) -> Tensor:
    """Lay one number a channel along the channels; one number for all is that."""
    if numbers.numel() == 1:
        return numbers.reshape(())
    shape = [1] * x.dim()
    shape[axis] = -1
    return numbers.reshape(shape)


QUANTISATION: Final[Mapping[str, Op]] = {
    "DequantizeLinear": Op(_dequantize),
    "QuantizeLinear": Op(_quantize),
}
