"""What one run is to do, once arguments and profile have been understood."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from stream.config import Profile
from stream.source.spec import SourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do.

    Attributes:
        profile: Its configuration.
        sources: What to read.
        mqtt_url: The broker, resolved; None for none.
        jsonl: Where to write every record; None for nowhere; ``-`` is stdout.
        console: Where to show readings; None for nowhere.
        for_s: Stop after so long; None for never.
        annotated: Where the annotated video goes; None for nowhere.
        captions: Where what was said goes as WebVTT; None for nowhere.
    """

    profile: Profile
    sources: Sequence[SourceSpec]
    mqtt_url: str | None
    jsonl: Path | None
    console: Console | None
    for_s: float | None
    annotated: Path | None = None
    captions: Path | None = None
