"""The starter's face encoder: seven expressions and an embedding from one small grey face.

A residual network of about a million parameters, trained here on FER-2013 (``training/starter``).
The first convolution halves the picture at once: most of the arithmetic then happens at 24x24 and
below, which is what a CPU can spend on every face of every frame. Where a block halves the picture,
the way around it averages instead of skipping pixels.
"""

from typing import Final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("face",)
OUTPUTS: Final = ("probabilities", "embedding")

SIDE_PX: Final = 48  # of FER-2013's pictures
WIDTHS: Final = (24, 48, 96, 160)
"""Filters of the stem and of the levels; the last is the width of the embedding."""
CLASSES: Final = 7
MEAN: Final = 0.508  # about that of FER-2013's training pictures, in 0..1, as is the deviation
DEVIATION: Final = 0.255
KEPT: Final = 0.1  # of a probability, however much smoothing is taken back


class FaceEncoder(nn.Module):
    """Logits and an embedding of normalised grey faces.

    Args:
        dropout: Share of the embedding's numbers that are dropped in training.
    """

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        stem, first, second, last = WIDTHS
        self.stem = nn.Sequential(
            nn.Conv2d(1, stem, 3, 2, 1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            nn.Conv2d(stem, stem, 3, 1, 1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(
            _Block(stem, first, stride=1),
            _Block(first, second, stride=2),
            _Block(second, last, stride=2),
            _Block(last, last, stride=1),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(last, CLASSES)

    def forward(
        self, faces: Float[Tensor, "B 1 48 48"]
    ) -> tuple[Float[Tensor, "B 7"], Float[Tensor, "B 160"]]:
        """Return the logits in the order of ``EXPRESSIONS``, and the embedding."""
        embedding = self.blocks(self.stem(faces)).mean((2, 3))
        return self.head(self.dropout(embedding)), embedding


class _Block(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, given: int, made: int, *, stride: int) -> None:
        super().__init__()
        self.changed = nn.Sequential(
            nn.Conv2d(given, made, 3, stride, 1, bias=False),
            nn.BatchNorm2d(made),
            nn.ReLU(),
            nn.Conv2d(made, made, 3, 1, 1, bias=False),
            nn.BatchNorm2d(made),
        )
        around: list[nn.Module] = [] if stride == 1 else [nn.AvgPool2d(stride)]
        if given != made:
            around += [nn.Conv2d(given, made, 1, bias=False), nn.BatchNorm2d(made)]
        self.around = nn.Sequential(*around)

    def forward(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O h w"]:
        return functional.relu(self.changed(features) + self.around(features))


class FaceReader(nn.Module):
    """The encoder between pixels and calibrated probabilities: what is exported.

    It looks at the face and at its mirror image and takes the mean of both, so that a mirrored face
    reads the same. Equalising the histogram stays outside: counting greys is nothing for a graph.

    Args:
        encoder: The trained network.
        temperature: What the logits are divided by; above 1 makes it less sure.
        smoothing: Share of the probability that was spread over all classes in training, and that
            no temperature takes back.
    """

    def __init__(
        self, encoder: FaceEncoder, *, temperature: float = 1.0, smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.temperature = temperature
        self.smoothing = smoothing

    def forward(
        self, face: UInt8[Tensor, "B 48 48"]
    ) -> tuple[Float[Tensor, "B 7"], Float[Tensor, "B 160"]]:
        """Read aligned faces, grey, their histogram equalised."""
        logits, embedding = self.logits(face)
        return calibrated(logits, self.temperature, self.smoothing), embedding

    def logits(
        self, face: UInt8[Tensor, "B 48 48"]
    ) -> tuple[Float[Tensor, "B 7"], Float[Tensor, "B 160"]]:
        """Return what the probabilities are made of, and the embedding."""
        grey = face.to(torch.float32)[:, None]  # cast first: TensorRT moves no uint8
        logits, embedding = self.encoder(normalised(torch.cat([grey, grey.flip(3)])))
        both = [values.unflatten(0, (2, -1)).mean(0) for values in (logits, embedding)]
        return both[0], both[1]


def calibrated(
    logits: Float[Tensor, "B 7"], temperature: float, smoothing: float
) -> Float[Tensor, "B 7"]:
    """Return probabilities from which the smoothing of the labels is taken back.

    The order of the classes stays, and so does that of pictures by one class's probability: what
    would fall below nothing keeps a tenth of itself.
    """
    smooth = (logits / temperature).softmax(1)
    sharp = torch.maximum(smooth - smoothing / CLASSES, smooth * KEPT)
    return sharp / sharp.sum(1, keepdim=True)


def normalised(grey: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B 1 H W"]:
    """Return grey pixels of 0..255 as the encoder takes them."""
    return (grey / 255.0 - MEAN) / DEVIATION
