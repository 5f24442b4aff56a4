"""A small BERT that learned nothing, saved as publishers save theirs: by .venv-build's Python.

Usage: bert_checkpoint.py FOLDER

FOLDER gets what ``save_pretrained`` writes (128 wide, 2 heads), and old.safetensors: the same
numbers under the names of the first published checkpoints, with the heads that those had.
"""

import os
import sys
from pathlib import Path

os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

SHAPE = {
    "vocab_size": 30522,
    "hidden_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 192,
    "max_position_embeddings": 160,
}


def main(folder):
    torch.manual_seed(11)
    model = BertModel(BertConfig(**SHAPE))
    for name, parameter in model.named_parameters():
        # no tensor that a wrong name would leave as it is made
        middle = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        torch.nn.init.normal_(parameter, middle, std=0.2)
    model.save_pretrained(folder)
    old = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor.contiguous()
        for name, tensor in model.state_dict().items()
    }
    old["cls.predictions.bias"] = torch.ones(SHAPE["vocab_size"])
    save_file(old, Path(folder) / "old.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main(*sys.argv[1:])
