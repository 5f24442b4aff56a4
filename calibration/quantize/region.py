"""The part of a graph that is a network, and the glue around it.

Our graphs take pixels and return boxes, points or vectors: letterbox, crop, decoding and
suppression are in them. That arithmetic is on coordinates, costs nothing and must stay exact; only
what lies between the first and the last operation with learned weights is a network. Runs in the
build environment: it needs onnx.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

WEIGHTED: Final = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})
LEAST_WEIGHTS: Final = 64
"""Fewer are a constant of the arithmetic: YOLO decodes distances by a convolution of 16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What of a graph is a network.

    Attributes:
        inside: Names of the nodes that depend on learned weights and that such weights depend on.
        heights: By weighted node: how many of them lie on the longest way from it to the end,
            itself among them; 1 for the last.
        depths: Likewise from the beginning; 1 for the first.
    """

    inside: frozenset[str]
    heights: Mapping[str, int]
    depths: Mapping[str, int]


def named(model: Any) -> None:  # noqa: ANN401 (onnx is untyped)
    """Give every node a name of its own, where it has none."""
    taken: set[str] = set()
    for place, node in enumerate(model.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{place}"
        taken.add(node.name)


def network_region(model: Any) -> Region:  # noqa: ANN401
    """Return the network of a graph whose nodes are named and in order, as ONNX has them."""
    sizes = constant_sizes(model)
    nodes = list(model.graph.node)
    weighted = {node.name for node in nodes if _is_weighted(node, sizes)}
    makers = {name: node.name for node in nodes for name in node.output}
    above = {n.name: [makers[i] for i in n.input if i in makers] for n in nodes}
    below: dict[str, list[str]] = {node.name: [] for node in nodes}
    for name, sources in above.items():
        for source in sources:
            below[source].append(name)
    names = [node.name for node in nodes]
    depths = _longest(names, above, weighted)
    heights = _longest(reversed(names), below, weighted)
    inside = frozenset(name for name in names if depths[name] and heights[name])
    return Region(
        inside=inside,
        heights={name: heights[name] for name in weighted},
        depths={name: depths[name] for name in weighted},
    )


def constant_sizes(model: Any) -> dict[str, int]:  # noqa: ANN401
    """Return how many numbers each constant tensor has, those computed of constants among them."""
    sizes = {one.name: int(np.prod(one.dims, dtype=np.int64)) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            sizes[node.output[0]] = _size(node)
        elif node.input and all(name in sizes for name in node.input if name):
            most = max(sizes[name] for name in node.input if name)
            sizes |= dict.fromkeys(node.output, most)
    return sizes


def _size(node: Any) -> int:  # noqa: ANN401
    for attribute in node.attribute:
        if attribute.name == "value":
            return int(numpy_helper.to_array(attribute.t).size)
    return 1


def _is_weighted(node: Any, sizes: Mapping[str, int]) -> bool:  # noqa: ANN401
    return (
        node.op_type in WEIGHTED
        and node.output[0] not in sizes
        and any(sizes.get(name, 0) >= LEAST_WEIGHTS for name in node.input[:2])
    )


def _longest(
    names: Iterable[str], sources: Mapping[str, list[str]], weighted: set[str]
) -> dict[str, int]:
    """Return, by node, how many weighted nodes the longest way to it has."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = max((found[source] for source in sources[name]), default=0) + (
            name in weighted
        )
    return found


def load(path: str) -> Any:  # noqa: ANN401
    """Read a graph and name its nodes."""
    model = onnx.load(path)
    named(model)
    return model
