"""The cache of models: a name becomes the path of a file that is what the manifest says.

Nothing is downloaded here: a run that finds a model missing stops and says which command brings it.
"""

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path

from engines.errors import ModelDigestError, ModelMissingError
from engines.models.manifest import DerivedModel, FetchedModel, Manifest, shipped_manifest
from engines.models.provenance import Provenance, read_first_pull, read_provenance


def cache_root() -> Path:
    """Return the cache folder: ``$SUBFACE_CACHE``, or the user's own."""
    stated = os.environ.get("SUBFACE_CACHE")
    return Path(stated).expanduser() if stated else user_cache_path("subface", appauthor=False)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; a file is read again only if it changed."""
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size, status.st_ino)


class ModelStore:
    """The files of a manifest in a cache folder.

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

    def file(self, name: str) -> Path:
        """Return where a model's file belongs, whether it is there or not.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        return self.root / "models" / name / self.manifest.model(name).file

    def path(self, name: str) -> Path:
        """Return the path of a model's file, after its digest was checked.

        The file is hashed once in a process, and again if it changed.

        Raises:
            ConfigError: If the manifest has no such model.
            ModelMissingError: If it is not in the cache.
            ModelDigestError: If it is not what the manifest names.
        """
        self._check(name)
        return self.file(name)

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a model's file; raises as ``path`` does."""
        self._check(name)
        return sha256(self.file(name))

    def verify(self, name: str) -> Path:
        """Return the path after hashing the file anew; raises as ``path`` does."""
        _sha256.cache_clear()
        return self.path(name)

    def present(self, name: str) -> bool:
        """Tell whether a model's file is there with the right size; nothing is hashed.

        Raises:
            ConfigError: If the manifest has no such model.
        """
        path = self.file(name)
        model = self.manifest.model(name)
        if not path.is_file():
            return False
        if isinstance(model, FetchedModel):
            return path.stat().st_size == self._size_of_fetched(name, model)
        provenance = read_provenance(path)
        return (
            provenance is not None
            and provenance.size_bytes == path.stat().st_size
            and provenance.conflict(model, self._sha256_of_source(model)) is None
        )

    def require(self, names: Iterable[str]) -> None:
        """Require that models are there; nothing is hashed.

        Raises:
            ConfigError: If the manifest has no such model.
            ModelMissingError: If some are not there, with the one command that brings all of them.
        """
        missing = [name for name in names if not self.file(name).is_file()]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            msg = (
                f"{', '.join(missing)} {verb} not in {self.root / 'models'}; "
                f"`subface models pull {' '.join(missing)}` brings what is missing"
            )
            raise ModelMissingError(msg)

    def _check(self, name: str) -> None:
        path = self.file(name)
        if not path.is_file():
            msg = f"model {name!r}: {path} is not there; bring it with `subface models pull {name}`"
            raise ModelMissingError(msg)
        expected = self._expected(name, path)
        got = sha256(path)
        if got != expected:
            msg = f"{path}: expected sha256 {expected}, got {got}; {_again(name)}"
            raise ModelDigestError(msg)

    def _expected(self, name: str, path: Path) -> str:
        model = self.manifest.model(name)
        if isinstance(model, FetchedModel):
            return self._sha256_of_fetched(name, model)
        provenance = read_provenance(path)
        if provenance is None:
            msg = f"{path}: nothing beside it says what it was made from; {_again(name)}"
            raise ModelDigestError(msg)
        return self._sha256_of_derived(name, model, provenance)

    def _sha256_of_fetched(self, name: str, model: FetchedModel) -> str:
        if model.sha256 is not None:
            return model.sha256
        first = read_first_pull(self.file(name))
        if first is None:
            msg = (
                f"{self.file(name)}: the manifest knows no digest of it, and none was recorded; "
                f"`subface models pull {name}` records it"
            )
            raise ModelDigestError(msg)
        return first.sha256

    def _size_of_fetched(self, name: str, model: FetchedModel) -> int | None:
        if model.size_bytes is not None:
            return model.size_bytes
        first = read_first_pull(self.file(name))
        return None if first is None else first.size_bytes

    def _sha256_of_source(self, model: DerivedModel) -> str | None:
        source = self.manifest.source_of(model)
        first = read_first_pull(self.file(model.made_from))
        return source.sha256 or (None if first is None else first.sha256)

    def _sha256_of_derived(self, name: str, model: DerivedModel, provenance: Provenance) -> str:
        conflict = provenance.conflict(model, self._sha256_of_source(model))
        if conflict:
            msg = f"{self.file(name)}: it was made otherwise: {conflict}; {_again(name)}"
            raise ModelDigestError(msg)
        return provenance.sha256


@lru_cache(maxsize=256)
def _sha256(path: Path, _mtime_ns: int, _size_bytes: int, _inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _again(name: str) -> str:
    return f"`subface models pull {name}` replaces it"
