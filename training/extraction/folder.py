"""The folder that an extraction writes: what of it is still good, and what is added to it.

A source is in the manifest when all its shards are written, so that whatever ends a run in between
costs the source that it was at and no other.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from engines.errors import ConfigError
from stream.source.spec import SourceSpec
from training.errors import DatasetError
from training.extraction.made_by import differences
from training.extraction.manifest import (
    MANIFEST,
    MadeBy,
    ShardManifest,
    ShardNote,
    SourceNote,
    check_whole,
    read_manifest,
    write_manifest,
)
from training.extraction.recording import Recorded
from training.extraction.shard import write_shard
from training.interview import Entry

LOCK: Final = ".shards.lock"


class ExtractionFolder:
    """A folder of shards that is being written.

    Args:
        folder: It exists; no other extraction writes to it.
        made_by: What makes the shards of this run.
        transcript: The file of the words of its source, where they are given and not heard.

    Attributes:
        folder: As above.

    Raises:
        DatasetError: If it has a manifest that cannot be read, or of shards made otherwise.
    """

    def __init__(self, folder: Path, made_by: MadeBy, transcript: Path | None = None) -> None:
        self.folder = folder
        self._transcript = None if transcript is None else _digest(transcript)
        self._manifest = ShardManifest(made_by=made_by)
        if (folder / MANIFEST).exists():
            self._manifest = read_manifest(folder)
            differing = differences(self._manifest.made_by, made_by)
            if differing:
                msg = (
                    f"{folder}: its shards were made otherwise than this run would ({differing}); "
                    "name another --out, or remove the folder"
                )
                raise DatasetError(msg)

    def has(self, spec: SourceSpec) -> bool:
        """Return whether the shards of a source are there already; the file is read for it.

        Raises:
            DatasetError: If they are there, and one is not what was written.
            ConfigError: If it is a live source of which there is a recording: it would be lost.
        """
        note = self._manifest.sources.get(spec.name)
        if note is None:
            return False
        if spec.kind == "live" or note.live:
            msg = (
                f"{spec.name}: {self.folder} has a recording of that name, which is kept; name the "
                f"source otherwise, NAME={spec.address}"
            )
            raise ConfigError(msg)
        same = note.sha256 is not None and note.sha256 == file_digest(spec)
        if not same or note.transcript != self._transcript:
            return False
        check_whole(self.folder, note)
        return True

    def write(
        self,
        spec: SourceSpec,
        recorded: list[Recorded],
        *,
        frames: int,
        dropped: int,
    ) -> SourceNote:
        """Write the shards of a source that came to its end, in the place of older ones.

        Args:
            spec: Which source.
            recorded: Everybody in it.
            frames: How many were looked at.
            dropped: How many were not.

        Raises:
            DatasetError: If a feature is no number, or the folder cannot be written.
        """
        for own in recorded:
            # a reader would refuse it: better now, while its source can still be named
            nominal = Entry(name=f"{spec.name}, {own.person}", subject=own.person, label=0)
            own.shard.interview(nominal, grid_hz=self._manifest.made_by.grid_hz)
        old = self._manifest.sources.get(spec.name)
        try:
            note = SourceNote(
                address=spec.address,
                live=spec.kind == "live",
                sha256=file_digest(spec),
                transcript=self._transcript,
                frames=frames,
                dropped=dropped,
                shards=tuple(self._written(spec.name, own) for own in recorded),
            )
            self._manifest = self._manifest.having(spec.name, note)
            write_manifest(self.folder, self._manifest)
            kept = {shard.file for shard in note.shards}
            for shard in () if old is None else old.shards:
                if shard.file not in kept:
                    (self.folder / shard.file).unlink(missing_ok=True)
        except OSError as error:
            msg = f"--out {self.folder}: the shards of {spec.name} cannot be written: {error}"
            raise DatasetError(msg) from error
        return note

    def _written(self, source: str, own: Recorded) -> ShardNote:
        file = f"{source}.e{own.epoch}.{own.person}.npz"
        sha256, size_bytes = write_shard(self.folder / file, own.shard)
        return ShardNote(
            file=file,
            sha256=sha256,
            size_bytes=size_bytes,
            epoch=own.epoch,
            person=own.person,
            first_tick=own.first_tick,
            ticks=len(own.shard.time_s),
            seen_ticks=int(own.shard.seen.sum()),
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make a folder and hold it: two extractions would undo each other's manifest.

    Raises:
        ConfigError: If it cannot be made, or another extraction writes to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = f"--out {folder}: another extraction writes there; wait for it, or name another"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"--out {folder}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
    try:
        yield
    finally:
        lock.release()


def file_digest(spec: SourceSpec) -> str | None:
    """Return the SHA-256 of a source's file; None where it has none. It blocks."""
    if spec.kind == "live" or spec.scheme != "file":
        return None
    return _digest(Path(spec.url))


def _digest(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
