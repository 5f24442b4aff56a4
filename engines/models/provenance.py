"""What a derived file was made from, by which recipe and tools: a JSON file beside it.

A converted graph has no published digest, since it depends on the versions of the converter. What
can be checked is that it is still the file that the conversion wrote, from the source that the
manifest names, by the recipe that this version expects.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from engines.models.manifest import Bytes, DerivedModel, Entry, FetchedModel, Sha256


class Provenance(Entry):
    """The content of the file beside a derived model; written by ``engines.build``."""

    sha256: Sha256
    """Of the derived file."""
    size_bytes: Bytes
    made_from_sha256: Sha256
    recipe: str
    revision: int
    canvas_hw: tuple[int, int]
    tools: Mapping[str, str]
    """Versions of what made it, by package name."""

    def conflict(self, model: DerivedModel, source: FetchedModel) -> str | None:
        """Say what differs from the manifest, or None if nothing does."""
        expected = {
            "made_from_sha256": source.sha256,
            "recipe": model.recipe,
            "revision": model.revision,
            "canvas_hw": model.canvas_hw,
        }
        for key, want in expected.items():
            got = getattr(self, key)
            if got != want:
                return f"{key}: expected {want}, got {got}"
        return None


def provenance_path(file: Path) -> Path:
    """Return where the provenance of a derived file lies."""
    return file.with_name(f"{file.name}.json")


def read_provenance(file: Path) -> Provenance | None:
    """Read the provenance of a derived file; None if it is absent or damaged."""
    try:
        text = provenance_path(file).read_text(encoding="utf-8")
        return Provenance.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
