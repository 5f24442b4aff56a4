"""The files of a model on this machine: where they lie, and one digest for all that decide.

Nothing is downloaded here: what is missing is told with the command that brings it. Weights are
read as safetensors or GGUF, which hold numbers alone; no code of a model's repository is run.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from engines.errors import ConfigError
from engines.models.store import ModelStore, sha256

PACKED: Final = ".gguf"
DECIDING: Final = frozenset({".json", ".safetensors", ".jinja", ".model", ".txt"})
"""Endings of the files that a tokenizer, a processor or weights are read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A model on this machine.

    Attributes:
        name: As a user knows it: the id of a hub, a name of the manifest, a folder, a file.
        folder: Where its files lie.
        packed: The GGUF file in it; None of a folder as ``save_pretrained`` writes it.
        sees: Whether it takes pictures.
        digest: SHA-256 over all files that decide what it answers.
    """

    name: str
    folder: Path
    packed: str | None
    sees: bool
    digest: str


def find_model(choice: str, store: ModelStore) -> ModelFiles:
    """Return a model; its files are read through once. It blocks.

    Args:
        choice: A file that ends in .gguf, a folder, a name of the manifest, or the id of a model
            on the Hugging Face hub, which must have been downloaded.
        store: Of the manifest's models.

    Raises:
        ConfigError: If it is not there, or no model of these formats.
        ModelError: If it is one of the manifest's and missing, or not the one that it names.
    """
    if choice in store.manifest.models:
        return _packed(choice, store.path(choice))
    path = Path(choice).expanduser()
    if path.suffix == PACKED:
        if path.is_file():
            return _packed(path.name, path)
        msg = f"--model {choice}: there is no such file"
        raise ConfigError(msg)
    if path.is_dir():
        return _unpacked(path.resolve().name, path)
    return _unpacked(choice, _downloaded(choice))


def _downloaded(choice: str) -> Path:
    try:
        return Path(snapshot_download(choice, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, HfHubHTTPError, OSError):
        msg = (
            f"--model {choice}: not on this machine: expected a folder, a file that ends in "
            f"{PACKED}, a name of `subface models list`, or the id of a model that "
            "`hf download ID` brought here; nothing is downloaded by this command"
        )
        raise ConfigError(msg) from None


def _packed(name: str, path: Path) -> ModelFiles:
    if path.suffix != PACKED:
        msg = f"--model {name}: it answers no questions: expected a {PACKED} file, got {path.name}"
        raise ConfigError(msg)
    return ModelFiles(
        name=name, folder=path.parent, packed=path.name, sees=False, digest=sha256(path)
    )


def _unpacked(name: str, folder: Path) -> ModelFiles:
    try:
        config: Any = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        msg = f"--model {name}: {folder / 'config.json'}: cannot be read: {error}"
        raise ConfigError(msg) from error
    files = sorted(path for path in folder.iterdir() if path.suffix in DECIDING and path.is_file())
    if not any(path.suffix == ".safetensors" for path in files):
        msg = (
            f"--model {name}: no .safetensors in {folder}: weights in other files may be programs "
            "and are not opened"
        )
        raise ConfigError(msg)
    told = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    return ModelFiles(
        name=name,
        folder=folder,
        packed=None,
        sees=isinstance(config, dict) and "vision_config" in config,
        digest=hashlib.sha256(told.encode()).hexdigest(),
    )
