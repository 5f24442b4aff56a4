"""Operators that take an axis together, or put it in order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from engines.backends.torch_graph.ops.op import Op, UnsupportedError

Reduction = Callable[[Tensor, list[int], bool], Tensor]


def _reduction(compute: Reduction) -> Op:
    def reduce(
        x: Tensor,
        given: Sequence[int] | None = None,
        *,
        axes: Sequence[int] | None = None,  # an attribute before opset 18, an input since
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Tensor:
        named = list(given or axes or ())
        if not named and noop_with_empty_axes:
            return x
        return compute(x, named or list(range(x.dim())), bool(keepdims))

    return Op(reduce, numbers=(1,))


def _prod(x: Tensor, axes: list[int], keep: bool) -> Tensor:  # noqa: FBT001
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = torch.prod(x, axis, keepdim=keep)
    return x


def _l2(x: Tensor, axes: list[int], keep: bool) -> Tensor:  # noqa: FBT001
    return torch.sqrt(torch.sum(x * x, axes, keepdim=keep))


def _sum(x: Tensor, axes: list[int], keep: bool) -> Tensor:  # noqa: FBT001
    return torch.sum(x, axes, keepdim=keep, dtype=x.dtype)  # else integers would become int64


def _arg_max(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    _refuse_last(select_last_index)
    return torch.argmax(x, axis, keepdim=bool(keepdims))


def _arg_min(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    _refuse_last(select_last_index)
    return torch.argmin(x, axis, keepdim=bool(keepdims))


def _refuse_last(select_last_index: int) -> None:
    if select_last_index:
        msg = "select_last_index"
        raise UnsupportedError(msg)


def _top_k(
    x: Tensor,
    k: Sequence[int],
    *,
    axis: int = -1,
    largest: int = 1,
    sorted: int = 1,  # noqa: A002, ARG001 (ONNX's name)
) -> tuple[Tensor, Tensor]:
    # ONNX gives equals in the order they came in, which torch.topk does not
    values, places = torch.sort(x, dim=axis, descending=bool(largest), stable=True)
    return values.narrow(axis, 0, k[0]), places.narrow(axis, 0, k[0])


def _cum_sum(
    x: Tensor, axis: int | Sequence[int], *, exclusive: int = 0, reverse: int = 0
) -> Tensor:
    along = axis if isinstance(axis, int) else axis[0]
    turned = x.flip(along) if reverse else x
    sums = torch.cumsum(turned, along, dtype=x.dtype)
    if exclusive:
        sums = sums - turned
    return sums.flip(along) if reverse else sums


REDUCTIONS: Final[Mapping[str, Op]] = {
    "ArgMax": Op(_arg_max),
    "ArgMin": Op(_arg_min),
    "CumSum": Op(_cum_sum, numbers=(1,)),
    "ReduceL1": _reduction(lambda x, axes, keep: torch.sum(x.abs(), axes, keepdim=keep)),
    "ReduceL2": _reduction(_l2),
    "ReduceLogSumExp": _reduction(lambda x, axes, keep: torch.logsumexp(x, axes, keepdim=keep)),
    "ReduceMax": _reduction(lambda x, axes, keep: torch.amax(x, axes, keepdim=keep)),
    "ReduceMean": _reduction(lambda x, axes, keep: torch.mean(x, axes, keepdim=keep)),
    "ReduceMin": _reduction(lambda x, axes, keep: torch.amin(x, axes, keepdim=keep)),
    "ReduceProd": _reduction(_prod),
    "ReduceSum": _reduction(_sum),
    "ReduceSumSquare": _reduction(lambda x, axes, keep: torch.sum(x * x, axes, keepdim=keep)),
    "TopK": Op(_top_k, numbers=(1,)),
}
