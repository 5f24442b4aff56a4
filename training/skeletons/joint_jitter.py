"""Clips as they might have been: later, quicker, seen from elsewhere, by a worse camera."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

MAX_CROP: Final = 0.12  # of the clip, at each end
MAX_BEND: Final = 0.3  # how much quicker one half is than the other
MAX_SWAY: Final = 0.08  # of the clip, back and forth in time
MAX_TURN: Final = 0.35  # rad, about the vertical
MAX_TILT: Final = 0.1  # rad
MAX_STRETCH: Final = 0.1  # of each axis
NOISE: Final = 0.01  # trunks, of each place
BUILD: Final = 0.015  # trunks, of each joint over the clip
FROZEN: Final = 0.3  # share of the clips in which two joints stand still


def warped_shares(clips: int, ticks: int, generator: Generator) -> Float[Tensor, "B T"]:
    """Return where in its clip each tick lies, from 0 to 1."""
    start, end = (_unit(clips, generator) * MAX_CROP for _ in range(2))
    bend, sway = (_within(reach, (clips, 1), generator) for reach in (MAX_BEND, MAX_SWAY))
    even = torch.linspace(0, 1, ticks)
    bent = even + bend * even * (1 - even) + sway * (2 * torch.pi * even).sin()
    return (start + (1 - end - start) * bent).clamp(0, 1)


def jittered(joints: Float[Tensor, "B T J 3"], generator: Generator) -> Float[Tensor, "B T J 3"]:
    """Return the clips, each turned, stretched and blurred in its own way."""
    clips, ticks, count, axes = joints.shape
    turned = torch.einsum("btjx,byx->btjy", joints, _turns(clips, generator))
    turned = turned * (1 + _within(MAX_STRETCH, (clips, 1, 1, axes), generator))
    turned = turned + NOISE * torch.randn((clips, ticks, count, axes), generator=generator)
    turned = turned + BUILD * torch.randn((clips, 1, count, axes), generator=generator)
    chosen = torch.rand((clips, 1), generator=generator) < FROZEN
    two = torch.rand((clips, count), generator=generator).argsort(1) < 2  # noqa: PLR2004 (two joints)
    still = (chosen & two)[:, None, :, None]
    return torch.where(still, turned[:, :1], turned)


def _turns(clips: int, generator: Generator) -> Float[Tensor, "B 3 3"]:
    turn, tilt = (_within(reach, (clips,), generator) for reach in (MAX_TURN, MAX_TILT))
    zero, one = torch.zeros(clips), torch.ones(clips)
    about_vertical = [turn.cos(), zero, turn.sin(), zero, one, zero, -turn.sin(), zero, turn.cos()]
    forward = [one, zero, zero, zero, tilt.cos(), -tilt.sin(), zero, tilt.sin(), tilt.cos()]
    first, second = (torch.stack(parts, 1).view(clips, 3, 3) for parts in (about_vertical, forward))
    return first @ second


def _unit(clips: int, generator: Generator) -> Tensor:
    return torch.rand((clips, 1), generator=generator)


def _within(reach: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) * 2 - 1) * reach
