"""ONNX's element types as torch and NumPy have them."""

from typing import Final

import numpy as np
import torch
from numpy.typing import DTypeLike
from onnx import TensorProto

from engines.backends.torch_graph.ops.op import UnsupportedError

_TORCH: Final[dict[int, torch.dtype]] = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.DOUBLE: torch.float64,
    TensorProto.UINT8: torch.uint8,
    TensorProto.INT8: torch.int8,
    TensorProto.INT16: torch.int16,
    TensorProto.INT32: torch.int32,
    TensorProto.INT64: torch.int64,
    TensorProto.BOOL: torch.bool,
}
# of inputs and outputs: what every runtime takes from NumPy
_NUMPY: Final[dict[int, DTypeLike]] = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT8: np.int8,
    TensorProto.INT32: np.int32,
    TensorProto.INT64: np.int64,
    TensorProto.BOOL: np.bool_,
}


def torch_dtype(element: int) -> torch.dtype:
    """Return torch's type.

    Raises:
        UnsupportedError: If it has none that computes.
    """
    if element not in _TORCH:
        msg = f"elements of type {TensorProto.DataType.Name(element)}"
        raise UnsupportedError(msg)
    return _TORCH[element]


def numpy_dtype(element: int) -> DTypeLike:
    """Return NumPy's type of an input or an output.

    Raises:
        UnsupportedError: If an engine takes and gives none such.
    """
    if element not in _NUMPY:
        msg = f"an input or output of type {TensorProto.DataType.Name(element)}"
        raise UnsupportedError(msg)
    return _NUMPY[element]
