"""OpenVINO: the CPU backend; it reads .onnx and .tflite files as they are."""

from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import openvino

from engines.errors import EngineError
from engines.spec.tensors import Batch, EngineSpec, TensorSpec


class OpenVinoEngine:
    """A graph compiled for the CPU, one stream, with an explicit number of threads.

    OpenVINO's default precision is bf16 where the chip has it, which ruins landmarks: the precision
    is always stated. An output without a name, or with one that another output has too, is called
    by its place: ``output_0``.

    Args:
        path: An .onnx or .tflite file.
        threads: Threads of one run.
        precision: The arithmetic's precision.
        outputs: The places of the outputs to keep, in order; what only the others need is not
            computed. None keeps all.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        precision: Literal["f32", "bf16"] = "f32",
        outputs: tuple[int, ...] | None = None,
    ) -> None:
        core = openvino.Core()
        try:
            model = core.read_model(path)
            if outputs is not None:
                kept = [model.outputs[place] for place in outputs]
                model = openvino.Model(kept, model.get_parameters())
            self._compiled = core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": precision,
                    "INFERENCE_NUM_THREADS": threads,
                    "NUM_STREAMS": 1,
                    "PERFORMANCE_HINT": "LATENCY",
                },
            )
        except RuntimeError as error:
            reason = str(error).strip().rpartition("\n")[2]
            msg = f"{path}: OpenVINO cannot read this graph: {reason}"
            raise EngineError(msg) from error
        self._request = self._compiled.create_infer_request()
        self.spec = EngineSpec(
            inputs=_tensor_specs(self._compiled.inputs, "input"),
            outputs=_tensor_specs(self._compiled.outputs, "output"),
        )

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        arrays = [batch[tensor.name] for tensor in self.spec.inputs]
        self._request.infer(dict(enumerate(arrays)), share_inputs=True)
        return {
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
        del self._request, self._compiled


def _tensor_specs(ports: list[Any], kind: str) -> tuple[TensorSpec, ...]:
    names = [port.get_any_name() if port.get_names() else "" for port in ports]
    return tuple(
        TensorSpec(
            name if name and names.count(name) == 1 else f"{kind}_{place}",
            tuple(axis.get_length() if axis.is_static else None for axis in port.partial_shape),
            port.get_element_type().to_dtype(),
        )
        for place, (name, port) in enumerate(zip(names, ports, strict=True))
    )
