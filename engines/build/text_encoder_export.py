r"""A BERT to the graph of ``TextEmbedding``, in an environment of its own.

``subface models pull`` runs this with the Python of ``.venv-build``. By hand it also takes a folder
of one's own, or no weights at all:

    .venv-build/bin/python -m engines.build.text_encoder_export text-encoder \
        --weights FOLDER|FILE.safetensors | --random base --tokens 128 --out text_encoder.onnx
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# read when transformers is imported
os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import torch
from transformers import BertModel

from engines.build.bert_weights import SIZES, load_bert, random_bert
from engines.build.graph_file import write_graph
from engines.build.graph_provenance import sha256, versions
from engines.errors import ConfigError, SubfaceError
from engines.networks import text_encoder

SHORTEST: Final = 3  # [CLS], a piece of a word, [SEP]
SAMPLE_TOKENS: Final = 7  # any text: their number stays free in the graph


def export_text_encoder(
    encoder: BertModel, out: Path, *, tokens: int, made_from: Mapping[str, str]
) -> None:
    """Write the graph.

    Args:
        encoder: The network.
        out: Where the .onnx file goes; its provenance goes beside it.
        tokens: The longest text, [CLS] and [SEP] counted.
        made_from: The digest of the weights, and whatever else says what they are.

    Raises:
        ConfigError: If the network knows fewer positions than that.
        ModelError: If the weights do not fit into one file.
    """
    positions = encoder.config.max_position_embeddings
    if not SHORTEST <= tokens <= positions:
        msg = f"--tokens: expected {SHORTEST} to {positions}, which the network knows, got {tokens}"
        raise ConfigError(msg)
    sample = torch.ones((1, SAMPLE_TOKENS), dtype=torch.int64)
    write_graph(
        text_encoder.TextEmbedding(encoder, encoder.config.hidden_size).eval(),
        (sample, sample),
        out,
        inputs=text_encoder.INPUTS,
        outputs=text_encoder.OUTPUTS,
        free_axes={name: {1: "T"} for name in text_encoder.INPUTS},
        provenance={
            **made_from,
            "recipe": "text-encoder",
            "revision": text_encoder.REVISION,
            "tokens": tokens,
            "options": {"heads": str(encoder.config.num_attention_heads), "pooling": "mean"},
            "tools": versions("torch", "transformers", "onnx"),
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a BERT encoder with its pooling.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        encoder, made_from = _encoder(options)
        export_text_encoder(encoder, options.out, tokens=options.tokens, made_from=made_from)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="engines.build.text_encoder_export", description=main.__doc__
    )
    parser.add_argument("recipe", choices=["text-encoder"])
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--weights", type=Path, metavar="FOLDER|FILE.safetensors")
    weights.add_argument("--random", choices=list(SIZES), help="no weights: numbers out of --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--heads", type=int, help="where no config.json beside the weights says so")
    parser.add_argument("--pooling", choices=["mean"], default="mean")
    parser.add_argument("--tokens", type=int, default=128, help="the longest text")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def _encoder(options: argparse.Namespace) -> tuple[BertModel, dict[str, str]]:
    if options.random:
        encoder = random_bert(options.random, seed=options.seed)
        shown = f"random weights, size {options.random}, seed {options.seed}"
        return encoder, {"made_from_sha256": _digest(encoder), "made_from": shown}
    weights = options.weights
    file = weights / "model.safetensors" if weights.is_dir() else weights
    if not file.is_file():
        msg = f"--weights {weights}: there is no {file.name}"
        raise ConfigError(msg)
    encoder = load_bert(weights, heads=options.heads)
    return encoder, {"made_from_sha256": sha256(file), "made_from": file.name}


def _digest(encoder: BertModel) -> str:
    """Return a digest of weights that came out of no single file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
