"""An ONNX file as nodes that torch can compute, with everything folded that no input changes."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import NodeProto, TensorProto, ValueInfoProto, numpy_helper
from torch import Tensor

from engines.backends.torch_graph.device_errors import first_line, lost
from engines.backends.torch_graph.ops.element_types import numpy_dtype
from engines.backends.torch_graph.ops.op import Op, UnsupportedError
from engines.backends.torch_graph.ops.table import OPS, OPSETS
from engines.errors import EngineError
from engines.spec.tensors import EngineSpec, TensorSpec

_OUR_DOMAINS: Final = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a graph.

    Attributes:
        name: As messages call it: the operator, and the node's own name.
        op: The operator.
        attributes: Its keywords.
        inputs: The names of its inputs, empty where one is left out.
        outputs: The names of its outputs, empty where one is not used.
    """

    name: str
    op: Op
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """What is left to compute for some outputs.

    Attributes:
        path: The file.
        spec: Inputs and kept outputs; an input that only other outputs need is one all the same.
        nodes: In an order in which they can be computed.
        constants: By name, on the CPU.
    """

    path: Path
    spec: EngineSpec
    nodes: tuple[Node, ...]
    constants: Mapping[str, Tensor]


def read_graph(path: Path, outputs: Sequence[str] | None = None) -> Graph:
    """Read a file.

    Args:
        path: An .onnx file.
        outputs: The names of the outputs to keep, in order; None keeps all.

    Raises:
        EngineError: If the file is missing, broken or no ONNX, has no output of such a name, or
            holds an operator that is not understood.
    """
    proto = _load(path)
    graph = proto.graph
    found = {value.name: _tensor_spec(value, path) for value in graph.output}
    unknown = [name for name in outputs or () if name not in found]
    if unknown:
        msg = f"{path}: the graph has no output {unknown[0]!r}, but {', '.join(found)}"
        raise EngineError(msg)
    constants = {tensor.name: _tensor(tensor) for tensor in graph.initializer}
    spec = EngineSpec(
        inputs=tuple(
            _tensor_spec(value, path) for value in graph.input if value.name not in constants
        ),
        outputs=tuple(found[name] for name in (found if outputs is None else outputs)),
    )
    kept = _needed(graph.node, {tensor.name for tensor in spec.outputs})
    _check(path, proto, kept)
    nodes = []
    for proto_node in kept:
        node = _node(path, proto_node)
        if proto_node.op_type == "Constant":
            constants[node.outputs[0]] = node.op.compute(**node.attributes)
        elif _folds(node, constants):
            constants.update(compute_known(path, node, constants))
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.inputs} | {t.name for t in spec.outputs}
    return Graph(
        path, spec, tuple(nodes), {name: c for name, c in constants.items() if name in used}
    )


def argument(node: Node, place: int, value: Tensor) -> object:
    """Return what an operator gets for a known input: a tensor, or numbers where it wants them."""
    scalar = place in node.op.scalars and value.dim() == 0
    return value.tolist() if scalar or place in node.op.numbers else value


def compute(path: Path, node: Node, arguments: Iterable[object]) -> tuple[Tensor, ...]:
    """Compute one node.

    Raises:
        EngineError: If it asks for what is not written here, or torch cannot compute it.
        RuntimeError: If the card is lost.
    """
    try:
        computed = node.op.compute(*arguments, **node.attributes)
    except UnsupportedError as error:
        msg = f"{path}: {node.name}: backend torch does not have {error}"
        raise EngineError(msg) from error
    except (IndexError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and lost(error):
            raise
        msg = f"{path}: {node.name}: torch cannot compute this: {first_line(error)}"
        raise EngineError(msg) from error
    return computed if isinstance(computed, tuple) else (computed,)


def compute_known(
    path: Path, node: Node, known: Mapping[str, Tensor]
) -> Iterable[tuple[str, Tensor]]:
    """Compute a node whose inputs are all known, on the CPU, and return its outputs by name."""
    given = [
        argument(node, place, known[name]) if name else None
        for place, name in enumerate(node.inputs)
    ]
    return zip(node.outputs, compute(path, node, given), strict=False)


def _load(path: Path) -> Any:  # noqa: ANN401 (onnx is untyped)
    if not path.is_file():
        msg = f"{path}: there is no such graph; `subface models pull` fetches the models"
        raise EngineError(msg)
    if path.suffix != ".onnx":
        msg = f"{path}: backend torch reads .onnx files only; backend openvino reads this one"
        raise EngineError(msg)
    try:
        onnx.checker.check_model(path)
        return onnx.load(path)
    except (OSError, onnx.checker.ValidationError) as error:
        reason = first_line(error)
        msg = f"{path}: backend torch cannot read this graph; is the file whole? It says: {reason}"
        raise EngineError(msg) from error


def _check(path: Path, proto: Any, nodes: Iterable[NodeProto]) -> None:  # noqa: ANN401 (untyped)
    opset = next((o.version for o in proto.opset_import if o.domain in _OUR_DOMAINS), 0)
    if opset not in OPSETS:
        msg = (
            f"{path}: opset {opset}, and backend torch has {OPSETS[0]} to {OPSETS[-1]}; "
            "openvino and onnxruntime have others"
        )
        raise EngineError(msg)
    lacking = {
        f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        for node in nodes
        if node.domain not in _OUR_DOMAINS or node.op_type not in {*OPS, "Constant"}
    }
    if lacking:
        msg = (
            f"{path}: backend torch does not have {', '.join(sorted(lacking))}; "
            "openvino and onnxruntime do"
        )
        raise EngineError(msg)


def _needed(nodes: Sequence[NodeProto], wanted: set[str]) -> list[NodeProto]:
    kept = []
    for node in reversed(nodes):  # ONNX keeps them in order
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _node(path: Path, proto: NodeProto) -> Node:
    op = Op(_constant) if proto.op_type == "Constant" else OPS[proto.op_type]
    attributes = {attribute.name: _attribute(attribute) for attribute in proto.attribute}
    if proto.op_type == "Split":
        attributes.setdefault("num_outputs", len(proto.output))
    name = f"{proto.op_type} {proto.name or proto.output[0]}"
    unknown = set(attributes) - _keywords(op.compute)
    if unknown:
        msg = f"{path}: {name}: backend torch does not have its {', '.join(sorted(unknown))}"
        raise EngineError(msg)
    return Node(name, op, attributes, tuple(proto.input), tuple(proto.output))


def _keywords(compute: Callable[..., Any]) -> set[str]:
    try:
        parameters = inspect.signature(compute).parameters.values()
    except ValueError:  # torch's own functions say nothing, and stand for operators without any
        return set()
    return {parameter.name for parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY}


def _attribute(attribute: Any) -> Any:  # noqa: ANN401 (of any type)
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    return _tensor(value) if isinstance(value, TensorProto) else value


def _constant(
    *,
    value: Tensor | None = None,
    value_float: float | None = None,
    value_floats: Sequence[float] | None = None,
    value_int: int | None = None,
    value_ints: Sequence[int] | None = None,
) -> Tensor:
    if value is not None:
        return value
    if value_float is not None or value_floats is not None:
        return torch.tensor(value_float if value_floats is None else value_floats)
    return torch.tensor(value_int if value_ints is None else value_ints, dtype=torch.int64)


def _folds(node: Node, constants: Mapping[str, Tensor]) -> bool:
    return all(name in constants for name in node.inputs if name) and not node.op.shape_only


def _tensor(proto: TensorProto) -> Tensor:
    # a copy: arrays over a message's bytes may not be written, which torch warns of
    return torch.from_numpy(np.array(numpy_helper.to_array(proto)))


def _tensor_spec(value: ValueInfoProto, path: Path) -> TensorSpec:
    described = value.type.tensor_type
    try:
        dtype = numpy_dtype(described.elem_type)
    except UnsupportedError as error:
        msg = f"{path}: tensor {value.name!r}: backend torch does not have {error}"
        raise EngineError(msg) from error
    shape = tuple(
        axis.dim_value if axis.HasField("dim_value") else None for axis in described.shape.dim
    )
    return TensorSpec(value.name, shape, dtype)
