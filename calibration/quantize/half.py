"""fp16 by casts in the graph: what a strongly typed TensorRT computes as it is written.

Inputs and outputs keep their types. The network computes in fp16, but for operations that add up
many numbers or square them; the glue around it keeps f32. Every converted node gets its inputs cast
and its outputs cast back, which is right whatever stands beside it; a cast that the next one undoes
is then left out. Runs in the build environment.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from calibration.quantize.region import named, network_region

CONVERTED: Final = frozenset({
    "Conv", "ConvTranspose", "MatMul", "Gemm", "Add", "Sub", "Mul", "Div", "Relu", "PRelu",
    "LeakyRelu", "Sigmoid", "HardSwish", "HardSigmoid", "Tanh", "Clip", "Concat", "Split", "Slice",
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Pad", "MaxPool", "AveragePool",
    "GlobalAveragePool", "Resize", "Erf", "Gelu", "Gather", "Identity", "Expand",
})  # fmt: skip
"""What may compute in fp16. Softmax, normalisations, means and powers are not among them."""
ONLY_FIRST: Final = frozenset({"Resize"})
"""Operations whose later inputs are f32 whatever the first is."""
F32: Final = TensorProto.FLOAT
F16: Final = TensorProto.FLOAT16


class TooWideError(ValueError):
    """A constant of the network does not fit fp16."""


def to_half(model: Any) -> Any:  # noqa: ANN401 (onnx is untyped)
    """Return a graph whose network computes in fp16.

    Args:
        model: An f32 ONNX graph.

    Raises:
        TooWideError: If a weight is beyond what fp16 holds.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    named(made)
    inside = network_region(made).inside
    floats = _float_tensors(made)
    graph = _Halves(made, floats)
    for node in list(made.graph.node):
        graph.add(node, half=node.op_type in CONVERTED and node.name in inside)
    del made.graph.node[:]
    made.graph.node.extend(graph.ordered())
    del made.graph.value_info[:]
    _drop_unused(made)
    onnx.checker.check_model(made, full_check=True)
    return made


class _Halves:
    """The nodes of the new graph, as they are added in order.

    A tensor in fp16 has its own name; whoever wants the other type gets a cast, made once.
    """

    def __init__(self, model: Any, floats: set[str]) -> None:  # noqa: ANN401
        self._model = model
        self._floats = floats
        self._weights = {one.name: one for one in model.graph.initializer}
        self._constants = {
            node.output[0]: node for node in model.graph.node if node.op_type == "Constant"
        }
        self._halves: dict[str, str] = {}  # f32 name -> fp16 name
        self._pending: dict[str, str] = {}  # f32 name -> fp16 name that it is still to be cast from
        self._nodes: list[Any] = []
        self._ends = {one.name for one in model.graph.output}

    def add(self, node: Any, *, half: bool) -> None:  # noqa: ANN401
        """Add a node, in fp16 or as it is."""
        if not half:
            self._restore(self._read(node))
            self._nodes.append(node)
            return
        for place, name in enumerate(node.input):
            if name in self._floats and not (place and node.op_type in ONLY_FIRST):
                node.input[place] = self._half(name)
            elif name:
                self._restore([name])
        for place, name in enumerate(node.output):
            if name in self._floats:
                node.output[place] = f"{name}_fp16"
                self._halves[name] = node.output[place]
                self._pending[name] = node.output[place]
        self._nodes.append(node)

    def ordered(self) -> list[Any]:
        """Return the nodes, the outputs of the graph restored."""
        self._restore(sorted(self._ends))
        return self._nodes

    def _read(self, node: Any) -> Iterator[str]:  # noqa: ANN401
        """Yield the tensors that a node reads, also inside its subgraphs."""
        yield from node.input
        for attribute in node.attribute:
            for inner in attribute.g.node if attribute.HasField("g") else ():
                yield from self._read(inner)

    def _restore(self, names: Any) -> None:  # noqa: ANN401
        for name in list(names):
            if name in self._pending:
                self._cast(self._pending.pop(name), name, F32)

    def _half(self, name: str) -> str:
        if name in self._halves:
            return self._halves[name]
        half = f"{name}_fp16"
        if name in self._weights:
            array = numpy_helper.to_array(self._weights[name])
            self._model.graph.initializer.append(
                numpy_helper.from_array(_narrow(array, name), half)
            )
        elif name in self._constants:
            array = _value(self._constants[name])
            self._model.graph.initializer.append(
                numpy_helper.from_array(_narrow(array, name), half)
            )
        else:
            self._cast(name, half, F16)
        self._halves[name] = half
        return half

    def _cast(self, name: str, to: str, dtype: int) -> None:
        self._nodes.append(helper.make_node("Cast", [name], [to], name=f"cast_{to}", to=dtype))


def _narrow(array: Any, name: str) -> Any:  # noqa: ANN401
    # an infinity that stands for 'never' stays one; a finite weight must not become one
    finite = np.isfinite(array)
    if np.abs(array[finite]).max(initial=0) > np.finfo(np.float16).max:
        msg = f"{name}: {np.abs(array[finite]).max():g} does not fit fp16"
        raise TooWideError(msg)
    return array.astype(np.float16)


def _value(node: Any) -> Any:  # noqa: ANN401
    for attribute in node.attribute:
        match attribute.name:
            case "value":
                return numpy_helper.to_array(attribute.t)
            case "value_float":
                return np.array(attribute.f, np.float32)
            case "value_floats":
                return np.array(attribute.floats, np.float32)
    msg = f"constant {node.name}: it holds no float"
    raise ValueError(msg)


def _float_tensors(model: Any) -> set[str]:  # noqa: ANN401
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    found = {one.name for one in values if one.type.tensor_type.elem_type == F32}
    found |= {one.name for one in model.graph.initializer if one.data_type == F32}
    for node in model.graph.node:
        if node.op_type == "Constant" and _is_float(node):
            found.add(node.output[0])
    return found


def _is_float(node: Any) -> bool:  # noqa: ANN401
    return any(
        (a.name == "value" and a.t.data_type == F32) or a.name.startswith("value_float")
        for a in node.attribute
    )


def _drop_unused(model: Any) -> None:  # noqa: ANN401
    """Leave out what nobody reads any more: the f32 weights."""
    read = {name for node in model.graph.node for name in node.input}
    read |= {one.name for one in model.graph.output}
    nodes = [n for n in model.graph.node if n.op_type != "Constant" or n.output[0] in read]
    weights = [one for one in model.graph.initializer if one.name in read]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights)
