"""OpenVINO: the CPU backend; it reads .onnx and .tflite files as they are.

What it compiles from a graph can be stored (``subface engines build``) and is then loaded in a
third of the time. Nothing depends on it: without a stored plan, or with one that is broken, the
graph is compiled.
"""

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np
import openvino

from engines.errors import EngineError
from engines.models.store import sha256
from engines.plans.identity import PlanIdentity
from engines.plans.machine import this_processor
from engines.plans.store import Plans
from engines.spec.tensors import Batch, EngineSpec, TensorSpec

logger = logging.getLogger(__name__)

DEVICE: Final = "CPU"


class OpenVinoEngine:
    """A graph compiled for the CPU, one stream, with an explicit number of threads.

    OpenVINO's default precision is bf16 where the chip has it, which ruins landmarks: the precision
    is always stated. Pinning is off: by default every process pins its inference to the same first
    core, so that two of them on two cores run at half speed. With one thread an inference runs in
    the calling thread, so the caller's thread clock counts it.

    A tensor is called by its name in the graph, the first in alphabetical order where it has
    several; one without a name of its own by its place: ``output_0``.

    Args:
        path: An .onnx or .tflite file.
        threads: Threads of one run.
        precision: The arithmetic's precision.
        outputs: The names of the outputs to keep, in order; what only the others need is not
            computed. None keeps all.
        plans: Where what was compiled before is found; None compiles the graph in any case.
        name: What the graph is called there; its file's name by default.

    Raises:
        EngineError: If the graph is missing or broken, or has no output of such a name.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        precision: Literal["f32", "bf16"] = "f32",
        outputs: Sequence[str] | None = None,
        plans: Plans | None = None,
        name: str | None = None,
    ) -> None:
        if not path.is_file():
            msg = f"{path}: there is no such graph; `subface models pull` fetches the models"
            raise EngineError(msg)
        graph = _Graph(path, outputs, _settings(precision, threads))
        compiled = None if plans is None else graph.loaded(plans, name or path.stem)
        if compiled is None:
            compiled = graph.compiled()
        self._request = compiled.create_infer_request()
        self.spec = EngineSpec(
            inputs=_tensor_specs(compiled.inputs, "input"),
            outputs=_tensor_specs(compiled.outputs, "output"),
        )

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch; a contiguous input is read in place."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        # a shared input is read as one block: a view with gaps has to be laid out first
        arrays = [np.ascontiguousarray(batch[tensor.name]) for tensor in self.spec.inputs]
        self._request.infer(dict(enumerate(arrays)), share_inputs=True)
        return {
            # the request owns its outputs and overwrites them in the next run
            tensor.name: output.data.copy()
            for tensor, output in zip(self.spec.outputs, self._request.output_tensors, strict=True)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._request


class _Graph:
    """A graph on its way into an engine."""

    def __init__(
        self, path: Path, outputs: Sequence[str] | None, settings: dict[str, str | int | bool]
    ) -> None:
        self._path = path
        self._outputs = outputs
        self._settings = settings
        self._core = openvino.Core()

    def compiled(self) -> Any:  # noqa: ANN401 (the binding is untyped)
        logger.debug("%s: compiled from its graph", self._path)
        try:
            model = self._core.read_model(self._path)
            if self._outputs is not None:
                model = _keep(model, self._outputs, self._path)
            return self._core.compile_model(model, DEVICE, self._settings)
        except RuntimeError as error:  # the only type that the binding raises
            msg = (
                f"{self._path}: OpenVINO cannot read this graph; is the file whole? "
                f"It says: {_reason(error)}"
            )
            raise EngineError(msg) from error

    def loaded(self, plans: Plans, name: str) -> Any | None:  # noqa: ANN401
        """Return what a stored plan gives; None where there is none that can be used."""
        plan = plans.offer(self._identity(), self._plan, name)
        if plan is None:
            return None
        try:
            return self._core.import_model(plan, DEVICE, self._settings)
        except RuntimeError as error:
            logger.warning(
                "%s: OpenVINO does not load its stored plan, so its graph is compiled; "
                "`subface engines build --force` makes the plan anew. It says: %s",
                name,
                _reason(error),
            )
            return None

    def _identity(self) -> PlanIdentity:
        return PlanIdentity(
            graph=sha256(self._path),
            outputs=None if self._outputs is None else tuple(self._outputs),
            runtime="openvino",
            runtime_version=openvino.__version__,
            device=this_processor(),
            settings=self._settings,
        )

    def _plan(self) -> bytes:
        stream = io.BytesIO()
        self.compiled().export_model(stream)
        plan = stream.getvalue()
        self._core.import_model(plan, DEVICE, self._settings)  # what cannot be loaded is no plan
        return plan


def _settings(precision: Literal["f32", "bf16"], threads: int) -> dict[str, str | int | bool]:
    return {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }


def _reason(error: RuntimeError) -> str:
    return str(error).strip().rpartition("\n")[2]


def _keep(model: Any, names: Sequence[str], path: Path) -> Any:  # noqa: ANN401 (untyped)
    places = {tensor.name: k for k, tensor in enumerate(_tensor_specs(model.outputs, "output"))}
    unknown = [name for name in names if name not in places]
    if unknown:
        msg = f"{path}: the graph has no output {unknown[0]!r}, but {', '.join(places)}"
        raise EngineError(msg)
    kept = [model.outputs[places[name]] for name in names]
    return openvino.Model(kept, model.get_parameters())


def _tensor_specs(ports: Sequence[Any], kind: str) -> tuple[TensorSpec, ...]:
    names = [min(port.get_names(), default="") for port in ports]
    return tuple(
        TensorSpec(
            name if name and names.count(name) == 1 else f"{kind}_{place}",
            tuple(axis.get_length() if axis.is_static else None for axis in port.partial_shape),
            port.get_element_type().to_dtype(),
        )
        for place, (name, port) in enumerate(zip(names, ports, strict=True))
    )
