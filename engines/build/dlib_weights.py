"""The weights in a file that dlib's C++ wrote, without dlib.

dlib serialises a network layer by layer, the first to be executed first: a name, then a tensor as
four extents and plain little-endian floats. Integers have as many bytes as they need, behind one
that counts them. What lies between the tensors (learning rates, strides) is not needed here: the
network is known, and each tensor must have exactly the size that it asks for.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray
from torch import Tensor

from engines.errors import ModelError
from engines.networks.face_embedding import LEVELS, WIDTH, Convolution

_NEGATIVE: Final = 0x80  # of the byte before an integer; the low half counts its bytes
_COUNT: Final = 0x0F
_TENSOR_VERSION: Final = 2
_STEM: Final = (32, 3, 7)  # filters, channels, side
_SIDE: Final = 3  # of every other convolution


def read_face_network(path: Path) -> tuple[list[Convolution], Tensor]:
    """Return the convolutions of dlib's face network, normalisation folded in, and its projection.

    Raises:
        ModelError: If the file does not hold this network.
    """
    data = path.read_bytes()
    try:
        return _read(data)
    except (ValueError, IndexError, StopIteration) as error:
        msg = f"{path}: expected dlib's face recognition network (resnet_model_v1): {error}"
        raise ModelError(msg) from error


def _read(data: bytes) -> tuple[list[Convolution], Tensor]:
    convolutions = _tensors(data, b"con_4")
    affines = _tensors(data, b"affine_")
    folded = []
    for filters, channels, side in _shapes():
        weights = _split(next(convolutions), filters * channels * side * side, filters)
        scale, shift = _split(next(affines), filters, filters)
        kernel = weights[0].reshape(filters, channels, side, side) * scale[:, None, None, None]
        folded.append((_tensor(kernel), _tensor(weights[1] * scale + shift)))
    if next(convolutions, None) is not None:
        msg = "it has more convolutions"
        raise ValueError(msg)
    projection = next(_tensors(data, b"fc_2", skipped=2))
    return folded, _tensor(projection.reshape(LEVELS[-1][0], WIDTH))


def _shapes() -> Iterator[tuple[int, int, int]]:
    """Yield filters, channels and side of each convolution in the order of execution."""
    yield _STEM
    channels = _STEM[0]
    for filters, units in LEVELS:
        for _ in range(units):
            yield filters, channels, _SIDE
            yield filters, filters, _SIDE
            channels = filters


def _tensors(data: bytes, layer: bytes, *, skipped: int = 0) -> Iterator[Float32[ndarray, " N"]]:
    """Yield the parameters of every layer of a kind, after so many integers."""
    name = b"\x01" + bytes([len(layer)]) + layer + b"\x01"  # a string, then an integer of one byte
    for found in re.finditer(re.escape(name), data):
        place = found.end() - 1
        for _ in range(skipped):
            _, place = _integer(data, place)
        version, place = _integer(data, place)
        if version != _TENSOR_VERSION:
            msg = f"{layer.decode()} holds a tensor of version {version}"
            raise ValueError(msg)
        count = 1
        for _ in range(4):
            extent, place = _integer(data, place)
            count *= extent
        yield np.frombuffer(data, "<f4", count, place)


def _integer(data: bytes, place: int) -> tuple[int, int]:
    head = data[place]
    end = place + 1 + (head & _COUNT)
    value = int.from_bytes(data[place + 1 : end], "little")
    return -value if head & _NEGATIVE else value, end


def _split(
    parameters: Float32[ndarray, " N"], first: int, second: int
) -> tuple[Float32[ndarray, " A"], Float32[ndarray, " B"]]:
    if len(parameters) != first + second:
        msg = f"a layer has {len(parameters)} parameters instead of {first + second}"
        raise ValueError(msg)
    return parameters[:first], parameters[first:]


def _tensor(array: Float32[ndarray, "..."]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32).copy())
