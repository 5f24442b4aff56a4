"""``shards.json``: what a folder of shards was made from, by what, and the digest of each shard.

One folder holds the shards made in one way, so that whatever learns from it was fed by the same
networks throughout. The file is the same, byte for byte, when the same sources are extracted again
on the same machine: no time of day and no duration of a run is in it.
"""

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from engines.sequence.checkpoint import Fed, Sha256
from engines.sequence.shape import Closed, Modality
from training.errors import DatasetError
from training.extraction.shard import read_whole

MANIFEST: Final = "shards.json"

Counted = Annotated[int, Field(ge=0)]


class ShardNote(Closed):
    """One shard: one person in one epoch."""

    file: Annotated[str, Field(pattern=r"^[^/\\]+\.npz$")]
    sha256: Sha256
    size_bytes: Counted
    epoch: Counted
    person: str
    first_tick: int
    """The place of its first row on the grid."""
    ticks: Counted
    """Its rows."""
    seen_ticks: Counted
    """Those with a face or a body."""


class SourceNote(Closed):
    """One source that was read to its end."""

    address: str
    live: bool
    sha256: Sha256 | None
    """Of the file; null where there is none."""
    transcript: Sha256 | None = None
    """Of the file of its words, where they were given; null where they were heard."""
    frames: Counted
    """That were looked at."""
    dropped: Counted
    """That a live source brought faster than they could be looked at."""
    shards: tuple[ShardNote, ...]

    def longest(self, person: str | None = None) -> ShardNote | None:
        """Return the shard in which somebody, or the person named, was seen longest."""
        own = [note for note in self.shards if person is None or note.person == person]
        return max(own, key=lambda note: note.seen_ticks, default=None)


class MadeBy(Closed):
    """All that decides, beside the source, what a shard holds."""

    program: str
    profile: str
    profile_sha256: Sha256
    """Of the settings that matter."""
    subject: Literal["main", "all"]
    grid_hz: Annotated[float, Field(gt=0)]
    word_delay_s: Annotated[float, Field(ge=0)]
    """So much after it was heard was a word of a file known."""
    fed: dict[Modality, Fed]
    models: dict[str, Sha256]
    """Every network that had a part in it, by name."""


class ShardManifest(Closed):
    """``shards.json``."""

    format: Literal["subface.shards/1"] = "subface.shards/1"
    made_by: MadeBy
    sources: dict[str, SourceNote] = Field(default_factory=dict)

    def having(self, name: str, source: SourceNote) -> "ShardManifest":
        """Return it with a source more, or another in the place of one; sources by name."""
        sources = {**self.sources, name: source}
        return self.model_copy(update={"sources": dict(sorted(sources.items()))})


def read_manifest(folder: Path) -> ShardManifest:
    """Read the manifest of a folder.

    Raises:
        DatasetError: If there is none, or it is not what it must be.
    """
    path = folder / MANIFEST
    try:
        return ShardManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        msg = f"{path}: no shards here; `subface extract SOURCES... --out {folder}` makes them"
        raise DatasetError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        msg = f"{path}: {place}: {first['msg']}; extract into an empty folder"
        raise DatasetError(msg) from error


def write_manifest(folder: Path, manifest: ShardManifest) -> None:
    """Write the manifest of a folder by a rename."""
    part = folder / f".{MANIFEST}.part"
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)


def check_whole(folder: Path, source: SourceNote) -> None:
    """Read all shards of a source; raises as ``read_shard`` does if one is not what was written."""
    for note in source.shards:
        read_whole(folder / note.file, sha256=note.sha256, size_bytes=note.size_bytes)
