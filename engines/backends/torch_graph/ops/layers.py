"""Operators that have weights, as a rule: products, convolutions, pooling, normalisation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch_graph.ops.op import Op, UnsupportedError

Numbers = Sequence[int]
Sides = list[tuple[int, int]]

_CONV: Final = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_CONV_TRANSPOSE: Final = {
    1: functional.conv_transpose1d,
    2: functional.conv_transpose2d,
    3: functional.conv_transpose3d,
}
_MAX_POOL: Final = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN_POOL: Final = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def _sides(
    x: Tensor, kernel: Numbers, strides: Numbers, dilations: Numbers, *, auto_pad: str,
    pads: Numbers | None,
) -> Sides:  # fmt: skip
    """Return what is put before and behind each spatial axis."""
    rank = len(kernel)
    if auto_pad in {"NOTSET", "VALID"}:
        given = pads if pads and auto_pad == "NOTSET" else [0] * (2 * rank)
        return list(zip(given[:rank], given[rank:], strict=True))
    sides = []
    for extent, size, stride, dilation in zip(x.shape[2:], kernel, strides, dilations, strict=True):
        reach = (size - 1) * dilation + 1
        missing = max((-(-extent // stride) - 1) * stride + reach - extent, 0)
        less, more = missing // 2, missing - missing // 2
        sides.append((less, more) if auto_pad == "SAME_UPPER" else (more, less))
    return sides


def _even(
    x: Tensor, sides: Sides, value: float, most: Numbers | None = None
) -> tuple[Tensor, list[int]]:
    """Pad by hand where torch would not: unlike sides of an axis, or more than ``most`` of each."""
    alike = all(before == behind for before, behind in sides)
    if alike and (most is None or all(side <= m for (side, _), m in zip(sides, most, strict=True))):
        return x, [before for before, _ in sides]
    flat = [side for pair in reversed(sides) for side in pair]
    return functional.pad(x, flat, value=value), [0] * len(sides)


def _conv(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, auto_pad: str = "NOTSET",
    dilations: Numbers | None = None, group: int = 1, kernel_shape: Numbers | None = None,
    pads: Numbers | None = None, strides: Numbers | None = None,
) -> Tensor:  # fmt: skip
    kernel = kernel_shape or weight.shape[2:]
    strides, dilations = strides or [1] * len(kernel), dilations or [1] * len(kernel)
    sides = _sides(x, kernel, strides, dilations, auto_pad=auto_pad, pads=pads)
    x, padding = _even(x, sides, 0)
    return _CONV[len(kernel)](x, weight, bias, strides, padding, dilations, group)


def _conv_transpose(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, auto_pad: str = "NOTSET",
    dilations: Numbers | None = None, group: int = 1, kernel_shape: Numbers | None = None,
    output_padding: Numbers | None = None, output_shape: Numbers | None = None,
    pads: Numbers | None = None, strides: Numbers | None = None,
) -> Tensor:  # fmt: skip
    if auto_pad != "NOTSET" or output_shape:
        msg = f"auto_pad {auto_pad}, output_shape {output_shape}: only pads are understood"
        raise UnsupportedError(msg)
    kernel = kernel_shape or weight.shape[2:]
    rank = len(kernel)
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    extra = output_padding or [0] * rank
    full = _CONV_TRANSPOSE[rank](x, weight, bias, strides, 0, extra, group, dilations)
    sides = _sides(x, kernel, strides, dilations, auto_pad=auto_pad, pads=pads)
    for axis, (before, behind) in enumerate(sides):
        full = full.narrow(axis + 2, before, full.shape[axis + 2] - before - behind)
    return full


def _max_pool(
    x: Tensor, *, kernel_shape: Numbers, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: Numbers | None = None, pads: Numbers | None = None, storage_order: int = 0,
    strides: Numbers | None = None,
) -> Tensor:  # fmt: skip
    if storage_order:
        msg = "storage_order"
        raise UnsupportedError(msg)
    rank = len(kernel_shape)
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    sides = _sides(x, kernel_shape, strides, dilations, auto_pad=auto_pad, pads=pads)
    x, padding = _even(x, sides, -torch.inf, [extent // 2 for extent in kernel_shape])
    return _MAX_POOL[rank](x, kernel_shape, strides, padding, dilations, bool(ceil_mode))


def _average_pool(
    x: Tensor, *, kernel_shape: Numbers, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    count_include_pad: int = 0, dilations: Numbers | None = None, pads: Numbers | None = None,
    strides: Numbers | None = None,
) -> Tensor:  # fmt: skip
    rank = len(kernel_shape)
    strides = strides or [1] * rank
    if any(dilation != 1 for dilation in dilations or ()):
        msg = f"dilations {dilations}"
        raise UnsupportedError(msg)

    def mean(values: Tensor, padding: Numbers, *, include: bool) -> Tensor:
        pool: Callable[..., Tensor] = _MEAN_POOL[rank]
        return pool(values, kernel_shape, strides, padding, bool(ceil_mode), include)

    sides = _sides(x, kernel_shape, strides, [1] * rank, auto_pad=auto_pad, pads=pads)
    half = [extent // 2 for extent in kernel_shape]
    padded, padding = _even(x, sides, 0, half)
    if padded is x or count_include_pad:
        return mean(padded, padding, include=bool(count_include_pad))
    # uneven sides that do not count: the mean of all over the share that is no padding
    share, _ = _even(torch.ones_like(x[:1, :1]), sides, 0, half)
    return mean(padded, padding, include=True) / mean(share, padding, include=True)


def _global_average_pool(x: Tensor) -> Tensor:
    return x.mean(tuple(range(2, x.dim())), keepdim=True)


def _global_max_pool(x: Tensor) -> Tensor:
    return x.amax(tuple(range(2, x.dim())), keepdim=True)


def _gemm(
    a: Tensor, b: Tensor, c: Tensor | None = None, *, alpha: float = 1.0, beta: float = 1.0,
    transA: int = 0, transB: int = 0,  # noqa: N803 (ONNX's names)
) -> Tensor:  # fmt: skip
    a, b = a.mT if transA else a, b.mT if transB else b
    if c is None:
        return torch.mm(a, b) * alpha if alpha != 1 else torch.mm(a, b)
    return torch.addmm(c, a, b, beta=beta, alpha=alpha)


def _einsum(*xs: Tensor, equation: str) -> Tensor:
    return torch.einsum(equation, *xs)


def _batch_normalization(
    x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *,
    epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,  # noqa: ARG001
) -> Tensor:  # fmt: skip
    if training_mode:
        msg = "training_mode"
        raise UnsupportedError(msg)
    return functional.batch_norm(x, mean, variance, scale, bias, eps=epsilon)


def _instance_normalization(
    x: Tensor, scale: Tensor, bias: Tensor, *, epsilon: float = 1e-5
) -> Tensor:
    return functional.instance_norm(x, weight=scale, bias=bias, eps=epsilon)


def _layer_normalization(
    x: Tensor, scale: Tensor, bias: Tensor | None = None, *, axis: int = -1,
    epsilon: float = 1e-5, stash_type: int = 1,  # noqa: ARG001 (sums are f32 in any case)
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    extents = x.shape[axis:]
    shift = None if bias is None else bias.expand(extents)
    normalised, mean, deviation = torch.native_layer_norm(
        x, extents, scale.expand(extents), shift, epsilon
    )
    return normalised, mean, deviation


LAYERS: Final[Mapping[str, Op]] = {
    "AveragePool": Op(_average_pool),
    "BatchNormalization": Op(_batch_normalization),
    "Conv": Op(_conv),
    "ConvTranspose": Op(_conv_transpose),
    "Einsum": Op(_einsum),
    "Gemm": Op(_gemm),
    "GlobalAveragePool": Op(_global_average_pool),
    "GlobalMaxPool": Op(_global_max_pool),
    "InstanceNormalization": Op(_instance_normalization),
    "LayerNormalization": Op(_layer_normalization),
    "MatMul": Op(torch.matmul),
    "MaxPool": Op(_max_pool),
}
