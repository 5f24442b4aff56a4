"""Model runtimes: one module each, imported only when a configuration names it."""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.errors import ConfigError, EngineError
from engines.plans.store import Plans, PlanStore
from engines.variants.choice import Choice, choose


def open_engine(
    path: Path,
    runtime: RuntimeConfig,
    *,
    outputs: Sequence[str] | None = None,
    plans: Plans | None = None,
    name: str | None = None,
) -> Engine:
    """Load a graph with the runtime that the profile names.

    It computes in the fastest precision that was asked for and admitted; what was compiled before
    for this machine is used where it is stored.

    Args:
        path: An .onnx file, or a .tflite file where the runtime reads it.
        runtime: Backend, device, threads, precision.
        outputs: The names of the outputs to keep, in order; None keeps all.
        plans: Where compiled plans are; those of the user's cache by default.
        name: What messages and stored plans call the graph; its file's name by default.

    Raises:
        ConfigError: If the runtime has no such device or precision.
        ModelError: If a variant is not the one that was admitted.
        EngineError: If the runtime is not installed or cannot read the graph, or a stored plan
            that it needs must not be loaded.
    """
    _check_device(runtime)
    choice = choose(path, runtime.precision, backend=runtime.backend)
    store = PlanStore() if plans is None else plans
    try:
        return _open(choice, runtime, outputs, store, name or path.stem)
    except ModuleNotFoundError as error:
        msg = (
            f"backend {runtime.backend}: the package {error.name} is not installed; "
            f"`pip install {error.name}` brings it"
        )
        raise EngineError(msg) from error


def _open(
    choice: Choice,
    runtime: RuntimeConfig,
    outputs: Sequence[str] | None,
    plans: Plans,
    name: str,
) -> Engine:
    match runtime.backend:
        case "openvino":
            from engines.backends.openvino_backend import OpenVinoEngine

            return OpenVinoEngine(
                choice.path,
                threads=runtime.threads,
                precision=choice.hint,
                outputs=outputs,
                plans=plans,
                name=name,
            )
        case "onnxruntime":
            from engines.backends.onnxruntime_backend import OnnxRuntimeEngine

            return OnnxRuntimeEngine(choice.path, threads=runtime.threads, outputs=outputs)
        case "torch":
            from engines.backends.torch_backend import TorchEngine

            return TorchEngine(
                choice.path, device=runtime.device, threads=runtime.threads, outputs=outputs
            )
        case "tensorrt":
            from engines.backends.tensorrt_backend import open_tensorrt

            return open_tensorrt(
                choice.path,
                plans=plans,
                name=name,
                device=runtime.device,
                precision=choice.precision,
                outputs=outputs,
            )
        case _:
            assert_never(runtime.backend)


def _check_device(runtime: RuntimeConfig) -> None:
    """Refuse what cannot be, before a runtime that could do it is asked for."""
    backend, device = runtime.backend, runtime.device
    card = device.startswith("cuda")
    if (card and backend in {"openvino", "onnxruntime"}) or (
        device == "cpu" and backend == "tensorrt"
    ):
        other = "tensorrt or torch computes on cards" if card else "openvino computes on the CPU"
        msg = f"perception.runtime.device: backend {backend} has none {device}; {other}"
        raise ConfigError(msg)
