"""Operators that read between the pixels: resizing and sampling at given points."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch_graph.ops.op import Op, UnsupportedError

_PICTURE_AXES: Final = (2, 3)
_GRID_MODES: Final = {"linear": "bilinear", "cubic": "bicubic"}  # since opset 20


def _grid_sample(
    x: Tensor,
    grid: Tensor,
    *,
    align_corners: int = 0,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
) -> Tensor:
    return functional.grid_sample(
        x,
        grid,
        mode=_GRID_MODES.get(mode, mode),
        padding_mode=padding_mode,
        align_corners=bool(align_corners),
    )


def _resize(
    x: Tensor,
    roi: Tensor | None = None,  # noqa: ARG001 (of tf_crop_and_resize alone, which is refused)
    scales: Sequence[float] | None = None,
    sizes: Sequence[int] | None = None,
    *,
    antialias: int = 0,
    axes: Sequence[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,  # noqa: ARG001 (ditto)
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Tensor:
    if antialias or exclude_outside or keep_aspect_ratio_policy != "stretch" or mode == "cubic":
        msg = (
            f"mode {mode} (a {cubic_coeff_a}), antialias {antialias}, "
            f"exclude_outside {exclude_outside}, policy {keep_aspect_ratio_policy}"
        )
        raise UnsupportedError(msg)
    over = [axis % x.dim() for axis in axes] if axes else list(range(x.dim()))
    extents = (
        list(sizes)
        if sizes
        else [int(x.shape[a] * s) for a, s in zip(over, scales or (), strict=True)]
    )
    factors = (
        list(scales) if scales else [n / x.shape[a] for a, n in zip(over, extents, strict=True)]
    )
    changed = [
        (axis, extent, factor)
        for axis, extent, factor in zip(over, extents, factors, strict=True)
        if extent != x.shape[axis]
    ]
    how = _quickly(mode, coordinate_transformation_mode, nearest_mode)
    if how and x.dim() == len(x.shape[:2]) + 2 and {axis for axis, *_ in changed} <= {2, 3}:
        to = {axis: extent for axis, extent, _ in changed}
        size = [to.get(axis, x.shape[axis]) for axis in _PICTURE_AXES]
        whole = all(extent == x.shape[axis] * factor for axis, extent, factor in changed)
        if whole:
            return functional.interpolate(x, size, **how)
    for axis, extent, factor in changed:
        places = _places(x, axis, extent, factor, coordinate_transformation_mode)
        x = _along(x, axis, places, mode, nearest_mode)
    return x


def _quickly(mode: str, coordinates: str, nearest: str) -> dict[str, str | bool] | None:
    """Return how torch's own resizing is asked for the same, or None."""
    match mode, coordinates, nearest:
        case "nearest", "asymmetric", "floor":
            return {"mode": "nearest"}
        case "linear", "half_pixel", _:
            return {"mode": "bilinear", "align_corners": False}
        case "linear", "align_corners", _:
            return {"mode": "bilinear", "align_corners": True}
        case _:
            return None


def _places(x: Tensor, axis: int, extent: int, factor: float, coordinates: str) -> Tensor:
    """Return where along the old axis each new element lies."""
    at = torch.arange(extent, dtype=torch.float32, device=x.device)
    match coordinates:
        case "half_pixel":
            return (at + 0.5) / factor - 0.5
        case "pytorch_half_pixel":
            return (at + 0.5) / factor - 0.5 if extent > 1 else at
        case "half_pixel_symmetric":
            shift = x.shape[axis] / 2 * (1 - extent / (factor * x.shape[axis]))
            return shift + (at + 0.5) / factor - 0.5
        case "asymmetric":
            return at / factor
        case "align_corners":
            span = x.shape[axis] * factor - 1
            return at * ((x.shape[axis] - 1) / span) if span > 0 else at * 0
        case _:
            msg = f"coordinate_transformation_mode {coordinates}"
            raise UnsupportedError(msg)


def _along(x: Tensor, axis: int, places: Tensor, mode: str, nearest: str) -> Tensor:
    last = x.shape[axis] - 1
    if mode == "nearest":
        return x.index_select(axis, _nearest(places, nearest).clamp(0, last).long())
    places = places.clamp(0, last)
    before = places.floor()
    weight = (places - before).to(x.dtype).reshape(-1, *[1] * (x.dim() - 1 - axis))
    low = x.index_select(axis, before.long())
    high = x.index_select(axis, (before + 1).clamp(0, last).long())
    return low + (high - low) * weight


def _nearest(places: Tensor, rule: str) -> Tensor:
    match rule:
        case "round_prefer_floor":
            return (places - 0.5).ceil()
        case "round_prefer_ceil":
            return (places + 0.5).floor()
        case "floor":
            return places.floor()
        case "ceil":
            return places.ceil()
        case _:
            msg = f"nearest_mode {rule}"
            raise UnsupportedError(msg)


SAMPLING: Final[Mapping[str, Op]] = {
    "GridSample": Op(_grid_sample),
    "Resize": Op(_resize, numbers=(2, 3)),
}
