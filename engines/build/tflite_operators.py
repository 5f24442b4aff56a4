"""TensorFlow Lite's operators as ONNX nodes.

TensorFlow Lite lays pictures out as N H W C, ONNX as N C H W. Every value of four axes is kept in
ONNX's order from the input to the output, so that a transposition stands only where the order
matters: at both ends and before a Reshape. Shapes are fixed, so padding 'same' becomes numbers.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import tflite
from onnx import NodeProto, TensorProto, helper, numpy_helper

from engines.build.tflite_file import Operator, TfliteGraph
from engines.errors import ModelError

PICTURE_AXES: Final = 4
TO_ONNX: Final = (0, 3, 1, 2)  # of N H W C: where each axis of N C H W comes from
TO_TFLITE: Final = (0, 2, 3, 1)
_PLACE: Final = (0, 2, 3, 1)  # where each axis of N H W C lies in N C H W
_RELU6: Final = (0.0, 6.0)


class OnnxNodes:
    """The nodes and constants that a graph's operators become.

    Args:
        graph: What is converted.

    Attributes:
        nodes: In the order in which they run.
        constants: What they refer to.
    """

    def __init__(self, graph: TfliteGraph) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._graph = graph
        self._names: dict[int, str] = {}
        self._converters: Mapping[str, Callable[[Operator], str]] = {
            "ADD": self._add,
            "CONCATENATION": self._concatenate,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "DEPTH_TO_SPACE": self._depth_to_space,
            "FULLY_CONNECTED": self._fully_connected,
            "LOGISTIC": self._sigmoid,
            "MAX_POOL_2D": self._max_pool,
            "MEAN": self._mean,
            "PAD": self._pad,
            "PRELU": self._prelu,
            "RELU": self._relu,
            "RESHAPE": self._reshape,
            "RESIZE_BILINEAR": self._resize,
            "STRIDED_SLICE": self._slice,
        }

    def add_input(self, number: int, name: str) -> None:
        """Take what goes in, in TensorFlow Lite's order."""
        self._names[number] = name
        if self._is_picture(number):
            self._names[number] = self._node("Transpose", [name], perm=TO_ONNX)

    def add_output(self, number: int, name: str) -> None:
        """Give what comes out its name, in TensorFlow Lite's order."""
        if self._is_picture(number):
            self._node("Transpose", [self._value(number)], out=name, perm=TO_TFLITE)
        else:
            self._node("Identity", [self._value(number)], out=name)

    def add(self, operator: Operator) -> None:
        """Add the nodes of an operator.

        Raises:
            ModelError: If it is not among those that are known, or is used in a way that is not.
        """
        convert = self._converters.get(operator.kind)
        if convert is None:
            known = ", ".join(sorted(self._converters))
            msg = f"the operator {operator.kind} is not supported, but {known}"
            raise ModelError(msg)
        name = convert(operator)
        self._names[operator.output] = self._activated(name, operator)

    def _is_picture(self, number: int) -> bool:
        return len(self._graph.shapes[number]) == PICTURE_AXES

    def _value(self, number: int | None) -> str:
        """Return the name of an operator's input; a constant is put into ONNX's order."""
        if number is None:
            return ""
        if number not in self._names:
            self._names[number] = self._constant(_in_order(self._graph.constants[number]))
        return self._names[number]

    def _weights(self, number: int | None) -> np.ndarray:
        if number is None or number not in self._graph.constants:
            msg = "weights that are computed are not supported"
            raise ModelError(msg)
        return self._graph.constants[number]

    def _constant(self, values: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(
        self,
        kind: str,
        inputs: list[str],
        *,
        out: str | None = None,
        **attributes: Any,  # noqa: ANN401 (as ONNX takes them)
    ) -> str:
        name = out or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _activated(self, name: str, operator: Operator) -> str:
        match operator.options.get("FusedActivationFunction", tflite.ActivationFunctionType.NONE):
            case tflite.ActivationFunctionType.NONE:
                return name
            case tflite.ActivationFunctionType.RELU:
                return self._node("Relu", [name])
            case tflite.ActivationFunctionType.RELU6:
                limits = [self._constant(np.array(limit, np.float32)) for limit in _RELU6]
                return self._node("Clip", [name, *limits])
            case other:
                msg = f"{operator.kind}: the activation {other} is not supported"
                raise ModelError(msg)

    def _convolution(self, operator: Operator) -> str:
        kernel = self._weights(operator.inputs[1])  # outputs, height, width, inputs
        return self._convolved(operator, kernel.transpose(0, 3, 1, 2), groups=1)

    def _depthwise(self, operator: Operator) -> str:
        kernel = self._weights(operator.inputs[1])  # 1, height, width, outputs
        channels = self._graph.shapes[operator.inputs[0] or 0][3]
        return self._convolved(operator, kernel.transpose(3, 0, 1, 2), groups=channels)

    def _convolved(self, operator: Operator, kernel: np.ndarray, *, groups: int) -> str:
        options = operator.options
        dilations = options["DilationHFactor"], options["DilationWFactor"]
        inputs = [self._value(operator.inputs[0]), self._constant(kernel)]
        if len(operator.inputs) > 2 and operator.inputs[2] is not None:  # noqa: PLR2004 (the bias)
            inputs.append(self._value(operator.inputs[2]))
        return self._node(
            "Conv",
            inputs,
            group=groups,
            dilations=dilations,
            **self._window(operator, kernel.shape[2:], dilations),
        )

    def _max_pool(self, operator: Operator) -> str:
        sides = operator.options["FilterHeight"], operator.options["FilterWidth"]
        value = self._value(operator.inputs[0])
        return self._node("MaxPool", [value], **self._window(operator, sides, (1, 1)))

    def _window(
        self, operator: Operator, sides: tuple[int, ...], dilations: tuple[int, int]
    ) -> Mapping[str, Any]:
        """Return where a window of fixed size stands: its sides, its steps, what is put around."""
        options = operator.options
        strides = options["StrideH"], options["StrideW"]
        before, after = [0, 0], [0, 0]
        if options["Padding"] == tflite.Padding.SAME:
            given = self._graph.shapes[operator.inputs[0] or 0][1:3]
            for axis in range(2):
                steps = -(-given[axis] // strides[axis])
                reach = (sides[axis] - 1) * dilations[axis] + 1
                missing = max((steps - 1) * strides[axis] + reach - given[axis], 0)
                before[axis], after[axis] = missing // 2, missing - missing // 2
        return {"kernel_shape": sides, "strides": strides, "pads": (*before, *after)}

    def _add(self, operator: Operator) -> str:
        return self._node("Add", [self._value(number) for number in operator.inputs])

    def _relu(self, operator: Operator) -> str:
        return self._node("Relu", [self._value(operator.inputs[0])])

    def _prelu(self, operator: Operator) -> str:
        slope = self._weights(operator.inputs[1])  # 1, 1, channels
        value = self._value(operator.inputs[0])
        return self._node("PRelu", [value, self._constant(slope.transpose(2, 0, 1))])

    def _sigmoid(self, operator: Operator) -> str:
        return self._node("Sigmoid", [self._value(operator.inputs[0])])

    def _pad(self, operator: Operator) -> str:
        amounts = self._weights(operator.inputs[1])
        if self._is_picture(operator.output):
            amounts = amounts[list(TO_ONNX)]
        # first what goes before each axis, then what goes after
        amount = self._constant(amounts.T.reshape(-1).astype(np.int64))
        return self._node("Pad", [self._value(operator.inputs[0]), amount])

    def _concatenate(self, operator: Operator) -> str:
        axis = operator.options["Axis"]
        if self._is_picture(operator.output):
            axis = _PLACE[axis]
        return self._node("Concat", [self._value(number) for number in operator.inputs], axis=axis)

    def _depth_to_space(self, operator: Operator) -> str:
        size = operator.options["BlockSize"]
        value = self._value(operator.inputs[0])
        return self._node("DepthToSpace", [value], blocksize=size, mode="DCR")

    def _fully_connected(self, operator: Operator) -> str:
        if operator.options["WeightsFormat"] or operator.options["KeepNumDims"]:
            msg = "FULLY_CONNECTED: only plain weights and a result of two axes are supported"
            raise ModelError(msg)
        weights = self._constant(self._weights(operator.inputs[1]))  # outputs, inputs
        flat = self._reshaped(operator.inputs[0], (*self._graph.shapes[operator.output][:1], -1))
        inputs = [
            flat,
            weights,
            *([self._value(operator.inputs[2])] if operator.inputs[2:] else []),
        ]
        return self._node("Gemm", inputs, transB=1)

    def _mean(self, operator: Operator) -> str:
        axes = [int(axis) for axis in self._weights(operator.inputs[1]).ravel()]
        if self._is_picture(operator.inputs[0] or 0):
            axes = [_PLACE[axis] for axis in axes]
        keeps = int(operator.options["KeepDims"])
        value = self._value(operator.inputs[0])
        return self._node("ReduceMean", [value], axes=sorted(axes), keepdims=keeps)

    def _reshape(self, operator: Operator) -> str:
        shape = self._graph.shapes[operator.output]
        name = self._reshaped(operator.inputs[0], shape)
        if self._is_picture(operator.output):
            return self._node("Transpose", [name], perm=TO_ONNX)
        return name

    def _reshaped(self, number: int | None, shape: tuple[int, ...]) -> str:
        """Return a value in another shape, its numbers in TensorFlow Lite's order."""
        value = self._value(number)
        if self._is_picture(number or 0):
            value = self._node("Transpose", [value], perm=TO_TFLITE)
        return self._node("Reshape", [value, self._constant(np.array(shape, np.int64))])

    def _resize(self, operator: Operator) -> str:
        options = operator.options
        corners = "align_corners" if options["AlignCorners"] else "asymmetric"
        places = "half_pixel" if options["HalfPixelCenters"] else corners
        batch, height, width, channels = self._graph.shapes[operator.output]
        size = self._constant(np.array([batch, channels, height, width], np.int64))
        value = self._value(operator.inputs[0])
        return self._node(
            "Resize", [value, "", "", size], mode="linear", coordinate_transformation_mode=places
        )

    def _slice(self, operator: Operator) -> str:
        if any(operator.options.values()):
            msg = f"STRIDED_SLICE: masks are not supported, got {dict(operator.options)}"
            raise ModelError(msg)
        bounds = [self._weights(number).astype(np.int64) for number in operator.inputs[1:]]
        if self._is_picture(operator.output):
            bounds = [bound[list(TO_ONNX)] for bound in bounds]
        starts, ends, steps = (self._constant(bound) for bound in bounds)
        axes = self._constant(np.arange(len(bounds[0])))
        return self._node("Slice", [self._value(operator.inputs[0]), starts, ends, axes, steps])


def _in_order(constant: np.ndarray) -> np.ndarray:
    return constant.transpose(TO_ONNX) if constant.ndim == PICTURE_AXES else constant
