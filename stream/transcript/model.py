"""The Whisper model that a run hears with: one of the manifest, or a folder of the user's own."""

import hashlib
from pathlib import Path

from engines.config import SpeechConfig
from engines.errors import ConfigError, ModelMissingError
from engines.models.store import ModelStore, sha256
from engines.spec.reading import ModelCard


def speech_folder(config: SpeechConfig, store: ModelStore) -> Path:
    """Return the folder of the model.

    Raises:
        ConfigError: If none is named, or the manifest does not know it.
        ModelError: If it is not there, or not what the manifest names.
    """
    if config.model is None:
        msg = "speech.model is null: nobody listens; name a model of `subface models list`"
        raise ConfigError(msg)
    if config.models():
        return store.path(config.model)
    folder = Path(config.model).expanduser()
    if not folder.is_dir():
        msg = f"speech.model {config.model}: no such folder: expected one that CTranslate2 reads"
        raise ModelMissingError(msg)
    return folder


def speech_card(config: SpeechConfig, store: ModelStore, *, grid_hz: float) -> ModelCard:
    """Return how records name the model; its files are hashed. Raises as ``speech_folder`` does."""
    folder = speech_folder(config, store)
    if config.model is not None and config.models():
        name, digest = config.model, store.digest(config.model)
    else:
        name, digest = folder.absolute().name, _digest(folder)
    return ModelCard(name=name, digest=digest, keypoints=None, grid_hz=grid_hz)


def _digest(folder: Path) -> str:
    """Return the SHA-256 of a folder's names and digests, as the store has it of its own."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [f"{sha256(path)}  {path.name}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
