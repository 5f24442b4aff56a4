"""Where a file in the cache comes from, where the manifest cannot say it: a JSON file beside it.

A converted graph has no published digest, since it depends on the versions of the converter. What
can be checked is that it is still the file that the conversion wrote, from the source that the
manifest names, by the recipe that this version expects. A download whose digest the manifest does
not know is held to what the first pull brought.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from engines.models.manifest import Bytes, DerivedModel
from engines.models.source import Entry, Sha256

Kind = TypeVar("Kind", bound=Entry)


class Provenance(Entry):
    """The content of the file beside a derived model; written by ``engines.build``."""

    sha256: Sha256
    """Of the derived file."""
    size_bytes: Bytes
    made_from_sha256: Sha256
    made_from: str | None = None
    """What the digest is of, where that is no file of the manifest."""
    recipe: str
    revision: int
    canvas_hw: tuple[int, int] | None = None
    tokens: int | None = None
    options: Mapping[str, str] = {}
    tools: Mapping[str, str]
    """Versions of what made it, by package name."""

    def conflict(self, model: DerivedModel, made_from_sha256: str | None) -> str | None:
        """Say what differs from the manifest, or None if nothing does.

        Args:
            model: The manifest's entry.
            made_from_sha256: The digest of what it should be made from; None where nobody knows.
        """
        expected = {
            "made_from_sha256": made_from_sha256 or self.made_from_sha256,
            "recipe": model.recipe,
            "revision": model.revision,
            "canvas_hw": model.canvas_hw,
            "tokens": model.tokens,
        }
        for key, want in expected.items():
            got = getattr(self, key)
            if got != want:
                return f"{key}: expected {want}, got {got}"
        for key, value in model.options.items():
            if self.options.get(key) != value:
                return f"options.{key}: expected {value}, got {self.options.get(key)}"
        return None


class FirstPull(Entry):
    """The content of the file beside a download whose digest the manifest does not know."""

    sha256: Sha256
    size_bytes: Bytes
    origin: str
    """Where it came from."""


def provenance_path(file: Path) -> Path:
    """Return where the provenance of a file lies."""
    return file.with_name(f"{file.name}.json")


def read_provenance(file: Path) -> Provenance | None:
    """Read the provenance of a derived file; None if it is absent or damaged."""
    return _read(file, Provenance)


def read_first_pull(file: Path) -> FirstPull | None:
    """Read what was recorded when a file was first pulled; None if it is absent or damaged."""
    return _read(file, FirstPull)


def record_first_pull(file: Path, record: FirstPull) -> None:
    """Write the record beside the file, by a rename."""
    place = provenance_path(file)
    part = place.with_name(f".{place.name}.part")
    part.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(place)


def _read(file: Path, kind: type[Kind]) -> Kind | None:
    try:
        return kind.model_validate_json(provenance_path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
