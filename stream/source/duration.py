"""How long a file says that it is: for what shows how far it was read, and nothing else."""

import av

from stream.source.spec import SourceSpec

MICROSECONDS = 1_000_000


def duration_s(spec: SourceSpec) -> float | None:
    """Return how long a file is, by its container; None where that is not known. It blocks."""
    if spec.kind != "file" or spec.scheme != "file":
        return None
    try:
        with av.open(spec.url, options={"pattern_type": "none"}) as file:
            length: int | None = file.duration
    except (av.FFmpegError, ValueError):
        return None  # whoever reads it says what is wrong with it
    return None if length is None else length / MICROSECONDS
