"""Faces as a camera would have shown them: mirrored, turned, nearer, blurred, half hidden.

FER-2013's pictures come from one detector's boxes; live faces are cut out by a mesh, from any
distance, in any light. So the framing is shaken more than FER-2013 alone would want, and some faces
are blurred as if they had been far away.
"""

import math
from typing import Final

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional

MIRRORED: Final = 0.5  # share of the pictures
MAX_TURN: Final = math.radians(12)
MAX_ZOOM: Final = 0.14
MAX_SHIFT: Final = 0.14  # of half the picture: 3.4 pixels
MAX_CONTRAST: Final = 0.3
MAX_BRIGHTNESS: Final = 0.3  # of the normalised picture, as is the contrast
BLURRED: Final = 0.2  # share of the pictures
ERASED: Final = 0.3  # share of the pictures that lose a square
ERASED_HALF_PX: Final = (4, 9)


def jittered(faces: Float[Tensor, "B 1 S S"], generator: Generator) -> Float[Tensor, "B 1 S S"]:
    """Return the normalised faces, each changed in its own way.

    Args:
        faces: With zero mean over the data set: what is erased becomes zero.
        generator: Everything random comes from it.
    """
    return _erased(_relit(_blurred(_moved(faces, generator), generator), generator), generator)


def _within(reach: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) * 2 - 1) * reach


def _moved(faces: Tensor, generator: Generator) -> Tensor:
    batch = (len(faces),)
    turn = _within(MAX_TURN, batch, generator)
    scale = 1 + _within(MAX_ZOOM, batch, generator)
    mirror = torch.where(torch.rand(batch, generator=generator) < MIRRORED, -1.0, 1.0)
    x, y = _within(MAX_SHIFT, batch, generator), _within(MAX_SHIFT, batch, generator)
    cos, sin = turn.cos() * scale, turn.sin() * scale
    places = torch.stack(
        [torch.stack([mirror * cos, -mirror * sin, x], 1), torch.stack([sin, cos, y], 1)], 1
    )
    grid = functional.affine_grid(places, list(faces.shape), align_corners=False)
    return functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def _blurred(faces: Tensor, generator: Generator) -> Tensor:
    chosen = torch.rand((len(faces), 1, 1, 1), generator=generator) < BLURRED
    strength = torch.rand((len(faces), 1, 1, 1), generator=generator)
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    soft = functional.conv2d(
        functional.pad(faces, (2, 2, 2, 2), mode="replicate"), (line[:, None] * line)[None, None]
    )
    return torch.where(chosen, torch.lerp(faces, soft, strength), faces)


def _relit(faces: Tensor, generator: Generator) -> Tensor:
    shape = (len(faces), 1, 1, 1)
    contrast = 1 + _within(MAX_CONTRAST, shape, generator)
    return faces * contrast + _within(MAX_BRIGHTNESS, shape, generator)


def _erased(faces: Tensor, generator: Generator) -> Tensor:
    batch, side = len(faces), faces.shape[-1]
    chosen = torch.rand(batch, generator=generator) < ERASED
    column = torch.randint(side, (batch,), generator=generator)
    row = torch.randint(side, (batch,), generator=generator)
    half = torch.randint(*ERASED_HALF_PX, (batch,), generator=generator)
    places = torch.arange(side)
    across = (places - column[:, None]).abs() < half[:, None]
    down = (places - row[:, None]).abs() < half[:, None]
    hidden = chosen[:, None, None] & down[:, :, None] & across[:, None, :]
    return faces.masked_fill(hidden[:, None], 0.0)
