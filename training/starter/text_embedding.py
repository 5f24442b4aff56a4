"""Many texts as MiniLM's vectors, embedded once and kept.

Live the same network runs one text at a time (``engines.speech.text_encoder``); here it runs in
torch, where the training is, on batches of texts with equally many tokens: nothing is padded, so
the vectors are the same. They are kept in a file that is named by the digest of all they follow
from, so what is found there is never out of date.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

# read when transformers is imported
os.environ.update(TRANSFORMERS_VERBOSITY="error", HF_HUB_DISABLE_PROGRESS_BARS="1")

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray
from tokenizers import Tokenizer
from tqdm import tqdm  # type: ignore[import-untyped]

from engines.build.graph_provenance import sha256
from engines.errors import ModelError
from engines.networks import text_encoder

TOKENS: Final = 128  # as the manifest has it for minilm-l6
BATCH: Final = 64


class TextEmbedder:
    """MiniLM with its tokenizer and a folder of what was embedded before.

    Attributes:
        digest: SHA-256 of the network's weights.

    Args:
        weights: A .safetensors file of a BERT.
        tokenizer: Its tokenizer.json.
        cache: Folder that the vectors are kept in.

    Raises:
        ModelError: If one of the files cannot be read.
    """

    def __init__(self, weights: Path, tokenizer: Path, cache: Path) -> None:
        try:
            self.digest = sha256(weights)
            self._parts = (self.digest, sha256(tokenizer), str(text_encoder.REVISION), str(TOKENS))
        except OSError as error:
            msg = f"text encoder: {error}; bring it with `subface models pull minilm-l6`"
            raise ModelError(msg) from error
        self._weights = weights
        self._tokenizer = _load_tokenizer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS, direction="left")
        self._cache = cache

    def embed(self, texts: Sequence[str]) -> Float32[ndarray, "N D"]:
        """Return the vectors of texts, in their order; a bar shows how far it is on a terminal."""
        path = self._cache / f"{self._key(texts)}.npy"
        if not path.is_file():
            embeddings = self._embed(texts)
            self._cache.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, embeddings, allow_pickle=False)
            part.replace(path)
        kept: Float32[ndarray, "N D"] = np.load(path, allow_pickle=False)
        return kept

    def _key(self, texts: Sequence[str]) -> str:
        digest = hashlib.sha256()
        for part in (*self._parts, *texts):
            digest.update(hashlib.sha256(part.encode()).digest())
        return digest.hexdigest()

    def _embed(self, texts: Sequence[str]) -> Float32[ndarray, "N D"]:
        # transformers takes seconds, and all vectors may be there
        from engines.build.bert_weights import load_bert  # noqa: PLC0415

        encoder = load_bert(self._weights)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        embeddings = np.empty((len(texts), encoder.config.hidden_size), np.float32)
        with tqdm(total=len(texts), unit=" texts", disable=None) as bar, torch.inference_mode():
            for rows in _batches([len(tokens) for tokens in ids]):
                tokens = torch.tensor([ids[row] for row in rows])
                embeddings[rows] = encoder(input_ids=tokens).last_hidden_state.mean(1).numpy()
                bar.update(len(rows))
        return embeddings


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the rows, those of one length together."""
    alike: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        alike.setdefault(length, []).append(row)
    for _, rows in sorted(alike.items()):
        for start in range(0, len(rows), BATCH):
            yield rows[start : start + BATCH]


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the binding raises nothing more specific
        msg = f"{path}: expected a tokenizer.json of the tokenizers library: {error}"
        raise ModelError(msg) from error
