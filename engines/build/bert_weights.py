"""A BERT encoder of any size, from wherever its weights are.

Three places: a folder made by ``save_pretrained``; a single ``model.safetensors``, whose tensors
say everything about the network but how many heads share its width; or no place at all: random
numbers, for latency, parity and shapes where the weights cannot be had. The provenance names those
as such.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from transformers import BertConfig, BertModel

from engines.errors import ModelError

HEAD_WIDTH: Final = 64  # of every size that BERT's authors published
NARROW_HEADS: Final = {384: 12}
"""Heads of widths that others made: MiniLM and its many children (E5, BGE, GTE: small) have 12."""

SIZES: Final[Mapping[str, Mapping[str, Any]]] = {
    "minilm-l6": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
    "base": {},  # transformers' defaults are bert-base-uncased
}


def random_bert(size: str, *, seed: int) -> BertModel:
    """Make a network of a known size out of random numbers."""
    torch.manual_seed(seed)
    return _ready(BertModel(BertConfig(**SIZES[size]), add_pooling_layer=False))


def load_bert(weights: Path, *, heads: int | None = None) -> BertModel:
    """Load a checkpoint, without the head that reads its class token.

    Args:
        weights: A folder made by ``save_pretrained``, or a .safetensors file; where a config.json
            lies beside it, that describes the network.
        heads: How many heads a layer has, where no config.json says so; None: as is usual for the
            width.

    Raises:
        ModelError: If it is no BERT, or damaged.
    """
    file = weights / "model.safetensors" if weights.is_dir() else weights
    if file.suffix != ".safetensors":
        msg = f"{weights}: expected a folder made by save_pretrained, or a .safetensors file"
        raise ModelError(msg)
    beside = file.with_name("config.json")
    config = stated_config(beside) if beside.is_file() else read_config(file, heads=heads)
    with tempfile.TemporaryDirectory(prefix="bert-") as name:
        # transformers loads folders, and renames what older checkpoints called otherwise
        folder = Path(name)
        config.save_pretrained(folder)
        (folder / "model.safetensors").symlink_to(file.resolve())
        return _pretrained(folder, shown=str(weights), file=file)


def stated_config(path: Path) -> BertConfig:
    """Read a config.json.

    Raises:
        ModelError: If it is not that of a BERT.
    """
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: not JSON: {error}"
        raise ModelError(msg) from error
    kind = stated.get("model_type") if isinstance(stated, dict) else None
    if kind != BertConfig.model_type:
        msg = f"{path}: model_type: expected {BertConfig.model_type}, got {kind}"
        raise ModelError(msg)
    return BertConfig.from_dict(stated)


def read_config(file: Path, *, heads: int | None = None) -> BertConfig:
    """Return the configuration that the names and shapes of a file's tensors tell.

    Raises:
        ModelError: If they are not those of a BERT.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            shapes = {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        msg = f"{file}: not a safetensors file: {error}"
        raise ModelError(msg) from error
    # a checkpoint with a head holds the encoder under a name
    shapes = {key.removeprefix("bert."): shape for key, shape in shapes.items()}
    layers = {int(m[1]) for key in shapes if (m := re.match(r"encoder\.layer\.(\d+)\.", key))}
    try:
        vocabulary, width = shapes["embeddings.word_embeddings.weight"]
        positions = shapes["embeddings.position_embeddings.weight"][0]
        kinds = shapes["embeddings.token_type_embeddings.weight"][0]
        widened = shapes["encoder.layer.0.intermediate.dense.weight"][0]
    except KeyError as error:
        msg = f"{file}: no BERT: it has no tensor {error.args[0]}"
        raise ModelError(msg) from error
    heads = heads or NARROW_HEADS.get(width, max(width // HEAD_WIDTH, 1))
    if width % heads:
        msg = f"{file}: expected a number of heads that divides {width}, got {heads}"
        raise ModelError(msg)
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=len(layers),
        num_attention_heads=heads,
        intermediate_size=widened,
        max_position_embeddings=positions,
        type_vocab_size=kinds,
    )


def _pretrained(folder: Path, *, shown: str, file: Path) -> BertModel:
    try:
        network, report = BertModel.from_pretrained(
            folder, add_pooling_layer=False, output_loading_info=True, use_safetensors=True
        )
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        msg = f"{shown}: {file.name} is no BERT of the size that is stated: {reason}"
        raise ModelError(msg) from error
    missing = sorted(report["missing_keys"])
    if missing:
        msg = f"{shown}: {len(missing)} tensors are missing, the first is {missing[0]}"
        raise ModelError(msg)
    return _ready(network)


def _ready(network: BertModel) -> BertModel:
    network = network.float().eval()
    network.set_attn_implementation("eager")  # the plain form: what every importer takes
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=False)
    return network
