"""Model runtimes: one module each, imported only when a configuration names it."""

from pathlib import Path
from typing import assert_never

from engines.config import RuntimeConfig
from engines.engine import Engine


def open_engine(path: Path, runtime: RuntimeConfig) -> Engine:
    """Load a graph with the runtime that the profile names.

    Args:
        path: An .onnx file, or a .tflite file where the runtime reads it.
        runtime: Backend, threads, precision.

    Raises:
        EngineError: If the runtime is not installed or cannot read the graph.
    """
    match runtime.backend:
        case "openvino":
            from engines.backends.openvino_backend import OpenVinoEngine

            return OpenVinoEngine(path, threads=runtime.threads, precision=runtime.precision)
        case "onnxruntime":
            from engines.backends.onnxruntime_backend import OnnxRuntimeEngine

            return OnnxRuntimeEngine(path, threads=runtime.threads)
        case _:
            assert_never(runtime.backend)
