"""What torch makes of whole histories in one pass: run by .venv-build's Python.

Usage: interview_histories.py CHECKPOINT PERSONS.npz OUT.npz

Of each person of PERSONS the tokens of every tick and the logits at those that are asked for, from
raw keypoints that were normalised in one go; and the same once more tick by tick, by torch too.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from interview_steps import people, stepped

from engines.build.network_export import load_network
from engines.networks.branch import BranchStep
from engines.networks.fusion import FusionGraph
from engines.networks.interview_network import History
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize
from engines.spec.tensors import EngineSpec, TensorSpec


class TorchEngine:
    """A module behind the interface of an engine."""

    def __init__(self, graph, like):
        self.graph, self.spec = graph, like

    def run(self, batch):
        given = [torch.from_numpy(batch[tensor.name]) for tensor in self.spec.inputs]
        made = self.graph(*given)
        made = made if isinstance(made, tuple) else (made,)
        names = [tensor.name for tensor in self.spec.outputs]
        return {name: tensor.numpy() for name, tensor in zip(names, made, strict=True)}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


def spec_of(path):
    """The names and extents in a graph's file."""

    def tensors(values):
        return tuple(
            TensorSpec(
                value.name,
                tuple(axis.dim_value or None for axis in value.type.tensor_type.shape.dim),
                np.float32,
            )
            for value in values
        )

    graph = onnx.load(path).graph
    return EngineSpec(tensors(graph.input), tensors(graph.output))


def histories(network, person):
    """One person's whole history in one pass."""
    features, valid, _ = normalize(
        person["keypoints"],
        time_s=person["time_s"],
        shot=person["shot"],
        valid=person["keypoints_valid"],
        state=KeypointState.fresh(),
    )
    given = {"keypoints": (features, valid)}
    given |= {name: (person[name], person[f"{name}_valid"]) for name in ("image", "text")}
    given = {name: given[name] for name in network.shape.branches}
    return {
        name: History(features=torch.from_numpy(rows)[None], valid=torch.from_numpy(held)[None])
        for name, (rows, held) in given.items()
    }


def main(checkpoint_folder, persons, out):
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    checkpoint = read_checkpoint(Path(checkpoint_folder))
    network = load_network(checkpoint).eval()
    found = {}
    for name, person in people(persons).items():
        given = histories(network, person)
        first, at = int(person["first_tick"]), torch.from_numpy(person["at"])[None]
        turn = network.turns(first, len(person["time_s"]), torch.device("cpu"))
        for modality, history in given.items():
            tokens = network.branches[modality](history.features, history.valid, *turn)
            found[f"{name}/{modality}"] = tokens[0].numpy()
            found[f"{name}/{modality}_valid"] = history.valid[0].numpy()
        found[f"{name}/logits"] = network(given, at=at, first_tick=first)[0].numpy()

    def open_torch(name, path, *, outputs=None):
        fusion = name == "fusion"
        graph = network.fusion if fusion else network.branches[name.removesuffix("-step")]
        return TorchEngine(FusionGraph(graph) if fusion else BranchStep(graph), spec_of(path))

    streams = checkpoint.description.shape.encoder == "streaming"
    steps = stepped(checkpoint, people(persons), open_torch) if streams else {}
    np.savez(out, **found, **{f"step/{key}": value for key, value in steps.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
