"""Faces as examples: grey pictures, jittered in training, and a small convolutional network."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from engines.networks.face_encoder import normalised
from training.pseudo_label.lesson import Rows
from training.starter.face_jitter import jittered


class FaceStudent(nn.Module):
    """Five convolutions from new weights, small enough to be taught dozens of times on a CPU.

    Args:
        classes: How many there are.
        dropout: Of what the last layer sees.
    """

    def __init__(self, classes: int, *, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(1, 16, stride=2),
            *_convolution(16, 32, stride=2),
            *_convolution(32, 64),
            *_convolution(64, 64, stride=2),
            *_convolution(64, 96),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(96, classes),
        )
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Float[Tensor, "B 1 48 48"]) -> Float[Tensor, "B C"]:
        """Return the logits of normalised faces."""
        laid = faces.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits: Tensor = self.layers(laid)
        return logits.float()


class FaceExamples:
    """Grey pictures of faces.

    Args:
        images: All.
        dropout: Of the network.
    """

    def __init__(self, images: UInt8[Tensor, "N 48 48"], *, dropout: float = 0.3) -> None:
        self._images = images
        self._dropout = dropout

    def network(self, classes: int) -> FaceStudent:
        """Return a network with new weights."""
        return FaceStudent(classes, dropout=self._dropout)

    def feed(self, rows: Rows, random: np.random.Generator | None) -> Float[Tensor, "B 1 48 48"]:
        """Return pictures, as they are or each changed in its own way."""
        faces = normalised(self._images[torch.from_numpy(rows), None].float())
        if random is None:
            return faces
        generator = torch.Generator().manual_seed(int(random.integers(2**31)))
        return jittered(faces, generator)


def _convolution(given: int, made: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(given, made, 3, stride, 1, bias=False),
        nn.BatchNorm2d(made),
        nn.ReLU(),
    )
