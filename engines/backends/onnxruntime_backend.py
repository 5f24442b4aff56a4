"""ONNX Runtime: the portable backend, and the reference that the others are compared with."""

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import onnxruntime

from engines.errors import EngineError
from engines.spec.tensors import Batch, EngineSpec, TensorSpec

_DTYPES = {"float": np.float32, "float16": np.float16, "int64": np.int64, "uint8": np.uint8}


class OnnxRuntimeEngine:
    """An ONNX model on the CPU.

    Args:
        path: The .onnx file.
        threads: Threads of one run; they do not spin between runs.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the binding's own exceptions have no common public base
            msg = f"{path}: ONNX Runtime cannot read this graph: {_first_line(error)}"
            raise EngineError(msg) from error
        self.spec = EngineSpec(
            inputs=tuple(map(_tensor_spec, self._session.get_inputs())),
            outputs=tuple(map(_tensor_spec, self._session.get_outputs())),
        )

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        names = [tensor.name for tensor in self.spec.outputs]
        return dict(zip(names, self._session.run(names, dict(batch)), strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._session


def _tensor_spec(node: Any) -> TensorSpec:  # noqa: ANN401 (onnxruntime is untyped)
    element = re.fullmatch(r"tensor\((\w+)\)", node.type)
    if element is None or element[1] not in _DTYPES:
        msg = f"tensor {node.name!r} has the unsupported type {node.type}"
        raise EngineError(msg)
    shape = tuple(axis if isinstance(axis, int) else None for axis in node.shape)
    return TensorSpec(node.name, shape, _DTYPES[element[1]])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
