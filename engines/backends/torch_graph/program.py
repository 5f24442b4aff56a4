"""A graph specialised to the shapes of its inputs: a list of steps without any shape in it.

Graphs that were exported with free axes compute shapes all along; a detector's does in a third of
its nodes. They follow from the shapes of the inputs, so they are computed once, on the CPU, while
the first batch of a shape is. What is left is a list of calls that neither asks a tensor for its
content nor makes one of Python's numbers: that a CUDA graph can be captured from.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor

from engines.backends.torch_graph.graph import Graph, Node, argument, compute, compute_known
from engines.errors import EngineError

_LEFT_OUT: Final = 0  # the place of an input that is left out


@dataclass(frozen=True, slots=True)
class _Step:
    compute: Callable[..., Any]
    attributes: Mapping[str, Any]
    inputs: tuple[int, ...]  # places in the memory
    outputs: tuple[int, ...]
    freed: tuple[int, ...] = ()  # places that nobody reads any more


class Constants:
    """A graph's constants on a device; each is brought there once, when it is first needed."""

    def __init__(self, graph: Graph, device: torch.device) -> None:
        self.on_cpu = graph.constants
        self.device = device
        self._on_device: dict[str, Tensor] = {}

    def on_device(self, name: str) -> Tensor:
        """Return one of them."""
        if name not in self._on_device:
            self._on_device[name] = self.on_cpu[name].to(self.device)
        return self._on_device[name]


class Program:
    """The steps for one set of input shapes.

    Args:
        graph: What is computed.
        constants: Its constants on the device.
        inputs: A first batch, on the device, in the graph's order.

    Raises:
        EngineError: If a node asks for what is not written here, or a shape follows from what the
            tensors hold.
    """

    def __init__(self, graph: Graph, constants: Constants, inputs: Sequence[Tensor]) -> None:
        recording = _Recording(graph, constants, inputs)
        for node in graph.nodes:
            recording.pass_over(node)
        self._inputs = [recording.place(tensor.name) for tensor in graph.spec.inputs]
        self._outputs = [recording.place(tensor.name) for tensor in graph.spec.outputs]
        self._steps = _needed(recording.steps, self._outputs)
        self._memory = recording.fixed

    def __call__(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute the outputs of one batch of these shapes.

        They may share memory with the inputs, the constants and each other.
        """
        memory = self._memory.copy()
        for place, tensor in zip(self._inputs, inputs, strict=True):
            memory[place] = tensor
        for step in self._steps:
            computed = step.compute(*[memory[place] for place in step.inputs], **step.attributes)
            if isinstance(computed, tuple):
                for place, tensor in zip(step.outputs, computed, strict=False):
                    memory[place] = tensor
            else:
                memory[step.outputs[0]] = computed
            for place in step.freed:
                memory[place] = None
        return tuple(memory[place] for place in self._outputs)

    def __len__(self) -> int:
        return len(self._steps)


class _Recording:
    """One pass over the nodes: what is known is folded, what is not becomes a step.

    Attributes:
        steps: In order.
        fixed: The memory that a run begins with: everything that is the same in all of them.
    """

    def __init__(self, graph: Graph, constants: Constants, inputs: Sequence[Tensor]) -> None:
        self.steps: list[_Step] = []
        self.fixed: list[Any] = [None]
        self._path = graph.path
        self._constants = constants
        self._known = dict(constants.on_cpu)
        self._places: dict[str, int] = {}
        self._values: dict[str, Tensor] = {}  # of this batch, until nobody reads them
        self._readers = _readers(graph)
        for tensor, value in zip(graph.spec.inputs, inputs, strict=True):
            self._keep(tensor.name, value)

    def pass_over(self, node: Node) -> None:
        named = [name for name in node.inputs if name]
        if node.op.shape_only:
            known = {name: self._any(name) for name in named}
            self._known.update(compute_known(self._path, node, known))
        elif all(name in self._known for name in named):
            self._known.update(compute_known(self._path, node, self._known))
        else:
            self._record(node)
        for name in named:
            self._readers[name] -= 1
            if not self._readers[name]:
                self._values.pop(name, None)

    def place(self, name: str) -> int:
        """Return where a tensor lies, known ones on the device."""
        if name in self._known and name not in self._places:
            on_cpu = self._known[name]
            shared = self._constants.on_cpu.get(name) is on_cpu
            self._places[name] = self._fix(
                self._constants.on_device(name) if shared else on_cpu.to(self._constants.device)
            )
        if name not in self._places:
            msg = f"{self._path}: {name!r}: backend torch does not compute this output of its node"
            raise EngineError(msg)
        return self._places[name]

    def _record(self, node: Node) -> None:
        places = [self._argument(node, k, name) for k, name in enumerate(node.inputs)]
        given = [
            self._values[name] if name in self._values else self.fixed[place]
            for name, place in zip(node.inputs, places, strict=True)
        ]
        computed = compute(self._path, node, given)
        for name, value in zip(node.outputs, computed, strict=False):
            self._keep(name, value)
        outputs = [self._places[name] for name in node.outputs[: len(computed)]]
        self.steps.append(_Step(node.op.compute, node.attributes, tuple(places), tuple(outputs)))

    def _argument(self, node: Node, k: int, name: str) -> int:
        if not name:
            return _LEFT_OUT
        if name not in self._known:
            if node.op.known_only or k in node.op.numbers:
                msg = (
                    f"{self._path}: {node.name}: {name!r} follows from what the inputs hold, and "
                    "backend torch must know it by their shapes; openvino and onnxruntime need not"
                )
                raise EngineError(msg)
            return self.place(name)
        value = argument(node, k, self._known[name])
        return self.place(name) if isinstance(value, Tensor) else self._fix(value)

    def _any(self, name: str) -> Tensor:
        return self._known[name] if name in self._known else self._values[name]

    def _keep(self, name: str, value: Tensor) -> None:
        self._places[name] = self._fix(None)
        if self._readers.get(name):
            self._values[name] = value

    def _fix(self, value: object) -> int:
        self.fixed.append(value)
        return len(self.fixed) - 1


def _readers(graph: Graph) -> dict[str, int]:
    count: dict[str, int] = {}
    for node in graph.nodes:
        for name in filter(None, node.inputs):
            count[name] = count.get(name, 0) + 1
    return count


def _needed(steps: Iterable[_Step], outputs: Iterable[int]) -> tuple[_Step, ...]:
    """Return the steps that outputs need; each says what is read for the last time in it."""
    wanted, last = set(outputs), set(outputs)
    kept = []
    for step in reversed(list(steps)):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            seen = {*step.inputs, *step.outputs}
            kept.append(replace(step, freed=tuple(sorted(seen - last - {_LEFT_OUT}))))
            last |= seen
    return tuple(reversed(kept))
