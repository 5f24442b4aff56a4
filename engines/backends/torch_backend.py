"""torch: for cards where TensorRT cannot be had, with CUDA graphs; on the CPU it computes eagerly.

It computes the same .onnx files as every other backend and calls itself torch, whatever card it
runs on. This module and ``torch_graph`` alone of the live path import torch, and are themselves
imported only where a profile names this backend.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.backends.torch_graph.cuda_graphs import CudaGraphs
from engines.backends.torch_graph.device_errors import first_line, lost
from engines.backends.torch_graph.graph import Graph, read_graph
from engines.backends.torch_graph.program import Constants, Program
from engines.backends.torch_graph.resident import ResidentTensor
from engines.engine import KeptInput
from engines.errors import ConfigError, DeviceLostError, EngineError
from engines.spec.tensors import Batch, EngineSpec, TensorSpec

logger = logging.getLogger(__name__)

SHAPES: Final = 32  # texts have up to 128 lengths; the least recently used makes room

Shapes = tuple[tuple[int, ...], ...]


class TorchEngine:
    """An ONNX graph computed by torch, in the precision that it is written in.

    f32 is f32: TF32, which cards use for convolutions by default, is off for the whole process.

    On a card each shape of inputs is captured as a CUDA graph when it comes for the second time. A
    network whose shapes follow from what its inputs hold is refused, on the CPU too.

    Args:
        path: An .onnx file.
        device: ``cpu``, ``cuda:N``, or ``auto``: the first card, or the CPU where there is none.
        threads: Threads of one run on the CPU; torch has them once a process, so a run brings
            them to what its engine was opened with.
        outputs: The names of the outputs to keep, in order; what only the others need is not
            computed. None keeps all.

    Raises:
        ConfigError: If there is no such device.
        EngineError: If the graph is missing, broken or no ONNX, has no output of such a name, or
            has operators that are not understood.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "auto",
        threads: int = 1,
        outputs: Sequence[str] | None = None,
    ) -> None:
        self.device = _device(device)
        self._threads = threads
        self._use_threads()
        with torch.inference_mode():
            self._graph = read_graph(path, outputs)
        self.spec = self._graph.spec
        self._constants = Constants(self._graph, self.device)
        self._prepared: OrderedDict[Shapes, _Prepared] = OrderedDict()
        if self.device.type == "cpu" and _is_half(self._graph):
            logger.warning(
                "%s: torch computes fp16 many times slower than f32 on a CPU; "
                "perception.runtime.precision=f32",
                path.stem,
            )
        self._resident: dict[str, list[ResidentTensor]] = {}
        self._card: _Card | None = None
        if self.device.type == "cuda":
            try:
                self._card = _Card(self.device, path)
            except RuntimeError as error:
                raise self._fault(error) from error
        if _only_outputs_are_free(self.spec):
            self.spec = self._measured()

    @property
    def name(self) -> str:
        """What computes: torch, its version and the device."""
        where = str(self.device) if self._card is None else f"{self.device} ({self._card.name})"
        return f"torch {torch.__version__} on {where}"

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        arrays = [batch[tensor.name] for tensor in self.spec.inputs]
        try:
            self._use_threads()
            with torch.inference_mode():
                computed = self._compute(arrays)
        except RuntimeError as error:
            raise self._fault(error) from error
        return {
            tensor.name: array for tensor, array in zip(self.spec.outputs, computed, strict=True)
        }

    def keep(self, name: str, array: NDArray[np.generic], *, axis: int) -> KeptInput | None:
        """Keep a copy on the card of an array that is to be an input of every run.

        The CPU reads arrays where they lie.
        """
        if self._card is None:
            return None
        with self._card.working(), torch.inference_mode():
            kept = ResidentTensor(array, axis, self.device)
        here = [one for one in self._resident.get(name, ()) if not one.is_forsaken]
        self._resident[name] = [*here, kept]
        return kept

    def _copies(self, arrays: Sequence[NDArray[np.generic]]) -> list[Tensor | None]:
        """Return what is on the card already of a batch, in its order."""
        copies: list[Tensor | None] = []
        for tensor, array in zip(self.spec.inputs, arrays, strict=True):
            held = (one for one in self._resident.get(tensor.name, ()) if one.holds(array))
            kept = next(held, None)
            copies.append(None if kept is None else kept.current())
        return copies

    def _measured(self) -> EngineSpec:
        """Return the contract with the shapes that a batch of zeros gives.

        An exporter may leave an axis of an output open that follows from fixed inputs.
        """
        zeros = {t.name: np.zeros(_extents(t), t.dtype) for t in self.spec.inputs}
        found = self.run(zeros)
        outputs = (replace(t, shape=found[t.name].shape) for t in self.spec.outputs)
        return EngineSpec(self.spec.inputs, tuple(outputs))

    def _compute(self, arrays: Sequence[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        shapes = tuple(array.shape for array in arrays)
        if self._card is None:
            prepared = self._prepare(shapes, arrays)
            return [output.numpy().copy() for output in prepared.program(prepared.inputs)]
        with self._card.working():
            prepared = self._prepare(shapes, arrays)
            outputs = self._card.graphs.run(shapes, lambda: prepared.program(prepared.inputs))
            return self._card.brought_back(outputs)

    def _prepare(self, shapes: Shapes, arrays: Sequence[NDArray[np.generic]]) -> "_Prepared":
        """Lay a batch where its shape's program reads it."""
        prepared = self._prepared.get(shapes)
        if prepared is None:
            prepared = _Prepared(self._graph, self._constants, arrays, self._copies(arrays))
            self._prepared[shapes] = prepared
            if len(self._prepared) > SHAPES:
                oldest, _ = self._prepared.popitem(last=False)
                if self._card is not None:
                    self._card.graphs.forget(oldest)
        else:
            self._prepared.move_to_end(shapes)
            prepared.lay(arrays, self._copies(arrays))
        return prepared

    def _use_threads(self) -> None:
        if torch.get_num_threads() != self._threads:  # also a new thread's own
            torch.set_num_threads(self._threads)

    def _fault(self, error: RuntimeError) -> EngineError:
        reason = first_line(error)
        if lost(error):
            return DeviceLostError(
                f"{self._graph.path}: {self.device} stopped answering; only a new process can use "
                f"it again. torch says: {reason}"
            )
        return EngineError(
            f"{self._graph.path}: backend torch cannot compute this on {self.device}: {reason}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._prepared, self._resident, self._constants, self._graph, self._card


class _Prepared:
    """The program of some shapes, and the tensors that it reads: at one place for all runs.

    Nobody else's memory is among them: a frame is read-only, and a CUDA graph reads the same
    addresses for ever.
    """

    def __init__(
        self,
        graph: Graph,
        constants: Constants,
        arrays: Sequence[NDArray[np.generic]],
        copies: Sequence[Tensor | None],
    ) -> None:
        on_card = constants.device.type == "cuda"
        self._on_host = [
            torch.empty(
                array.shape, dtype=torch.from_numpy(np.empty(0, array.dtype)).dtype,
                pin_memory=on_card,
            )
            for array in arrays
        ]  # fmt: skip
        self._views = [tensor.numpy() for tensor in self._on_host]
        self.inputs = (
            [torch.empty_like(tensor, device=constants.device) for tensor in self._on_host]
            if on_card
            else self._on_host
        )
        self.lay(arrays, copies)
        self.program = Program(graph, constants, self.inputs)

    def lay(self, arrays: Sequence[NDArray[np.generic]], copies: Sequence[Tensor | None]) -> None:
        """Copy a batch to where the program reads it, from the card what lies there already."""
        for place, (array, copy) in enumerate(zip(arrays, copies, strict=True)):
            if copy is not None:
                self.inputs[place].copy_(copy)
                continue
            np.copyto(self._views[place], array)
            if self.inputs[place] is not self._on_host[place]:
                self.inputs[place].copy_(self._on_host[place], non_blocking=True)


class _Card:
    """A card as one engine uses it: a stream of its own, and the graphs captured on it."""

    def __init__(self, device: torch.device, path: Path) -> None:
        exact_arithmetic()
        self.name: str = torch.cuda.get_device_name(device)
        self._device = device
        self._stream = torch.cuda.Stream(device)
        self.graphs = CudaGraphs(path.stem, self._stream)

    def working(self) -> Any:  # noqa: ANN401 (torch is untyped)
        """Return the context in which everything is asked of the stream."""
        return torch.cuda.stream(self._stream)

    def brought_back(self, outputs: Sequence[Tensor]) -> list[NDArray[np.generic]]:
        """Return outputs as arrays, when they are computed."""
        on_host = [output.to("cpu", non_blocking=True) for output in outputs]
        self._stream.synchronize()
        return [tensor.numpy() for tensor in on_host]


def _is_half(graph: Graph) -> bool:
    return any(constant.dtype == torch.float16 for constant in graph.constants.values())


def _only_outputs_are_free(spec: EngineSpec) -> bool:
    free_in, free_out = (
        any(None in tensor.shape for tensor in tensors) for tensors in (spec.inputs, spec.outputs)
    )
    return free_out and not free_in


def _extents(tensor: TensorSpec) -> tuple[int, ...]:
    return tuple(axis or 0 for axis in tensor.shape)


def exact_arithmetic() -> None:
    """Let f32 be f32 on cards that would round it to TF32."""
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"


def _device(stated: str) -> torch.device:
    cards = torch.cuda.device_count()
    if stated == "auto":
        return torch.device("cuda:0" if cards else "cpu")
    device = torch.device(stated)
    if device.type == "cuda" and (device.index or 0) >= cards:
        msg = f"perception.runtime.device: torch sees {cards} cards here, got {stated}"
        raise ConfigError(msg)
    return device
