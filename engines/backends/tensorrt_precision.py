"""Whether an engine computes as its graph says: the engine inspector's word, layer by layer.

A graph in half precision that silently runs in single is slower, not wrong, so nobody notices.
Strong typing rules it out by contract; here it is looked at. What the inspector says is text in
JSON whose form changed from 10 to 11, so it is read as loosely as can be, and what it does not say
is told as not said.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engines.backends.tensorrt_binding import Binding
from engines.errors import EngineError

COMPUTES: Final = ("CONVOLUTION", "DECONVOLUTION", "MATRIX_MULTIPLY", "EINSUM", "ATTENTION_OUTPUT")
"""The kinds of layers in which the time goes; the others follow them, or may rightly not."""

TYPES: Final = {
    "FLOAT": "f32",
    "FP32": "f32",
    "HALF": "fp16",
    "FP16": "fp16",
    "BF16": "bf16",
    "BFLOAT16": "bf16",
    "INT8": "int8",
}
"""What the bindings, TensorRT 10 and TensorRT 11 call the types of arithmetic."""

_WORD: Final = re.compile(r"[A-Z]+\d*")
_NODE: Final = re.compile(r"\[ONNX Layer: ([^\]]+)\]")
SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLayer:
    """A layer of the graph that computes.

    Attributes:
        name: Of the graph's node.
        types: Of what goes in and comes out: f32, bf16, fp16, int8.
    """

    name: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLayer:
    """A layer of an engine, of one or many of the graph's.

    Attributes:
        name: As the inspector tells it.
        nodes: The graph's nodes that are in it, where the inspector says so.
        types: Of what goes in and comes out; empty where the inspector does not say.
    """

    name: str
    nodes: frozenset[str]
    types: frozenset[str]


def declared_layers(network: Any, binding: Binding) -> tuple[DeclaredLayer, ...]:  # noqa: ANN401
    """Return the computing layers of a parsed network, and their types.

    One that computes on dequantised numbers is one of int8: it and what stands before it become
    one layer in the engine.
    """
    kinds = {getattr(binding.trt.LayerType, kind, None) for kind in COMPUTES} - {None}
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    dequantised = {
        layer.get_output(0).name
        for layer in layers
        if layer.type == binding.trt.LayerType.DEQUANTIZE
    }
    return tuple(
        DeclaredLayer(name=layer.name, types=_declared_types(layer, dequantised))
        for layer in layers
        if layer.type in kinds
    )


def built_layers(information: str) -> tuple[BuiltLayer, ...]:
    """Return the layers that the engine inspector tells of.

    Args:
        information: What ``get_engine_information`` returns as JSON.

    Raises:
        EngineError: If this is not such a text.
    """
    try:
        told = json.loads(information)
        layers = told["Layers"]
    except (ValueError, KeyError, TypeError) as error:
        msg = "the engine inspector: expected JSON with the engine's Layers, got something else"
        raise EngineError(msg) from error
    return tuple(_built(layer) for layer in layers)


def require_precision(
    name: str, declared: Sequence[DeclaredLayer], built: Sequence[BuiltLayer], precision: str
) -> int:
    """Require that an engine computes as its graph says.

    Args:
        name: What the graph is called.
        declared: The graph's computing layers.
        built: The engine's layers.
        precision: What was asked for, by the choice of the graph: f32, fp16 or int8.

    Returns:
        How many of the declared layers were found in the engine with their types.

    Raises:
        EngineError: If the graph has nothing of that precision, or the engine computes in f32 what
            the graph does not; names the layers.
    """
    narrow = {layer.name: layer.types - {"f32"} for layer in declared if layer.types - {"f32"}}
    if precision != "f32" and not any(precision in types for types in narrow.values()):
        msg = f"{name}: asked for {precision}, and no layer of the graph computes in it"
        raise EngineError(msg)
    found, wrong = 0, []
    for layer in built:
        asked = [node for node in layer.nodes if node in narrow]
        if not asked or not layer.types:
            continue
        found += len(asked)
        if layer.types <= {"f32"}:
            wrong += asked
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        msg = (
            f"{name}: asked for {precision}, and TensorRT built layers in f32 that have less in "
            f"the graph: {', '.join(sorted(wrong)[:SHOWN])}{more}"
        )
        raise EngineError(msg)
    return found


def _declared_types(layer: Any, dequantised: set[str]) -> frozenset[str]:  # noqa: ANN401
    inputs = (layer.get_input(index) for index in range(layer.num_inputs))
    types = [tensor.dtype for tensor in inputs if tensor is not None]
    types += [layer.get_output_type(index) for index in range(layer.num_outputs)]
    named = _named(str(type_).rpartition(".")[2] for type_ in types)
    return named | {"int8"} if layer.get_input(0).name in dequantised else named


def _built(layer: Any) -> BuiltLayer:  # noqa: ANN401 (parsed JSON)
    if isinstance(layer, str):  # all that is told of an engine that was built without details
        return BuiltLayer(name=layer, nodes=_nodes(layer, ""), types=frozenset())
    name = str(layer.get("Name", ""))
    tensors = [*layer.get("Inputs", ()), *layer.get("Outputs", ())]
    return BuiltLayer(
        name=name,
        nodes=_nodes(name, str(layer.get("Metadata", ""))),
        types=_named(_type_text(tensor) for tensor in tensors if isinstance(tensor, dict)),
    )


def _nodes(name: str, metadata: str) -> frozenset[str]:
    """Return the graph's nodes in a layer: as its metadata say, else as its name puts them."""
    told = _NODE.findall(metadata) or [part.strip() for part in name.split(" + ")]
    return frozenset(told)


def _type_text(tensor: dict[str, Any]) -> str:
    """Return what is said of a tensor's type: in 10 beside its format, in 11 by itself."""
    for key in ("DataType", "Datatype", "Format/Datatype", "Format/DataType", "Format"):
        if tensor.get(key):
            return str(tensor[key])
    return ""


def _named(texts: Iterable[str]) -> frozenset[str]:
    words = (word for text in texts for word in _WORD.findall(text.upper()))
    return frozenset(TYPES[word] for word in words if word in TYPES)
