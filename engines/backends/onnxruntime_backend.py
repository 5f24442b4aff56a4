"""ONNX Runtime: the portable backend, and the reference that the others are compared with."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import onnxruntime

from engines.errors import EngineError
from engines.spec.tensors import Batch, EngineSpec, TensorSpec

_DTYPES: Final = {
    "float": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "uint8": np.uint8,
}


class OnnxRuntimeEngine:
    """An ONNX model on the CPU.

    Args:
        path: The .onnx file.
        threads: Threads of one run; they do not spin between runs.
        outputs: The names of the outputs to keep, in order; what only the others need is not
            computed. None keeps all.

    Raises:
        EngineError: If the graph is missing, broken or no ONNX, or has no output of such a name.
    """

    def __init__(
        self, path: Path, *, threads: int = 1, outputs: Sequence[str] | None = None
    ) -> None:
        if not path.is_file():
            msg = f"{path}: there is no such graph; `subface models pull` fetches the models"
            raise EngineError(msg)
        if path.suffix != ".onnx":
            msg = f"{path}: ONNX Runtime reads .onnx files only; backend openvino reads this one"
            raise EngineError(msg)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the binding's own exceptions have no common public base
            reason = str(error).strip().partition("\n")[0]
            msg = (
                f"{path}: ONNX Runtime cannot read this graph; is the file whole? It says: {reason}"
            )
            raise EngineError(msg) from error
        found = {node.name: _tensor_spec(node, path) for node in self._session.get_outputs()}
        unknown = [name for name in outputs or () if name not in found]
        if unknown:
            msg = f"{path}: the graph has no output {unknown[0]!r}, but {', '.join(found)}"
            raise EngineError(msg)
        self.spec = EngineSpec(
            inputs=tuple(_tensor_spec(node, path) for node in self._session.get_inputs()),
            outputs=tuple(found[name] for name in (found if outputs is None else outputs)),
        )

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        feed = {tensor.name: batch[tensor.name] for tensor in self.spec.inputs}
        names = [tensor.name for tensor in self.spec.outputs]
        return dict(zip(names, self._session.run(names, feed), strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._session


def _tensor_spec(node: Any, path: Path) -> TensorSpec:  # noqa: ANN401 (onnxruntime is untyped)
    element = re.fullmatch(r"tensor\((\w+)\)", node.type)
    if element is None or element[1] not in _DTYPES:
        msg = f"{path}: tensor {node.name!r} is a {node.type}, expected one of {', '.join(_DTYPES)}"
        raise EngineError(msg)
    shape = tuple(axis if isinstance(axis, int) else None for axis in node.shape)
    return TensorSpec(node.name, shape, _DTYPES[element[1]])
