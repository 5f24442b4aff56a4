"""A TensorFlow Lite file as operators, shapes and constants.

Only what the ONNX conversion needs is read: one graph of fixed shapes whose constants are numbers
in f32 or f16, some of them sparse. f16 and sparse constants are laid out in f32, which is what
every TensorFlow Lite runtime does when it loads the file.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import tflite

from engines.errors import ModelError

IDENTIFIER: Final = b"TFL3"
_BY_CODE: Final = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
_DTYPES: Final[Mapping[int, np.dtype[Any]]] = {
    tflite.TensorType.FLOAT32: np.dtype(np.float32),
    tflite.TensorType.FLOAT16: np.dtype(np.float16),
    tflite.TensorType.INT32: np.dtype(np.int32),
}
_OPTIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", "FusedActivationFunction")),
    "CONV_2D": (
        "Conv2DOptions",
        (
            *("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor"),
            "FusedActivationFunction",
        ),
    ),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        (
            *("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor"),
            "FusedActivationFunction",
        ),
    ),
    "DEPTH_TO_SPACE": ("DepthToSpaceOptions", ("BlockSize",)),
    "FULLY_CONNECTED": (
        "FullyConnectedOptions",
        ("FusedActivationFunction", "KeepNumDims", "WeightsFormat"),
    ),
    "MAX_POOL_2D": (
        "Pool2DOptions",
        (
            *("Padding", "StrideH", "StrideW", "FilterHeight", "FilterWidth"),
            "FusedActivationFunction",
        ),
    ),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", ("AlignCorners", "HalfPixelCenters")),
    "STRIDED_SLICE": (
        "StridedSliceOptions",
        ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask"),
    ),
}
"""The options that are read, by operator; an operator that is not listed has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One step of the graph; tensors are named by their numbers.

    Attributes:
        kind: As the schema spells it, such as CONV_2D.
        inputs: None where an optional one is left out.
        output: All operators that are read have one.
        options: By the schema's names.
    """

    kind: str
    inputs: tuple[int | None, ...]
    output: int
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteGraph:
    """What a file computes.

    Attributes:
        operators: In the order in which they run.
        shapes: Of every tensor, pictures as N H W C.
        constants: By tensor; f32 or integers.
        inputs: Numbers and names of what goes in.
        outputs: Numbers and names of what comes out, in the file's order.
    """

    operators: tuple[Operator, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: Mapping[int, np.ndarray]
    inputs: tuple[tuple[int, str], ...]
    outputs: tuple[tuple[int, str], ...]


def read_tflite(path: Path) -> TfliteGraph:
    """Read a file.

    Raises:
        ModelError: If it cannot be read, is no such file, or holds what is not supported.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error}"
        raise ModelError(msg) from error
    if content[4:8] != IDENTIFIER:
        msg = (
            f"{path}: expected a TensorFlow Lite file, which bears {IDENTIFIER.decode()} at byte 4"
        )
        raise ModelError(msg)
    try:
        return _graph(tflite.Model.GetRootAsModel(content, 0), path)
    except (struct.error, IndexError, ValueError, TypeError) as error:  # flatbuffers has none
        msg = f"{path}: the file is damaged: {error}"
        raise ModelError(msg) from error


def _graph(model: Any, path: Path) -> TfliteGraph:  # noqa: ANN401 (the bindings are untyped)
    if model.SubgraphsLength() != 1:
        msg = f"{path}: expected one graph, got {model.SubgraphsLength()}"
        raise ModelError(msg)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(number) for number in range(graph.TensorsLength())]
    shapes = tuple(_numbers(tensor.ShapeAsNumpy()) for tensor in tensors)
    constants = {
        number: constant
        for number, tensor in enumerate(tensors)
        if (constant := _constant(model, tensor, shapes[number], path)) is not None
    }
    operators = []
    for place in range(graph.OperatorsLength()):
        operator = _operator(model, graph.Operators(place))
        if operator.kind in ("DEQUANTIZE", "DENSIFY"):  # of a constant: laid out already
            source = operator.inputs[0]
            if source not in constants:
                msg = f"{path}: {operator.kind} of what is no constant is not supported"
                raise ModelError(msg)
            constants[operator.output] = constants[source]
        else:
            operators.append(operator)
    return TfliteGraph(
        operators=tuple(operators),
        shapes=shapes,
        constants=constants,
        inputs=_named(tensors, graph.InputsAsNumpy()),
        outputs=_named(tensors, graph.OutputsAsNumpy()),
    )


def _operator(model: Any, found: Any) -> Operator:  # noqa: ANN401
    code = model.OperatorCodes(found.OpcodeIndex())
    # files older than operator 127 state their code in a field of eight bits
    kind = _BY_CODE.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "an unknown one")
    options: dict[str, Any] = {}
    if kind in _OPTIONS:
        name, keys = _OPTIONS[kind]
        table, raw = getattr(tflite, name)(), found.BuiltinOptions()
        table.Init(raw.Bytes, raw.Pos)
        options = {key: getattr(table, key)() for key in keys}
    return Operator(
        kind=kind,
        inputs=tuple(n if n >= 0 else None for n in _numbers(found.InputsAsNumpy())),
        output=_numbers(found.OutputsAsNumpy())[0],
        options=options,
    )


def _constant(model: Any, tensor: Any, shape: tuple[int, ...], path: Path) -> np.ndarray | None:  # noqa: ANN401
    buffer = model.Buffers(tensor.Buffer())
    if buffer.DataLength() == 0:
        return None
    dtype = _DTYPES.get(tensor.Type())
    if dtype is None:
        msg = f"{path}: constants in f32 and f16 are supported, not those of 8-bit networks"
        raise ModelError(msg)
    values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype)
    sparsity = tensor.Sparsity()
    laid_out = values.reshape(shape) if sparsity is None else _dense(values, sparsity, shape, path)
    return laid_out.astype(np.float32) if dtype == np.float16 else laid_out


def _dense(values: np.ndarray, sparsity: Any, shape: tuple[int, ...], path: Path) -> np.ndarray:  # noqa: ANN401
    """Return a sparse constant with its zeros: rows are whole, of a row only some are stored."""
    axes = [sparsity.DimMetadata(place) for place in range(sparsity.DimMetadataLength())]
    kinds = [axis.Format() for axis in axes]
    by_row = [tflite.DimensionType.DENSE] * (len(shape) - 1) + [tflite.DimensionType.SPARSE_CSR]
    order = _numbers(sparsity.TraversalOrderAsNumpy())
    if kinds != by_row or order != tuple(range(len(shape))) or sparsity.BlockMapLength():
        msg = f"{path}: sparse constants are supported where rows are whole, not in blocks"
        raise ModelError(msg)
    last = axes[-1]
    ends = _vector(last.ArraySegments(), last.ArraySegmentsType())
    columns = _vector(last.ArrayIndices(), last.ArrayIndicesType())
    dense = np.zeros((len(ends) - 1, shape[-1]), values.dtype)
    dense[np.repeat(np.arange(len(ends) - 1), np.diff(ends)), columns] = values
    return dense.reshape(shape)


def _vector(raw: Any, kind: int) -> np.ndarray:  # noqa: ANN401
    name = {
        tflite.SparseIndexVector.Int32Vector: "Int32Vector",
        tflite.SparseIndexVector.Uint16Vector: "Uint16Vector",
        tflite.SparseIndexVector.Uint8Vector: "Uint8Vector",
    }[kind]
    table = getattr(tflite, name)()
    table.Init(raw.Bytes, raw.Pos)
    return np.asarray(table.ValuesAsNumpy(), np.int64)


def _named(tensors: list[Any], numbers: Any) -> tuple[tuple[int, str], ...]:  # noqa: ANN401
    return tuple((number, tensors[number].Name().decode()) for number in _numbers(numbers))


def _numbers(vector: Any) -> tuple[int, ...]:  # noqa: ANN401
    # an absent vector is read as the number 0
    return () if isinstance(vector, int) else tuple(map(int, vector))
