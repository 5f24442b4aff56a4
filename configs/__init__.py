"""The shipped profiles and the model manifest, as YAML."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

NO_PROFILES: Final = frozenset({"models", "outcome_words", "precision"})


def shipped(name: str) -> Path:
    """Return the path of a shipped file.

    Args:
        name: The file's name in this folder, such as ``embedded.yaml``.

    Returns:
        The path; the file need not exist.
    """
    with as_file(files("configs")) as folder:
        return folder / name


def shipped_profiles() -> list[str]:
    """Return the names of the shipped profiles, sorted."""
    return sorted(path.stem for path in shipped("").glob("*.yaml") if path.stem not in NO_PROFILES)
