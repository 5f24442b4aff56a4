"""A trained network to the graphs that the live side runs, in an environment of its own.

    .venv-build/bin/python -m engines.build.network_export FOLDER

FOLDER holds network.json and weights.safetensors as training leaves them; the graphs go beside
them, and their digests into network.json. ``export_network`` is what training calls itself.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ModelError, SubfaceError
from engines.networks.attention import attend
from engines.networks.branch import Branch, BranchHistory, BranchStep
from engines.networks.fusion import FusionGraph
from engines.networks.interview_network import InterviewNetwork, pooled_numbers
from engines.networks.pooling import AttentionPooling
from engines.sequence.checkpoint import (
    FUSION,
    WEIGHTS,
    Checkpoint,
    NetworkDescription,
    history_graph,
    read_checkpoint,
    step_graph,
    write_description,
)
from engines.sequence.interview import LOGITS, PRESENT
from engines.sequence.shape import NetworkShape
from engines.sequence.step import FEATURES, NEW, RING, SCORES, SEEN, TOKEN, TURN, VALID

REVISION: Final = 1  # grows with every change of what the graphs compute
SAMPLE_TICKS: Final = 7  # of a history: their number stays free in the graph


def save_network(
    network: InterviewNetwork, folder: Path, description: Mapping[str, Any]
) -> Checkpoint:
    """Write weights, graphs and description of a network.

    Args:
        network: As it was trained; it is put into evaluation mode.
        folder: Where they go.
        description: The fields of ``NetworkDescription`` but for shape and files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    part = folder / f".{WEIGHTS}.part"
    part.write_bytes(save(weights))
    part.replace(folder / WEIGHTS)
    return export_network(network, folder, description)


def export_network(
    network: InterviewNetwork, folder: Path, description: Mapping[str, Any]
) -> Checkpoint:
    """Write the graphs of a network whose weights lie in the folder, and the description."""
    network = network.eval().cpu()
    shape, weights = network.shape, sha256(folder / WEIGHTS)
    made_from = {"made_from_sha256": weights, "recipe": "interview", "revision": REVISION}
    files = {WEIGHTS: weights}
    for name, part in shape.branches.items():
        branch, features = network.branches[name], part.features
        extents = (137, features) if name == "keypoints" else (features,)
        export_history(branch, extents, shape, folder / history_graph(name), made_from)
        files[history_graph(name)] = sha256(folder / history_graph(name))
        if shape.encoder == "streaming":
            export_step(branch, extents, shape, folder / step_graph(name), made_from)
            files[step_graph(name)] = sha256(folder / step_graph(name))
    export_fusion(network, folder / FUSION, made_from)
    files[FUSION] = sha256(folder / FUSION)
    return write_description(folder, NetworkDescription(**description, shape=shape, files=files))


def load_network(checkpoint: Checkpoint) -> InterviewNetwork:
    """Build the network of a checkpoint, with its weights.

    Raises:
        ModelError: If the weights are missing, another file's, broken, or another network's.
    """
    path = checkpoint.file(WEIGHTS)
    network = InterviewNetwork(checkpoint.description.shape)
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        msg = f"{path}: not the weights of the network that is described: {reason}"
        raise ModelError(msg) from error
    return network


def export_step(
    branch: Branch,
    extents: Sequence[int],
    shape: NetworkShape,
    out: Path,
    made_from: Mapping[str, Any],
) -> None:
    """Write a branch's step form; all its shapes are fixed.

    Args:
        branch: In evaluation mode.
        extents: Of one tick's features.
        shape: Of the network.
        out: Where the file goes.
        made_from: What it was made from.
    """
    layers, slots = len(branch.encoder.layers), shape.band_ticks - 1
    sample, inputs = [torch.zeros(branch.ticks, *extents)], [FEATURES]
    if branch.ticks > 1:
        sample, inputs = [*sample, torch.ones(branch.ticks)], [*inputs, SEEN]
    outputs = _outputs(branch)
    if layers:
        pairs, ring = (1, shape.head_width // 2), (layers, shape.heads, slots, shape.head_width)
        sample += [torch.zeros(pairs), torch.zeros(pairs), torch.zeros(1, slots)]
        sample += [torch.zeros(ring), torch.zeros(ring)]
        inputs, outputs = [*inputs, *TURN, *RING], [*outputs, *NEW]
    _write(
        BranchStep(branch),
        sample,
        out,
        inputs=inputs,
        outputs=outputs,
        free_axes={},
        made_from=made_from,
    )


def export_history(
    branch: Branch,
    extents: Sequence[int],
    shape: NetworkShape,
    out: Path,
    made_from: Mapping[str, Any],
) -> None:
    """Write a branch's batch form: any number of ticks, in blocks of a loop in the graph."""
    sample = [torch.zeros(1, SAMPLE_TICKS, *extents), torch.ones(1, SAMPLE_TICKS)]
    inputs, outputs = [FEATURES, VALID], _outputs(branch)
    free: dict[str, dict[int, str]] = {name: {1: "T"} for name in (*inputs, *outputs)}
    if branch.encoder.layers:
        pairs = (SAMPLE_TICKS, shape.head_width // 2)
        sample += [torch.zeros(pairs), torch.zeros(pairs)]
        inputs += TURN
        free |= {name: {0: "T"} for name in TURN}
    with _loops_kept(branch):
        _write(
            BranchHistory(branch),
            sample,
            out,
            inputs=inputs,
            outputs=outputs,
            free_axes=free,
            made_from=made_from,
        )


def export_fusion(network: InterviewNetwork, out: Path, made_from: Mapping[str, Any]) -> None:
    """Write the fusion: every known branch's pooled numbers and which are present, to logits."""
    shape = network.shape
    sample = [
        torch.zeros(2, pooled_numbers(part, shape) // shape.width, shape.width)
        for part in shape.branches.values()
    ]
    sample.append(torch.ones(2, len(shape.branches)))
    inputs = [*shape.branches, PRESENT]
    free = {name: {0: "B"} for name in (*inputs, LOGITS)}
    _write(
        FusionGraph(network.fusion),
        sample,
        out,
        inputs=inputs,
        outputs=[LOGITS],
        free_axes=free,
        made_from=made_from,
    )


def _outputs(branch: Branch) -> list[str]:
    return [TOKEN, SCORES] if isinstance(branch.pooling, AttentionPooling) else [TOKEN]


@contextmanager
def _loops_kept(branch: Branch) -> Iterator[None]:
    """Let the encoder attend by a script: a trace would write the loop out for one length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripts are deprecated; no other export keeps a loop
        script = torch.jit.script(attend)
    layers = list(branch.encoder.layers)
    for layer in layers:
        layer.attend = script
    try:
        yield
    finally:
        for layer in layers:
            layer.attend = attend


def _write(
    graph: nn.Module,
    sample: Sequence[Tensor],
    out: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    free_axes: Mapping[str, Mapping[int, str]],
    made_from: Mapping[str, Any],
) -> None:
    write_graph(
        graph.eval(),
        tuple(sample),
        out,
        inputs=inputs,
        outputs=outputs,
        free_axes=free_axes,
        provenance={**made_from, "tools": versions("torch", "onnx")},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Export the graphs of a trained network.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="engines.build.network_export", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        checkpoint = read_checkpoint(options.folder)
        described = checkpoint.description.model_dump(exclude={"shape", "files"})
        export_network(load_network(checkpoint), options.folder, described)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
