"""The text encoder: what was said, as one vector.

The tokenizer is the ``tokenizers`` library and runs on the host; everything after it is in the
graph. A text that is too long loses its beginning: of an interview the newest words count.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from tokenizers import Tokenizer

from engines.config import TextConfig
from engines.engine import Engine, OpenEngine
from engines.errors import ConfigError, EngineError, ModelDigestError, ModelError
from engines.models.manifest import DerivedModel
from engines.models.provenance import read_provenance
from engines.models.store import ModelStore
from engines.spec.tensors import EngineSpec, TensorSpec

SHORTEST: Final = 3  # [CLS], a piece of a word, [SEP]
MASKS: Final = ("[MASK]", "<mask>")
"""What tokenizers call the token that stands for a hidden word: BERT's own, and XLM-R's."""

_IDS: Final = TensorSpec("input_ids", (1, None), np.dtype(np.int64))
_SEEN: Final = TensorSpec("attention_mask", (1, None), np.dtype(np.int64))


class TextEncoder:
    """Turns texts into vectors; those that mean alike lie close together.

    Attributes:
        name: The model's name in the manifest, for checkpoints that learned from its vectors.
        digest: SHA-256 of the weights that it was made from, likewise.
        width: How many numbers a vector has.
        mask_token: What a word becomes that shall not be read.

    Args:
        engine: int64 ``input_ids`` and ``attention_mask`` [1 T] -> float32 ``embedding`` [1 D].
        tokenizer: The model's tokenizer.json.
        max_tokens: The longest text, its two marks counted.
        name: As above.
        digest: As above.

    Raises:
        EngineError: If the engine is not of that kind.
        ModelError: If the file is no tokenizer, or one without a mask.
        ValueError: If ``max_tokens`` leaves no room for a word.
    """

    def __init__(
        self, engine: Engine, tokenizer: Path, *, max_tokens: int, name: str, digest: str
    ) -> None:
        if max_tokens < SHORTEST:
            msg = f"max_tokens: expected at least {SHORTEST}, got {max_tokens}"
            raise ValueError(msg)
        self.name, self.digest = name, digest
        self.width = _width(engine.spec)
        self._engine = engine
        self._tokenizer = _load_tokenizer(tokenizer)
        self._tokenizer.no_padding()  # publishers' files pad every text to its longest
        self._tokenizer.enable_truncation(max_tokens, direction="left")
        self.mask_token = _mask_token(self._tokenizer, tokenizer)

    def embed(self, text: str) -> Float32[ndarray, " D"]:
        """Return the embedding of a text, read-only; an empty one has an embedding as well."""
        ids = np.array([self.token_ids(text)], dtype=np.int64)
        out = self._engine.run({_IDS.name: ids, _SEEN.name: np.ones_like(ids)})["embedding"]
        embedding: Float32[ndarray, " D"] = np.asarray(out, dtype=np.float32)[0].copy()
        embedding.setflags(write=False)
        return embedding

    def token_ids(self, text: str) -> list[int]:
        """Return what of a text reaches the network, as numbers of the vocabulary."""
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids


@contextmanager
def open_text_encoder(
    config: TextConfig, store: ModelStore, open_engine: OpenEngine
) -> Iterator[TextEncoder]:
    """Open the text encoder that a profile names; leaving the context closes its engine.

    Args:
        config: The name of the model.
        store: Where its files are.
        open_engine: Opens the file of a model under the model's name.

    Raises:
        ConfigError: If the profile names none, or one that is no text encoder.
        ModelError: If it or its tokenizer is missing, or not what the manifest names.
        EngineError: If the runtime cannot load it, or it is not of the kind that is needed.
    """
    name = config.model
    model = None if name is None else store.manifest.model(name)
    if name is None or not isinstance(model, DerivedModel) or model.tokens is None:
        msg = f"text.model: expected a text encoder of the manifest, got {name}"
        raise ConfigError(msg)
    store.require([name])
    path = store.path(name)
    provenance = read_provenance(path)
    if provenance is None:
        msg = f"{path}: what it was made from has gone; bring it with `subface models pull {name}`"
        raise ModelDigestError(msg)
    with open_engine(name, path) as engine:
        yield TextEncoder(
            engine,
            store.tokenizer(name),
            max_tokens=model.tokens,
            name=name,
            digest=provenance.made_from_sha256,
        )


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the binding raises nothing more specific
        msg = f"{path}: expected a tokenizer.json of the tokenizers library: {error}"
        raise ModelError(msg) from error


def _mask_token(tokenizer: Tokenizer, path: Path) -> str:
    for token in MASKS:
        if tokenizer.token_to_id(token) is not None:
            return token
    msg = f"{path}: expected a tokenizer with one of the tokens {', '.join(MASKS)}"
    raise ModelError(msg)


def _width(spec: EngineSpec) -> int:
    inputs = {tensor.name: tensor for tensor in spec.inputs}
    embedding = {tensor.name: tensor for tensor in spec.outputs}.get("embedding")
    if inputs == {_IDS.name: _IDS, _SEEN.name: _SEEN} and embedding is not None:
        match embedding.shape:
            case (1, int(width)):
                return width
    tensors = spec.inputs + spec.outputs
    has = ", ".join(f"{t.name} {np.dtype(t.dtype)}{list(t.shape)}" for t in tensors)
    msg = (
        "text encoder: the model named in the profile is not of this kind: expected int64 "
        f"input_ids and attention_mask [1, None] to embedding [1, D], got {has}"
    )
    raise EngineError(msg)
