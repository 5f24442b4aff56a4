"""int8 by Q/DQ in the graph, by NNCF: symmetric, so that TensorRT and OpenVINO read the same file.

Activations are signed with zero point 0, one scale a tensor; weights have a scale a channel; biases
stay f32, since TensorRT refuses quantised ones. Only convolutions and products with weights are
quantised, and only inside the network: letterbox, decoding and suppression stay exact. Runs in the
build environment.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import nncf
import numpy as np
import onnx
from nncf.quantization.advanced_parameters import (
    AdvancedQuantizationParameters,
    AdvancedSmoothQuantParameters,
    OverflowFix,
    QuantizationParameters,
)
from nncf.quantization.range_estimator import (
    AggregatorType,
    RangeEstimatorParameters,
    StatisticsCollectorParameters,
    StatisticsType,
)
from onnx import helper, numpy_helper

from calibration.quantize.recipe import Ranges, Recipe
from calibration.quantize.region import named, network_region

OUTERMOST: Final = 1e-4
"""The share of an activation's numbers that percentile lets saturate on either side."""


MOVING: Final = frozenset({
    "Split", "Slice", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "MaxPool",
    "Identity",
})  # fmt: skip
"""What moves numbers and makes none: a quantised tensor stays one through it."""
PLAIN: Final = frozenset({"Add", "Sub", "Mul", "Div", "Resize"})
"""What OpenVINO lets a quantising pass through, or takes into it."""
UNSIGNED: Final = 255
SIGNED: Final = 127


def to_int8(model: Any, inputs: Sequence[Path], recipe: Recipe) -> Any:  # noqa: ANN401 (untyped)
    """Return a graph whose network computes in int8.

    Args:
        model: An f32 ONNX graph.
        inputs: Files of numpy, one batch each, that the ranges are read off.
        recipe: How.

    Raises:
        ValueError: If the graph has no learned weights left to quantise.
    """
    nncf.set_log_level(logging.ERROR)
    source = onnx.ModelProto()
    source.CopyFrom(model)
    named(source)
    kept = spared(source, recipe)
    if not network_region(source).heights.keys() - kept:
        msg = f"{recipe.name}: nothing is left to quantise"
        raise ValueError(msg)
    batches = nncf.Dataset([_batch(path) for path in inputs])
    made = nncf.quantize(
        source,
        batches,
        preset=nncf.QuantizationPreset.PERFORMANCE,
        subset_size=len(inputs),
        fast_bias_correction=True,
        model_type=None if recipe.smooth is None else nncf.ModelType.TRANSFORMER,
        ignored_scope=nncf.IgnoredScope(names=sorted(kept), validate=False),
        advanced_parameters=_parameters(recipe),
    )
    sign(made)
    guard(made)
    onnx.checker.check_model(made, full_check=True)
    return made


def sign(model: Any) -> None:  # noqa: ANN401
    """Make every quantised tensor signed: NNCF keeps those that are never negative unsigned.

    TensorRT has no unsigned ones. The scale grows so that the range stays; half the steps are lost.
    """
    held = {one.name: one for one in model.graph.initializer}
    done: set[str] = set()
    for node in model.graph.node:
        if node.op_type not in {"QuantizeLinear", "DequantizeLinear"} or len(node.input) < len(
            ("x", "scale", "zero point")
        ):
            continue
        _, scale, zero = node.input
        if zero in done or numpy_helper.to_array(held[zero]).dtype != np.uint8:
            continue
        wider = numpy_helper.to_array(held[scale]) * np.float32(UNSIGNED / SIGNED)
        held[scale].CopyFrom(numpy_helper.from_array(wider.astype(np.float32), scale))
        zeros = np.zeros(held[zero].dims, np.int8)
        held[zero].CopyFrom(numpy_helper.from_array(zeros, zero))
        done.add(zero)
    del model.graph.value_info[:]


def guard(model: Any) -> None:  # noqa: ANN401
    """Clip what is quantised after a Concat to the range that quantising clips it to anyway.

    OpenVINO 2026.4.1 computes the convolution after a quantised Concat wrongly: the same file of a
    face encoder has a cosine of .87 there and .98 in ONNX Runtime. With its low-precision passes
    off, or with this Clip, it has .98 too. YOLO11n is not mended by it.
    """
    held = {one.name: one for one in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and _comes_of_concat(makers.get(node.input[0]), makers):
            step = numpy_helper.to_array(held[node.input[1]]).astype(np.float32)
            ends = [f"{node.name}_{end}" for end in ("low", "high")]
            for name, value in zip(ends, (-step * (SIGNED + 1), step * SIGNED), strict=True):
                model.graph.initializer.append(numpy_helper.from_array(value, name))
            clipped = f"{node.name}_clipped"
            nodes.append(
                helper.make_node(
                    "Clip", [node.input[0], *ends], [clipped], name=f"clip_{node.name}"
                )
            )
            node.input[0] = clipped
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _comes_of_concat(node: Any, makers: Mapping[str, Any]) -> bool:  # noqa: ANN401
    while node is not None and node.op_type in MOVING | PLAIN:
        node = makers.get(node.input[0])
    return node is not None and node.op_type == "Concat"


def spared(model: Any, recipe: Recipe) -> set[str]:  # noqa: ANN401
    """Return the nodes that keep f32."""
    region = network_region(model)
    kept = {
        node.name
        for node in model.graph.node
        if node.name not in region.heights
        and (node.op_type not in MOVING or node.name not in region.inside)
    }
    kept |= {name for name, height in region.heights.items() if height <= recipe.spare_last}
    kept |= {name for name, depth in region.depths.items() if depth <= recipe.spare_first}
    return kept


def _parameters(recipe: Recipe) -> AdvancedQuantizationParameters:
    return AdvancedQuantizationParameters(
        overflow_fix=OverflowFix.DISABLE,
        disable_bias_correction=not recipe.correct_bias,
        # a depthwise convolution would have a scale a channel: TensorRT takes one a tensor
        activations_quantization_params=QuantizationParameters(per_channel=False),
        activations_range_estimator_params=_ranges(recipe.ranges),
        smooth_quant_alphas=AdvancedSmoothQuantParameters(
            convolution=-1, matmul=-1 if recipe.smooth is None else recipe.smooth
        ),
    )


def _ranges(ranges: Ranges) -> RangeEstimatorParameters:
    outermost = ranges == "percentile"
    kinds = (
        (StatisticsType.QUANTILE, StatisticsType.QUANTILE)
        if outermost
        else (StatisticsType.MIN, StatisticsType.MAX)
    )
    aggregators = (
        (AggregatorType.MIN, AggregatorType.MAX)
        if ranges == "minmax"
        else (AggregatorType.MEAN, AggregatorType.MEAN)
    )
    low, high = (
        StatisticsCollectorParameters(
            statistics_type=kind, aggregator_type=aggregator, quantile_outlier_prob=OUTERMOST
        )
        for kind, aggregator in zip(kinds, aggregators, strict=True)
    )
    return RangeEstimatorParameters(min=low, max=high)


def _batch(path: Path) -> dict[str, Any]:
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}
