"""What the graphs that ship make of faces and texts, by the runtime of a live run; no torch."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from rich.console import Console
from rich.progress import track

from calibration.temperature import log_probabilities
from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.engine import Engine
from engines.errors import ModelError
from engines.models.store import ModelStore
from engines.perception.face_encoder import FaceEncoder
from engines.speech.text_encoder import open_text_encoder
from training.starter.score import Probabilities

FACE_ENCODER: Final = "starter-face"
TEXT_HEAD: Final = "starter-text"
TEXT_ENCODER: Final = "minilm-l6"
AT_ONCE: Final = 64  # faces

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFaces:
    """What the face encoder makes of faces.

    Attributes:
        probabilities: In the order of ``EXPRESSIONS``, calibrated.
        embeddings: The faces as vectors.
    """

    probabilities: Float32[ndarray, "N 7"]
    embeddings: Float32[ndarray, "N D"]


def read_faces_of(images: UInt8[ndarray, "N 48 48"], store: ModelStore) -> ReadFaces:
    """Read faces, at least one.

    Raises:
        ModelError: If the face encoder is missing or another.
    """
    with open_graph(FACE_ENCODER, store.path(FACE_ENCODER)) as engine:
        FaceEncoder(engine)  # raises if it is of another kind
        starts = range(0, len(images), AT_ONCE)
        made = [
            engine.run({"face": images[start : start + AT_ONCE]})
            for start in tracked(starts, "faces")
        ]
    return ReadFaces(
        probabilities=np.concatenate([some["probabilities"] for some in made]),
        embeddings=np.concatenate([some["embedding"] for some in made]),
    )


def embed_texts(texts: Sequence[str], store: ModelStore) -> Float32[ndarray, "N D"]:
    """Embed texts, at least one, each alone as the live run does.

    Raises:
        ModelError: If MiniLM is missing or another.
    """
    with open_text_encoder(TextConfig(model=TEXT_ENCODER), store, open_graph) as encoder:
        return np.stack([encoder.embed(text) for text in tracked(texts, "texts")])


def read_texts_of(embeddings: Float32[ndarray, "N D"], store: ModelStore) -> Probabilities:
    """Return the probabilities of the valences that the text head gives to embedded texts.

    Raises:
        ModelError: If the head is missing or another, or its temperature cannot be read.
    """
    path = store.path(TEXT_HEAD)
    description = path.with_suffix(".json")
    try:
        temperature = float(json.loads(description.read_text(encoding="utf-8"))["temperature"])
    except (OSError, ValueError, KeyError) as error:
        msg = f"{description}: expected the temperature of the text head: {error}"
        raise ModelError(msg) from error
    with open_graph(TEXT_HEAD, path) as engine:
        logits = engine.run({"embedding": embeddings})["logits"]
    return np.asarray(np.exp(log_probabilities(logits, temperature)))


def open_graph(name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
    """Open a graph as a live run does by default."""
    del name  # nobody measures it here
    return open_engine(path, RuntimeConfig(), outputs=outputs)


def tracked(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Yield items; on a terminal a bar shows how far it is."""
    console = Console(stderr=True)
    return track(items, what, console=console, disable=not console.is_terminal, transient=True)
