"""What transformers' own BertModel and tokenizer make of texts: run by .venv-build's Python.

Usage: bert_embeddings.py PLACE TOKENIZER.json TEXTS.json OUT.npz
       PLACE: FOLDER | minilm-l6:FILE.safetensors | random:SIZE:SEED

All texts go in together, padded to the longest and cut on the left at 128 tokens. OUT gets ids,
seen (the mask) and the mean over what is no padding, as sentence-transformers pools. The network is
used as it is: its own attention, its own treatment of the mask.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import numpy as np
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from engines.build.bert_weights import random_bert

MINILM = BertConfig(  # what its publisher's config.json says
    vocab_size=30522,
    hidden_size=384,
    num_hidden_layers=6,
    num_attention_heads=12,
    intermediate_size=1536,
    max_position_embeddings=512,
    hidden_act="gelu",
    layer_norm_eps=1e-12,
)


def load(place):
    kind, _, rest = place.partition(":")
    if kind == "random":
        size, _, seed = rest.partition(":")
        encoder = random_bert(size, seed=int(seed))
        encoder.set_attn_implementation("sdpa")
        return encoder
    if kind == "minilm-l6":
        with tempfile.TemporaryDirectory() as folder:
            MINILM.save_pretrained(folder)
            (Path(folder) / "model.safetensors").symlink_to(Path(rest).resolve())
            return BertModel.from_pretrained(folder).eval()
    return BertModel.from_pretrained(place).eval()


def main(place, tokenizer, texts, out):
    torch.set_num_threads(1)
    cut = PreTrainedTokenizerFast(
        tokenizer_file=tokenizer, pad_token="[PAD]", padding_side="right", truncation_side="left"
    )
    given = cut(
        json.loads(Path(texts).read_text()),
        padding="longest",
        truncation=True,
        max_length=128,
        return_tensors="pt",
    )
    encoder = load(place)
    with torch.no_grad():
        tokens = encoder(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"]
        ).last_hidden_state
    seen = given["attention_mask"][:, :, None].float()
    embeddings = (tokens * seen).sum(1) / seen.sum(1)
    np.savez(
        out,
        ids=given["input_ids"].numpy(),
        seen=given["attention_mask"].numpy(),
        embeddings=embeddings.numpy(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
