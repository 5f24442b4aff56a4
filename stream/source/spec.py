"""What a source is called, where it is, and of which kind it is."""

from dataclasses import dataclass
from typing import Literal

from engines.spec.frame import Frame, Gap, Sound
from stream.records import State

SourceKind = Literal["file", "picture", "live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One source of a run.

    Attributes:
        name: Unique in a run and fit for a level of an MQTT topic.
        url: As the user gave it; it may hold a password, so it is never logged.
        address: The same without user and password: what logs, errors and records show.
        kind: A file ends; a picture has one frame; a live source is reopened when it ends.
        loopback: True if nothing of it comes over a network from another machine.
    """

    name: str
    url: str
    address: str
    kind: SourceKind
    loopback: bool

    @property
    def scheme(self) -> str:
        """How it is reached: rtsp, http, udp, srt, camera, lavfi, ..., or file for a path."""
        return scheme_of(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A change of how the source's picture or sound is doing, told as it happens."""

    source: str
    role: Literal["video", "audio"]
    state: State
    detail: str | None


Item = Frame | Sound | Gap | SourceState
"""What a source yields."""


def scheme_of(url: str) -> str:
    """Return how an address is reached, in lower case; file for a path."""
    if url.startswith("/dev/video"):
        return "camera"
    head, colon, rest = url.partition(":")
    if colon and head.lower() in {"camera", "lavfi"}:
        return head.lower()
    return head.lower() if rest.startswith("//") else "file"
