"""Files that are read and written so that nobody can slip another one in.

What is read is a regular file of the folder itself: no link, no pipe, no device; it is opened once,
and what was checked is what is used. What is written appears whole or not at all.
"""

import errno
import os
import stat
from pathlib import Path

from engines.errors import PlanError


def read_plain(path: Path, *, most_bytes: int) -> bytes | None:
    """Return the content of a file; None if there is nothing of this name.

    Raises:
        PlanError: If it is no regular file, cannot be read, or is larger than it may be.
    """
    try:
        # without NONBLOCK a pipe would hold up the opening
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        link = error.errno == errno.ELOOP
        msg = f"{path}: {'a link, expected a file' if link else error.strerror}"
        raise PlanError(msg) from error
    try:
        return _content(descriptor, path, most_bytes)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place by a rename, after its content reached the disk.

    Raises:
        OSError: If it cannot be written; nothing is left behind then.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(part, flags, 0o644), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _content(descriptor: int, path: Path, most_bytes: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        msg = f"{path}: expected a file, got {_kind(status.st_mode)}"
        raise PlanError(msg)
    if status.st_size > most_bytes:
        msg = f"{path}: expected {most_bytes} bytes, got {status.st_size}"
        raise PlanError(msg)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(most_bytes + 1)


def _kind(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "something else"
