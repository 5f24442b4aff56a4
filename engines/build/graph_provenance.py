"""A graph's place in the cache, with its provenance beside it.

Both files appear by a rename: what is in the cache is whole. It knows neither torch nor ONNX, since
not every recipe needs both.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any


def place_graph(part: Path, out: Path, provenance: Mapping[str, Any]) -> None:
    """Move a finished graph to its place and write what it was made from beside it.

    Args:
        part: The graph, in the folder of ``out``.
        out: Where the .onnx file goes.
        provenance: What it was made from, by which recipe, with which settings.
    """
    described = {"sha256": sha256(part), "size_bytes": part.stat().st_size, **provenance}
    part.replace(out)
    part.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    part.replace(out.with_name(f"{out.name}.json"))


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of what made a graph, by package name."""
    return {name: version(name) for name in packages}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
