"""A network that learned nothing, saved as training saves one: by .venv-build's Python.

Usage: interview_checkpoint.py FOLDER SHAPE.json

The encoders' weights are sharper than a fresh network's: attention that looks at everything alike
would hide an error of the band, of the slots and of the angles.
"""

import sys
from pathlib import Path

import torch

from engines.build.network_export import save_network
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.shape import NetworkShape

DESCRIPTION = {
    "name": "untaught",
    "taught": "hidden_emotion",
    "trained_on": "nothing",
    "fed": {name: {"name": f"{name}-network"} for name in ("image", "keypoints", "text")},
}


def main(folder, shape_json):
    torch.set_num_threads(1)
    torch.manual_seed(5)
    shape = NetworkShape.model_validate_json(Path(shape_json).read_text())
    network = InterviewNetwork(shape)
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1 and ".encoder." in name:
            torch.nn.init.normal_(parameter, 0, 1.5 / parameter.shape[1] ** 0.5)
        if name.endswith("pooling.scores.weight"):
            torch.nn.init.normal_(parameter, 0, 0.3)
    fed = {name: by for name, by in DESCRIPTION["fed"].items() if name in shape.branches}
    labels = [f"class {place}" for place in range(shape.classes)]
    save_network(network, Path(folder), {**DESCRIPTION, "fed": fed, "labels": labels})


if __name__ == "__main__":
    main(*sys.argv[1:])
