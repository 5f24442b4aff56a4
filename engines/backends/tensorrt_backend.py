"""TensorRT: the backend for NVIDIA's cards; it reads .onnx files.

One card, one stream, one engine at a time: the engines of a chain take turns, share the memory that
they compute in and the frame that they look at, and each run is over when it returns. Nothing of
this was run on a card by this project; what was tried without one is told in engines/README.md.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from engines.backends.tensorrt_binding import REMEDY, Binding, Progress, find_binding
from engines.backends.tensorrt_fit import Fit, Fits, Shape, Shapes, cut_back, filled_up
from engines.backends.tensorrt_plan import PlanRequest, obtain_plan
from engines.cuda.calls import Cuda
from engines.cuda.captured import CapturedGraphs
from engines.cuda.card import find_card
from engines.cuda.chain import Chain, chain_on
from engines.cuda.memory import CardBlock, PinnedBlock
from engines.cuda.resident import ResidentArray
from engines.errors import EngineError
from engines.plans.store import Plans
from engines.spec.precision import Precision
from engines.spec.tensors import Batch, EngineSpec, SpecMismatchError, TensorSpec


def open_tensorrt(
    path: Path,
    *,
    plans: Plans,
    name: str,
    device: str = "auto",
    precision: Precision = "f32",
    outputs: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> "TensorRtEngine":
    """Open a graph on a card, by its stored plan or one that is built now.

    Args:
        path: The .onnx file.
        plans: Where plans are.
        name: What messages and stored plans call the graph.
        device: ``auto``, which is the first card, or ``cuda:N``.
        precision: In what the graph computes, by its own types.
        outputs: The names of the outputs to keep, in order; None keeps all.
        progress: Told how far a build is; by default the log is.

    Raises:
        EngineError: If there is no binding, driver or card, or the graph cannot be built for it.
        PlanError: If there is a stored plan that must not be loaded.
    """
    binding = find_binding()
    cuda = Cuda(cuda_runtime())
    card = find_card(cuda, device)
    binding.require_card(card.name, card.capability)
    request = PlanRequest(path=path, name=name, outputs=outputs, precision=precision)
    plan = obtain_plan(request, binding, card, plans, progress=progress)
    return TensorRtEngine(plan, binding, chain_on(cuda, card), name=name, outputs=outputs)


def cuda_runtime() -> ModuleType:
    """Return NVIDIA's binding of CUDA.

    Raises:
        EngineError: If it is not installed.
    """
    try:
        return import_module("cuda.bindings.runtime")
    except ImportError as error:
        msg = f"backend tensorrt: cuda-bindings is not installed; {REMEDY}"
        raise EngineError(msg) from error


class TensorRtEngine:
    """A plan on a card.

    Args:
        plan: What was built for this card.
        binding: NVIDIA's binding.
        chain: The card's stream and what is shared on it.
        name: What messages call the graph.
        outputs: The order of the outputs, where it matters.

    Attributes:
        spec: What goes in and out.
        graphs: What was captured.

    Raises:
        EngineError: If the plan cannot be loaded, or the card has too little memory for it.
    """

    def __init__(
        self,
        plan: bytes,
        binding: Binding,
        chain: Chain,
        *,
        name: str,
        outputs: Sequence[str] | None = None,
    ) -> None:
        self._name = name
        self._binding = binding
        self._chain = chain
        cuda = chain.stream.cuda
        with chain.turn():
            self._runtime = binding.trt.Runtime(binding.log)
            self._engine = self._made(self._runtime.deserialize_cuda_engine(plan), "load its plan")
            self._context = self._made(binding.context(self._engine), "make a context")
            self._memory_bytes = binding.memory_bytes(self._engine)
            chain.scratch.hold(self._memory_bytes)
            self.spec = self._told_spec(outputs)
        self._fits = Fits(name, self._told_ranges(), self._outcome)
        tensors = (*self.spec.inputs, *self.spec.outputs)
        self._blocks = {one.name: CardBlock(cuda, f"{name}: {one.name}") for one in tensors}
        self._pinned = {one.name: PinnedBlock(cuda, f"{name}: {one.name}") for one in tensors}
        self._kept: dict[str, list[ResidentArray]] = {}
        self._scratch: tuple[int, int] | None = None
        self.graphs = CapturedGraphs(chain.stream, name)
        chain.join()

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch; a read-only frame may be on the card already."""
        for tensor in self.spec.inputs:
            tensor.check(batch)
        arrays = {tensor.name: batch[tensor.name] for tensor in self.spec.inputs}
        with self._chain.turn():
            fit = self._fits.of(arrays)
            try:
                fetched = self._asked(arrays, fit)
            finally:  # whatever failed, what was asked for may still read and write our memory
                self._chain.stream.wait(self._name)
            return {name: cut_back(array, fit.wanted[name]) for name, array in fetched.items()}

    def keep(self, name: str, array: NDArray[Any], *, axis: int) -> ResidentArray:
        """Keep an input on the card: it is brought once, and then what is said to be written.

        Args:
            name: The input's name.
            array: The host's array, which is handed to ``run`` itself; its copy goes when it does.
            axis: Along which its places are written.

        Raises:
            SpecMismatchError: If this is not such an input.
        """
        for tensor in self.spec.inputs:
            if tensor.name == name:
                tensor.check({name: array})
        if name not in self._blocks or not array.flags.c_contiguous:
            msg = f"tensor {name!r}: expected an input that lies in one block"
            raise SpecMismatchError(msg)
        with self._chain.turn():
            resident = ResidentArray(self._chain.stream, array, axis, f"{self._name}: {name}")
            there = self._kept.setdefault(name, [])
            for forsaken in [one for one in there if one.is_forsaken]:
                forsaken.free()
                there.remove(forsaken)
            there.append(resident)
        return resident

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._chain.last_turn():
            self.graphs.clear()
            del self._context, self._engine, self._runtime  # in this order
            for block in self._blocks.values():
                block.free()
            for pinned in self._pinned.values():
                pinned.free()
            for resident in [one for there in self._kept.values() for one in there]:
                resident.free()
            self._chain.leave()

    def _asked(self, arrays: Batch, fit: Fit) -> dict[str, NDArray[Any]]:
        """Ask the stream for everything; what is returned is there once it is done."""
        addresses = {name: self._place(name, array, fit) for name, array in arrays.items()}
        for tensor in self.spec.outputs:
            size = int(np.prod(fit.outputs[tensor.name], dtype=np.int64))
            itemsize = np.dtype(tensor.dtype).itemsize
            addresses[tensor.name] = self._blocks[tensor.name].hold(max(1, size * itemsize))
        self._have_memory()
        stream = self._chain.stream
        self.graphs.run(
            (tuple(fit.inputs.values()), tuple(addresses.values())),
            self._compute,
            prepare=lambda: self._tell(fit.inputs, addresses),
            ready=lambda: self._binding.can_capture(self._context, stream.handle),
        )
        fetched = {}
        for tensor in self.spec.outputs:
            fetched[tensor.name] = self._pinned[tensor.name].array(
                fit.outputs[tensor.name], tensor.dtype
            )
            stream.fetch(fetched[tensor.name], addresses[tensor.name])
        return fetched

    def _place(self, name: str, array: NDArray[Any], fit: Fit) -> int:
        """Return where an input lies on the card, brought there if need be."""
        for resident in self._kept.get(name, ()):
            if resident.holds(array):
                return resident.address()
        array = filled_up(array, fit.inputs[name])
        shared = self._chain.uploads.place(array)
        if shared is not None:
            return shared
        address = self._blocks[name].hold(max(1, array.nbytes))
        self._chain.stream.bring(address, array, self._pinned[name])
        return address

    def _have_memory(self) -> None:
        """Compute where the neediest engine has made room, which may be elsewhere than before."""
        scratch = self._chain.scratch
        scratch.hold(self._memory_bytes)
        now = scratch.address, scratch.size
        if now != self._scratch and self._memory_bytes:
            self.graphs.clear()
            self._binding.give_memory(self._context, *now)
        self._scratch = now

    def _tell(self, shapes: Shapes, addresses: dict[str, int]) -> None:
        self._tell_shapes(shapes)
        for name, address in addresses.items():
            if not self._context.set_tensor_address(name, address):
                self._refuse(f"take an address for {name!r}")

    def _tell_shapes(self, shapes: Shapes) -> None:
        for name, shape in shapes.items():
            if not self._context.set_input_shape(name, shape):
                self._refuse(f"take {name!r} of {list(shape)}")

    def _compute(self) -> None:
        if not self._context.execute_async_v3(self._chain.stream.handle):
            self._refuse("run")

    def _outcome(self, shapes: Shapes) -> Shapes:
        self._tell_shapes(shapes)
        return {
            tensor.name: tuple(self._context.get_tensor_shape(tensor.name))
            for tensor in self.spec.outputs
        }

    def _told_spec(self, outputs: Sequence[str] | None) -> EngineSpec:
        trt, engine = self._binding.trt, self._engine
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        modes = {name: engine.get_tensor_mode(name) for name in names}
        inputs = [name for name in names if modes[name] == trt.TensorIOMode.INPUT]
        there = [name for name in names if modes[name] == trt.TensorIOMode.OUTPUT]
        return EngineSpec(
            inputs=tuple(self._told_tensor(name) for name in inputs),
            outputs=tuple(self._told_tensor(name) for name in outputs or there),
        )

    def _told_tensor(self, name: str) -> TensorSpec:
        trt, engine = self._binding.trt, self._engine
        shape = tuple(None if extent < 0 else extent for extent in engine.get_tensor_shape(name))
        if engine.get_tensor_location(name) != trt.TensorLocation.DEVICE:
            msg = f"{self._name}: tensor {name!r} has to lie on the host; expected on the card"
            raise EngineError(msg)
        return TensorSpec(name, shape, np.dtype(trt.nptype(engine.get_tensor_dtype(name))).type)

    def _told_ranges(self) -> dict[str, tuple[Shape, Shape, Shape]]:
        told = {
            tensor.name: self._engine.get_tensor_profile_shape(tensor.name, 0)
            for tensor in self.spec.inputs
        }
        return {
            name: (tuple(least), tuple(best), tuple(most))
            for name, (least, best, most) in told.items()
        }

    def _made(self, made: Any | None, what: str) -> Any:  # noqa: ANN401 (the binding is untyped)
        if made is None:
            self._refuse(what)
        return made

    def _refuse(self, what: str) -> NoReturn:
        reason = self._binding.log.reason()
        self._chain.stream.wait(f"{self._name}: {reason}")  # says so if the card is lost
        msg = f"{self._name}: TensorRT does not {what}: {reason}"
        raise EngineError(msg)
