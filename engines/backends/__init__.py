"""Model runtimes: one module each, imported only when a configuration names it."""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.errors import EngineError


def open_engine(
    path: Path, runtime: RuntimeConfig, *, outputs: Sequence[str] | None = None
) -> Engine:
    """Load a graph with the runtime that the profile names.

    Args:
        path: An .onnx file, or a .tflite file where the runtime reads it.
        runtime: Backend, device, threads, precision.
        outputs: The names of the outputs to keep, in order; None keeps all.

    Raises:
        EngineError: If the runtime is not installed or cannot read the graph.
    """
    try:
        return _open(path, runtime, outputs)
    except ModuleNotFoundError as error:
        msg = (
            f"backend {runtime.backend}: the package {error.name} is not installed; "
            f"`pip install {error.name}` brings it"
        )
        raise EngineError(msg) from error


def _open(path: Path, runtime: RuntimeConfig, outputs: Sequence[str] | None) -> Engine:
    match runtime.backend:
        case "openvino":
            from engines.backends.openvino_backend import OpenVinoEngine

            return OpenVinoEngine(path, threads=runtime.threads, outputs=outputs)
        case "onnxruntime":
            from engines.backends.onnxruntime_backend import OnnxRuntimeEngine

            return OnnxRuntimeEngine(path, threads=runtime.threads, outputs=outputs)
        case "tensorrt" | "torch":
            msg = f"backend {runtime.backend}: this version has none; use openvino"
            raise EngineError(msg)
        case _:
            assert_never(runtime.backend)
