"""One file a source: where several sources of a run each write their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def source_paths(path: Path, sources: Sequence[str]) -> Mapping[str, Path]:
    """Return the file of each source: the path itself for one, one beside the other for several."""
    if len(sources) == 1:
        return {sources[0]: path}
    return {name: path.with_name(f"{path.stem}.{name}{path.suffix}") for name in sources}
