"""A small DINOv2 that learned nothing, saved as publishers save theirs: by .venv-build's Python.

Usage: dinov2_checkpoint.py FOLDER REGISTERS|-        Its CANVAS is 98x98, 14 a patch, 64 a head.
"""

import os
import sys

os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import torch
from transformers import (
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
)

SHAPE = {
    "hidden_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "patch_size": 14,
    "image_size": 98,
}


def main(folder, registers):
    torch.manual_seed(11)
    if registers == "registers":
        model = Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**SHAPE, num_register_tokens=2))
    else:
        model = Dinov2Model(Dinov2Config(**SHAPE))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # no tensor that a wrong name would leave at zero
    model.save_pretrained(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
