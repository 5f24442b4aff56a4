"""The cache of models: a name becomes the path of what the manifest says, a file or a folder.

Nothing is downloaded here: a run that finds a model missing stops and says which command brings it.
"""

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from engines.errors import ConfigError, ModelDigestError, ModelMissingError
from engines.models.manifest import (
    DerivedModel,
    FolderModel,
    Manifest,
    ModelFile,
    shipped_manifest,
)
from engines.models.provenance import read_first_pull, read_provenance
from engines.models.source import ShippedSource

SHIPPED: Final = Path(__file__).parent
"""Where the models lie that are part of Subface."""


def cache_root() -> Path:
    """Return the cache folder: ``$SUBFACE_CACHE``, or the user's own."""
    stated = os.environ.get("SUBFACE_CACHE")
    return Path(stated).expanduser() if stated else user_cache_path("subface", appauthor=False)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; a file is read again only if it changed."""
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size, status.st_ino)


def own_graph(name: str) -> Path | None:
    """Return the path that a profile gives in the place of a model's name; None if it is a name."""
    return Path(name).expanduser() if "/" in name else None


class ModelStore:
    """The models of a manifest in a cache folder, and graphs of a user's own.

    A name with a slash in it is the path of a graph that somebody made, as ``subface models
    convert`` makes one: it is used where it lies. If its provenance lies beside it, it must be the
    file that was made then.

    Attributes:
        root: The cache folder; the models lie in ``models/<name>/`` below it.
        manifest: What should be there.

    Args:
        root: The cache folder; the user's by default.
        manifest: The shipped one by default.
    """

    def __init__(self, root: Path | None = None, manifest: Manifest | None = None) -> None:
        self.root = cache_root() if root is None else root
        self.manifest = shipped_manifest() if manifest is None else manifest

    def folder(self, name: str) -> Path:
        """Return the folder that a model's files belong into, whether it is there or not."""
        return self.root / "models" / name

    def place(self, name: str) -> Path:
        """Return where a model belongs: its file, or the folder of one of several files.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        own = own_graph(name)
        if own is not None:
            return own
        model = self.manifest.model(name)
        if isinstance(model, FolderModel):
            return self.folder(name)
        if isinstance(model, DerivedModel):
            return self.folder(name) / model.file
        return self._file(name, model)

    def path(self, name: str) -> Path:
        """Return where a model is, a file or a folder, after every digest was checked.

        A file is hashed once in a process, and again if it changed.

        Raises:
            ConfigError: If the manifest has no such model.
            ModelMissingError: If it is not in the cache, or not all of it.
            ModelDigestError: If it is not what the manifest names.
        """
        own = own_graph(name)
        if own is not None:
            return _own_checked(own)
        model = self.manifest.model(name)
        if isinstance(model, DerivedModel):
            self._check(name, self.place(name), self._sha256_of_derived(name, model))
        else:
            for file in model.files:
                self.check(name, file)
        return self.place(name)

    def check(self, name: str, file: ModelFile) -> None:
        """Check one of a model's downloaded files; raises as ``path`` does."""
        self._check(name, self._file(name, file), self._sha256_of_fetched(name, file))

    def tokenizer(self, name: str) -> Path:
        """Return the path of what cuts a text into the tokens of a model; raises as ``path`` does.

        Raises:
            ConfigError: If the model reads no text.
        """
        model = None if own_graph(name) else self.manifest.model(name)
        if not isinstance(model, DerivedModel) or model.tokenizer is None:
            msg = f"model {name!r} has no tokenizer: it reads no text"
            raise ConfigError(msg)
        return self.path(model.tokenizer)

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a model's file; raises as ``path`` does.

        Of several files it is that of their names and digests, a line each, as ``sha256sum`` writes
        them.
        """
        path = self.path(name)
        model = None if own_graph(name) else self.manifest.model(name)
        if not isinstance(model, FolderModel):
            return sha256(path)
        lines = [f"{sha256(path / file.file)}  {file.file}\n" for file in model.files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def weights_digest(self, name: str) -> str:
        """Return the SHA-256 of the weights of a model; raises as ``path`` does.

        Of a derived one it is that of what it was made from: the graph is made on each machine, by
        its own tools, and differs in bytes where it does not in numbers.
        """
        if own_graph(name):
            provenance = read_provenance(self.path(name))
            return provenance.made_from_sha256 if provenance else self.digest(name)
        model = self.manifest.model(name)
        source = self._sha256_of_source(model) if isinstance(model, DerivedModel) else None
        return source or self.digest(name)

    def weights_name(self, name: str) -> str:
        """Return the name of the model that holds the weights: of a derived one what it is made of.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        own = own_graph(name)
        if own is not None:
            return own.stem
        model = self.manifest.model(name)
        return model.made_from if isinstance(model, DerivedModel) else name

    def verify(self, name: str) -> Path:
        """Return the path after hashing everything anew; raises as ``path`` does."""
        _sha256.cache_clear()
        return self.path(name)

    def present(self, name: str) -> bool:
        """Tell whether all of a model is there with the right size; nothing is hashed.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        own = own_graph(name)
        if own is not None:
            return own.is_file()
        model = self.manifest.model(name)
        if not isinstance(model, DerivedModel):
            return all(self._is_whole(name, file) for file in model.files)
        path = self.place(name)
        provenance = read_provenance(path)
        return (
            path.is_file()
            and provenance is not None
            and provenance.size_bytes == path.stat().st_size
            and provenance.conflict(model, self._sha256_of_source(model)) is None
        )

    def require(self, names: Iterable[str]) -> None:
        """Require that models are there, with the tokenizers they need; nothing is hashed.

        Raises:
            ConfigError: If the manifest has no such model.
            ModelMissingError: If some are not there, with the one command that brings all of them.
        """
        wanted = list(names)
        for own in filter(None, map(own_graph, wanted)):
            _own_there(own)
        known = [name for name in wanted if not own_graph(name)]
        missing = [name for name in self.manifest.with_tokenizers(known) if not self._stands(name)]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            msg = (
                f"{', '.join(missing)} {verb} not in {self.root / 'models'}; "
                f"`subface models pull {' '.join(missing)}` brings what is missing"
            )
            raise ModelMissingError(msg)

    def size_bytes(self, name: str) -> int | None:
        """Return what a model takes or will take on the disk; None while nobody knows.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        model = None if own_graph(name) else self.manifest.model(name)
        if model is None or isinstance(model, DerivedModel):
            path = self.place(name)
            return path.stat().st_size if path.is_file() else None
        sizes = [self._size_of_fetched(name, file) for file in model.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def _stands(self, name: str) -> bool:
        model = self.manifest.model(name)
        if isinstance(model, DerivedModel):
            return self.place(name).is_file()
        return all(self._file(name, file).is_file() for file in model.files)

    def _file(self, name: str, file: ModelFile) -> Path:
        for source in file.sources:
            if isinstance(source, ShippedSource):
                return SHIPPED / source.path
        return self.folder(name) / file.file

    def _is_whole(self, name: str, file: ModelFile) -> bool:
        path = self._file(name, file)
        return path.is_file() and path.stat().st_size == self._size_of_fetched(name, file)

    def _check(self, name: str, path: Path, expected: str) -> None:
        got = sha256(path)
        if got != expected:
            msg = f"{path}: expected sha256 {expected}, got {got}; {_again(name)}"
            raise ModelDigestError(msg)

    def _sha256_of_fetched(self, name: str, file: ModelFile) -> str:
        path = _there(name, self._file(name, file))
        if file.sha256 is not None:
            return file.sha256
        first = read_first_pull(path)
        if first is None:
            msg = (
                f"{path}: the manifest knows no digest of it, and none was recorded; "
                f"`subface models pull {name}` records it"
            )
            raise ModelDigestError(msg)
        return first.sha256

    def _size_of_fetched(self, name: str, file: ModelFile) -> int | None:
        if file.size_bytes is not None:
            return file.size_bytes
        first = read_first_pull(self._file(name, file))
        return None if first is None else first.size_bytes

    def _sha256_of_source(self, model: DerivedModel) -> str | None:
        source = self.manifest.source_of(model)
        first = read_first_pull(self.place(model.made_from))
        return source.sha256 or (None if first is None else first.sha256)

    def _sha256_of_derived(self, name: str, model: DerivedModel) -> str:
        path = _there(name, self.place(name))
        provenance = read_provenance(path)
        if provenance is None:
            msg = f"{path}: nothing beside it says what it was made from; {_again(name)}"
            raise ModelDigestError(msg)
        conflict = provenance.conflict(model, self._sha256_of_source(model))
        if conflict:
            msg = f"{path}: it was made otherwise: {conflict}; {_again(name)}"
            raise ModelDigestError(msg)
        return provenance.sha256


@lru_cache(maxsize=256)
def _sha256(path: Path, _mtime_ns: int, _size_bytes: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _there(name: str, path: Path) -> Path:
    if path.is_file():
        return path
    msg = f"model {name!r}: {path} is not there; bring it with `subface models pull {name}`"
    raise ModelMissingError(msg)


def _own_there(path: Path) -> Path:
    if path.is_file():
        return path
    msg = f"{path}: there is no such graph; `subface models convert` makes one out of weights"
    raise ModelMissingError(msg)


def _own_checked(path: Path) -> Path:
    provenance = read_provenance(_own_there(path))
    if provenance is not None and provenance.sha256 != sha256(path):
        msg = (
            f"{path}: expected sha256 {provenance.sha256}, as {path.name}.json beside it says, got "
            f"{sha256(path)}; convert it again, or remove {path.name}.json if the change is yours"
        )
        raise ModelDigestError(msg)
    return path


def _again(name: str) -> str:
    return f"`subface models pull {name}` replaces it"
