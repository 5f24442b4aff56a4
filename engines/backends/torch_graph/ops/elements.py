"""Operators that look at one element at a time: arithmetic, comparison, activation, casts."""

from collections.abc import Mapping
from functools import reduce
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch_graph.ops.element_types import torch_dtype
from engines.backends.torch_graph.ops.op import Op


def _div(x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def _mod(x: Tensor, y: Tensor, *, fmod: int = 0) -> Tensor:
    return torch.fmod(x, y) if fmod else torch.remainder(x, y)


def _pow(x: Tensor, y: Tensor) -> Tensor:
    return torch.pow(x, y).to(x.dtype)


def _max(*xs: Tensor) -> Tensor:
    return reduce(torch.maximum, xs)


def _min(*xs: Tensor) -> Tensor:
    return reduce(torch.minimum, xs)


def _sum(*xs: Tensor) -> Tensor:
    return reduce(torch.add, xs)


def _mean(*xs: Tensor) -> Tensor:
    return _sum(*xs) / len(xs)


def _clip(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return x if low is None and high is None else torch.clamp(x, min=low, max=high)


def _cast(x: Tensor, *, to: int, saturate: int = 1) -> Tensor:  # noqa: ARG001 (of 8-bit floats)
    return x.to(torch_dtype(to))


def _cast_like(x: Tensor, like: Tensor, *, saturate: int = 1) -> Tensor:  # noqa: ARG001 (ditto)
    return x.to(like.dtype)


def _is_inf(x: Tensor, *, detect_negative: int = 1, detect_positive: int = 1) -> Tensor:
    found = torch.isinf(x)
    if not detect_negative:
        found = found & (x > 0)
    return found if detect_positive else found & (x < 0)


def _elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return functional.elu(x, alpha)


def _leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return functional.leaky_relu(x, alpha)


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    channels = x.shape[1:2] + (1,) * (x.dim() - 2)
    if x.dim() > 1 and slope.dim() < x.dim() and slope.shape == channels:
        return functional.prelu(x, slope.reshape(-1))
    return torch.where(x < 0, x * slope, x)  # ONNX broadcasts the slope as any operand


def _hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    return torch.clamp(x * alpha + beta, 0, 1)


def _gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    return functional.gelu(x, approximate=approximate)


def _softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


def _log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


def _identity(x: Tensor) -> Tensor:
    return x


def _dropout(
    x: Tensor,
    ratio: Tensor | None = None,  # noqa: ARG001 (nothing is dropped when nothing is learned)
    *,
    seed: int = 0,  # noqa: ARG001
) -> Tensor:
    return x


ELEMENTS: Final[Mapping[str, Op]] = {
    "Abs": Op(torch.abs),
    "Add": Op(torch.add),
    "And": Op(torch.logical_and),
    "Cast": Op(_cast),
    "CastLike": Op(_cast_like),
    "Ceil": Op(torch.ceil),
    "Clip": Op(_clip),
    "Cos": Op(torch.cos),
    "Div": Op(_div),
    "Dropout": Op(_dropout),
    "Elu": Op(_elu),
    "Equal": Op(torch.eq),
    "Erf": Op(torch.erf),
    "Exp": Op(torch.exp),
    "Floor": Op(torch.floor),
    "Gelu": Op(_gelu),
    "Greater": Op(torch.gt),
    "GreaterOrEqual": Op(torch.ge),
    "HardSigmoid": Op(_hard_sigmoid),
    "HardSwish": Op(functional.hardswish),
    "Identity": Op(_identity),
    "IsInf": Op(_is_inf),
    "IsNaN": Op(torch.isnan),
    "LeakyRelu": Op(_leaky_relu),
    "Less": Op(torch.lt),
    "LessOrEqual": Op(torch.le),
    "Log": Op(torch.log),
    "LogSoftmax": Op(_log_softmax),
    "Max": Op(_max),
    "Mean": Op(_mean),
    "Min": Op(_min),
    "Mish": Op(functional.mish),
    "Mod": Op(_mod),
    "Mul": Op(torch.mul),
    "Neg": Op(torch.neg),
    "Not": Op(torch.logical_not),
    "Or": Op(torch.logical_or),
    "PRelu": Op(_prelu),
    "Pow": Op(_pow),
    "Reciprocal": Op(torch.reciprocal),
    "Relu": Op(torch.relu),
    "Round": Op(torch.round),
    "Sigmoid": Op(torch.sigmoid),
    "Sign": Op(torch.sign),
    "Sin": Op(torch.sin),
    "Softmax": Op(_softmax),
    "Softplus": Op(functional.softplus),
    "Sqrt": Op(torch.sqrt),
    "Sub": Op(torch.sub),
    "Sum": Op(_sum),
    "Tanh": Op(torch.tanh),
    "Where": Op(torch.where),
    "Xor": Op(torch.logical_xor),
}
