"""The face as 128 numbers: dlib's residual network, whose distance says whether two are one person.

Davis King's ``dlib_face_recognition_resnet_model_v1`` (CC0): a ResNet of 29 convolutions with half
the usual filters, trained with a metric loss so that faces of one person lie closer than 0.6 apart.
The layers are laid out as in dlib's ``dnn_face_recognition_ex.cpp``; each batch normalisation,
frozen there to a scale and a shift, is folded into the convolution before it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("face",)
OUTPUTS: Final = ("embedding",)

SIDE_PX: Final = 150  # of the aligned face that the network was trained on
WIDTH: Final = 128
LEVELS: Final = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
"""Filters and residual units of each level; every level but the first halves the picture."""
MEAN_RGB: Final = (122.782, 117.001, 104.298)  # of dlib's input layer, as are the 256 it divides by
DIVISOR: Final = 256.0

Convolution = tuple[Float[Tensor, "O I h w"], Float[Tensor, " O"]]
"""Weights and bias."""


class FaceEmbedding(nn.Module):
    """The network with its normalisation before it: uint8 pixels in.

    Args:
        convolutions: In the order of execution.
        projection: From the pooled features to the embedding.
    """

    def __init__(
        self, convolutions: Sequence[Convolution], projection: Float[Tensor, "256 128"]
    ) -> None:
        super().__init__()
        given = iter(convolutions)
        self.stem = _convolution(given, stride=2)
        self.units = nn.ModuleList(
            _Unit(given, halves=level > 0 and unit == 0)
            for level, (_, units) in enumerate(LEVELS)
            for unit in range(units)
        )
        self.projection = nn.Parameter(projection, requires_grad=False)
        self.register_buffer("mean", torch.tensor(MEAN_RGB)[:, None, None])

    def forward(self, face: UInt8[Tensor, "B 150 150 3"]) -> Float[Tensor, "B 128"]:
        """Embed aligned faces, RGB."""
        pixels = face.to(torch.float32).permute(0, 3, 1, 2)  # cast first: TensorRT moves no uint8
        features = functional.relu(self.stem((pixels - self.mean) / DIVISOR))
        features = functional.max_pool2d(features, 3, 2)
        for unit in self.units:
            features = unit(features)
        return features.mean((2, 3)) @ self.projection


class _Unit(nn.Module):
    """Two convolutions and the way around them; ``halves`` the picture or leaves it."""

    def __init__(self, given: Iterator[Convolution], *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = _convolution(given, stride=2 if halves else 1)
        self.second = _convolution(given, stride=1)

    def forward(self, features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O h w"]:
        changed = self.second(functional.relu(self.first(features)))
        around = functional.avg_pool2d(features, 2, 2) if self.halves else features
        # without a border the halves differ by a row at times, and new filters have no way around
        # them: dlib adds tensors of two sizes as if the smaller one went on with zeros
        return functional.relu(_grown(changed, around) + _grown(around, changed))


def _grown(features: Tensor, other: Tensor) -> Tensor:
    below = max(int(other.shape[2]) - int(features.shape[2]), 0)
    right = max(int(other.shape[3]) - int(features.shape[3]), 0)
    more = max(int(other.shape[1]) - int(features.shape[1]), 0)
    return functional.pad(features, (0, right, 0, below, 0, more))


def _convolution(given: Iterator[Convolution], *, stride: int) -> nn.Conv2d:
    weight, bias = next(given)
    outputs, inputs, side, _ = weight.shape
    # dlib pads only where nothing is skipped
    layer = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2 if stride == 1 else 0)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer
