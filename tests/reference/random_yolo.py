"""A YOLO11 of any size that learned nothing, saved as Ultralytics saves: by .venv-build's Python.

Usage: random_yolo.py SIZE FRAMES.npz OUT.pt        SIZE: n | s | m | l | x

Its batch normalisations are fitted to the frames and its scores spread out, so that what it says
depends on what it sees: fresh weights call everything equally unlikely, and ties hide errors.
"""

import os
import sys

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import numpy as np
import torch
from torch.nn import functional
from ultralytics import YOLO

SIDE_PX = 320
PERSON = 0


def main(size, frames, out):
    torch.set_num_threads(1)
    torch.manual_seed(3)
    yolo = YOLO(f"yolo11{size}.yaml")
    network = yolo.model
    network.names = {0: "person"} | {place: f"class {place}" for place in range(1, 80)}
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over everything that is seen
            module.reset_running_stats()
    network.train()
    with torch.no_grad():
        given = np.load(frames)
        for key in given.files:
            look(network, given[key])
        network.eval()
        lasts = [scores[-1] for scores in network.model[-1].cv3]  # one a stride
        spread_out(network, given[given.files[0]], lasts)
    yolo.save(out)


def look(network, frame):
    pixels = torch.from_numpy(frame).permute(0, 3, 1, 2).float() / 255
    return network(functional.interpolate(pixels, (SIDE_PX, SIDE_PX)))


def spread_out(network, frame, lasts):
    """Give a person's logits a deviation of 1, and leave the other classes far below."""
    seen = {}
    for last in lasts:
        last.register_forward_hook(lambda layer, _, out: seen.__setitem__(layer, out[0, PERSON]))
    own = {last: last.bias[PERSON].clone() for last in lasts}
    look(network, frame)
    for last in lasts:
        last._forward_hooks.clear()
        last.bias[:] = -10
        scale = 1 / seen[last].std()
        last.bias[PERSON] = -(seen[last] - own[last]).mean() * scale
        last.weight[PERSON] *= scale


if __name__ == "__main__":
    main(*sys.argv[1:])
