"""A torch module as an ONNX file of ours, with its provenance beside it.

Every recipe that has a torch module ends here, so that all graphs are exported, checked and
described in the same way.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import onnx
import torch
from torch import Tensor, nn

from engines.build.graph_provenance import place_graph
from engines.errors import ModelError

OPSET: Final = 17  # the first with everything that is used; TensorRT 10.3 reads up to 20
MAX_BYTES: Final = 2**31  # of a protobuf message, and so of an ONNX file that holds its weights


def write_graph(
    graph: nn.Module,
    sample: tuple[Tensor, ...],
    out: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    free_axes: Mapping[str, Mapping[int, str]],
    provenance: Mapping[str, Any],
) -> None:
    """Export a module.

    Args:
        graph: In evaluation mode, on the CPU.
        sample: One batch; what it leaves open is in ``free_axes``.
        out: Where the .onnx file goes; its provenance goes beside it.
        inputs: Their names, in order.
        outputs: Their names, in order.
        free_axes: By tensor, the axes whose extent may vary, each with its letter.
        provenance: What it was made from, by which recipe, with which settings.

    Raises:
        ModelError: If the weights would need a second file.
    """
    size = sum(tensor.nbytes for tensor in graph.state_dict().values())
    if size >= MAX_BYTES:
        msg = f"{out.name}: {size / 1e9:.1f} GB of weights, an ONNX file holds less than 2.1 GB"
        raise ModelError(msg)
    part = out.with_name(f".{out.name}.part")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on branches inside others' networks
        graph(*sample)
        torch.onnx.export(
            graph,
            sample,
            part,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in free_axes.items()},
            dynamo=False,  # the other exporter fixes H and W where a grid is computed from them
        )
    onnx.checker.check_model(part, full_check=True)
    place_graph(part, out, provenance)
