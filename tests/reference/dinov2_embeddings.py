"""What transformers' own DINOv2 makes of crops of a frame: run by .venv-build's Python.

Usage: dinov2_embeddings.py random SIZE REGISTERS|- SEED CANVAS IN.npz OUT.npz
       dinov2_embeddings.py FOLDER - - - CANVAS IN.npz OUT.npz

IN has frame and boxes; OUT gets crops (normalised), class_token and cls_mean of each box. The
network is used as it is: its own positions for this canvas, its own attention.
"""

import os
import sys

os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import numpy as np
import torch
from transformers import AutoModel

from engines.build.dinov2_weights import random_encoder
from engines.networks.dinov2_crop import DinoV2Crop


def main(place, size, registers, seed, canvas, given, out):
    torch.set_num_threads(1)
    if place == "random":
        encoder = random_encoder(size, registers=registers == "registers", seed=int(seed)).network
    else:
        encoder = AutoModel.from_pretrained(place).eval()
    values = np.load(given)
    height, _, width = canvas.partition("x")
    crops = DinoV2Crop(encoder, (int(height), int(width)))
    with torch.no_grad():
        pixels = crops.crop(
            torch.from_numpy(values["frame"])[None], torch.from_numpy(values["boxes"])
        )
        found = encoder(pixels)
    first_patch = 1 + getattr(encoder.config, "num_register_tokens", 0)
    means = found.last_hidden_state[:, first_patch:].mean(1)
    np.savez(
        out,
        crops=pixels.numpy(),
        class_token=found.pooler_output.numpy(),
        cls_mean=torch.cat([found.pooler_output, means], 1).numpy(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
