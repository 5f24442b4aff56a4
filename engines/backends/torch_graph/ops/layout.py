"""Operators that move elements and compute none: shapes, slices, gathers, pads."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch_graph.ops.op import Op, UnsupportedError

Numbers = Sequence[int]


def _shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return torch.tensor(x.shape[start:end], dtype=torch.int64)


def _size(x: Tensor) -> Tensor:
    return torch.tensor(x.numel(), dtype=torch.int64)


def _reshape(x: Tensor, shape: Numbers, *, allowzero: int = 0) -> Tensor:
    if allowzero:
        return x.reshape(tuple(shape))
    return x.reshape([extent or x.shape[axis] for axis, extent in enumerate(shape)])


def _flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    rows = x.shape[:axis].numel()
    return x.reshape(rows, -1) if x.numel() else x.reshape(rows, x.shape[axis:].numel())


def _transpose(x: Tensor, *, perm: Numbers | None = None) -> Tensor:
    return x.permute(*(reversed(range(x.dim())) if perm is None else perm))


def _squeeze(x: Tensor, axes: Numbers | None = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def _unsqueeze(x: Tensor, axes: Numbers) -> Tensor:
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def _concat(*xs: Tensor, axis: int) -> Tensor:
    return torch.cat(xs, axis)


def _split(
    x: Tensor, parts: Numbers | None = None, *, axis: int = 0, num_outputs: int
) -> tuple[Tensor, ...]:
    each = -(-x.shape[axis] // num_outputs)
    return tuple(torch.split(x, each if parts is None else list(parts), axis))


def _slice(
    x: Tensor,
    starts: Numbers,
    ends: Numbers,
    axes: Numbers | None = None,
    steps: Numbers | None = None,
) -> Tensor:
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis = k if axes is None else axes[k]
        places = range(*slice(start, end, 1 if steps is None else steps[k]).indices(x.shape[axis]))
        backwards = places.step < 0
        if backwards:  # torch has no negative strides
            places = places[::-1]
        index = [slice(None)] * x.dim()
        index[axis] = slice(places.start, max(places.start, places.stop), places.step)
        x = x[tuple(index)]
        if backwards:
            x = x.flip(axis)
    return x


def _gather(x: Tensor, indices: Tensor | int, *, axis: int = 0) -> Tensor:
    if isinstance(indices, int):
        return x.select(axis, indices)
    axis %= x.dim()
    wrapped = _counted_from_front(indices, x.shape[axis])
    found = x.index_select(axis, wrapped.reshape(-1))
    return found.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _gather_elements(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    return torch.gather(x, axis, _counted_from_front(indices, x.shape[axis]))


def _gather_nd(x: Tensor, indices: Tensor, *, batch_dims: int = 0) -> Tensor:
    if batch_dims:
        msg = f"batch_dims {batch_dims}"
        raise UnsupportedError(msg)
    return x[tuple(indices.long().unbind(-1))]


def _scatter_nd(x: Tensor, indices: Tensor, updates: Tensor, *, reduction: str = "none") -> Tensor:
    if reduction not in {"none", "add"}:
        msg = f"reduction {reduction}"
        raise UnsupportedError(msg)
    places = tuple(indices.long().unbind(-1))
    return x.index_put(places, updates, accumulate=reduction == "add")


def _scatter_elements(
    x: Tensor, indices: Tensor, updates: Tensor, *, axis: int = 0, reduction: str = "none"
) -> Tensor:
    places = _counted_from_front(indices, x.shape[axis])
    if reduction == "none":
        return torch.scatter(x, axis, places, updates)
    named = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}[reduction]
    return torch.scatter_reduce(x, axis, places, updates, named)


def _counted_from_front(indices: Tensor, extent: int) -> Tensor:
    indices = indices.long()
    return torch.where(indices < 0, indices + extent, indices)


def _expand(x: Tensor, shape: Numbers) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, tuple(shape)))


def _tile(x: Tensor, repeats: Numbers) -> Tensor:
    return x.repeat(*repeats)


def _constant_of_shape(shape: Numbers, *, value: Tensor | None = None) -> Tensor:
    if value is None:
        return torch.zeros(tuple(shape))
    return value.reshape(()).expand(tuple(shape)).clone()


def _range(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


def _pad(
    x: Tensor,
    pads: Numbers,
    value: float | Sequence[float] | None = None,
    axes: Numbers | None = None,
    *,
    mode: str = "constant",
) -> Tensor:
    axes = range(x.dim()) if axes is None else [axis % x.dim() for axis in axes]
    around = [(0, 0)] * x.dim()
    for k, axis in enumerate(axes):
        around[axis] = pads[k], pads[k + len(axes)]
    if mode == "constant":
        (filled,) = (value or [0]) if isinstance(value, Sequence) else [value or 0]
        return functional.pad(x, _innermost_first(around), value=filled)
    kinds = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    lead = next((axis for axis, sides in enumerate(around) if sides != (0, 0)), x.dim() - 1)
    trailing = around[lead:]
    # torch pads the last axes of what has one or two before them
    flat = x.reshape(1, -1, *x.shape[lead:])
    padded = functional.pad(flat, _innermost_first(trailing), mode=kinds[mode])
    return padded.reshape(*x.shape[:lead], *padded.shape[2:])


def _innermost_first(around: Sequence[tuple[int, int]]) -> list[int]:
    return [side for sides in reversed(around) for side in sides]


def _depth_to_space(x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    if mode == "CRD":
        return functional.pixel_shuffle(x, blocksize)
    batch, depth, height, width = x.shape
    blocks = x.reshape(batch, blocksize, blocksize, -1, height, width)
    spread = blocks.permute(0, 3, 4, 1, 5, 2)
    across = depth // blocksize**2
    return spread.reshape(batch, across, height * blocksize, width * blocksize)


def _space_to_depth(x: Tensor, *, blocksize: int) -> Tensor:
    batch, depth, height, width = x.shape
    tall, wide = height // blocksize, width // blocksize
    blocks = x.reshape(batch, depth, tall, blocksize, wide, blocksize)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(batch, depth * blocksize**2, tall, wide)


def _trilu(x: Tensor, k: int = 0, *, upper: int = 1) -> Tensor:
    return torch.triu(x, k) if upper else torch.tril(x, k)


LAYOUT: Final[Mapping[str, Op]] = {
    "Concat": Op(_concat),
    "ConstantOfShape": Op(_constant_of_shape, numbers=(0,)),
    "DepthToSpace": Op(_depth_to_space),
    "Expand": Op(_expand, numbers=(1,)),
    "Flatten": Op(_flatten),
    "Gather": Op(_gather, scalars=(1,)),
    "GatherElements": Op(_gather_elements),
    "GatherND": Op(_gather_nd),
    "Pad": Op(_pad, numbers=(1, 2, 3)),
    "Range": Op(_range, known_only=True),
    "Reshape": Op(_reshape, numbers=(1,)),
    "ScatterElements": Op(_scatter_elements),
    "ScatterND": Op(_scatter_nd),
    "Shape": Op(_shape, shape_only=True),
    "Size": Op(_size, shape_only=True),
    "Slice": Op(_slice, numbers=(1, 2, 3, 4)),
    "SpaceToDepth": Op(_space_to_depth),
    "Split": Op(_split, numbers=(1,)),
    "Squeeze": Op(_squeeze, numbers=(1,)),
    "Tile": Op(_tile, numbers=(1,)),
    "Transpose": Op(_transpose),
    "Trilu": Op(_trilu, numbers=(1,)),
    "Unsqueeze": Op(_unsqueeze, numbers=(1,)),
}
