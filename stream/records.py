"""The records on the wire: one closed schema for MQTT, JSON lines and the page alike.

The reading is defined in ``engines.spec.reading``; the records around it, here. The JSON Schema is
generated from these dataclasses, and the shipped copy is held equal to it by a test.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from engines.spec.frame import GapReason
from engines.spec.reading import CLOSED, SCHEMA, ModelCard, PolicyNote, Reading

Role = Literal["video", "audio", "speech", "reading"]
State = Literal["waiting", "ok", "reconnecting", "absent", "ended", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """A source of the session; its address never contains a password."""

    __pydantic_config__: ClassVar = CLOSED

    name: str
    address: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The first record of a run: who reads what, with which networks."""

    __pydantic_config__: ClassVar = CLOSED

    id: str
    site: str
    program: str
    """Name and version."""
    profile: str
    started: str
    sources: tuple[SourceNote, ...]
    models: tuple[ModelCard, ...]
    policy: PolicyNote
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["session"] = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """Media that did not come."""

    __pydantic_config__: ClassVar = CLOSED

    id: str
    source: str
    epoch: int
    medium: Literal["video", "audio"]
    reason: GapReason
    start_s: float | None
    end_s: float | None
    lost_s: float
    published: str
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["gap"] = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An episode of someone being watched: it begins, and it ends."""

    __pydantic_config__: ClassVar = CLOSED

    id: str
    source: str
    epoch: int
    episode: str
    """The same for the records of one episode."""
    phase: Literal["new", "update", "end"]
    type: Literal["person"]
    person_id: str
    time_s: float
    published: str
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one role of one source; retained, and republished on every connect."""

    __pydantic_config__: ClassVar = CLOSED

    source: str
    role: Role
    state: State
    detail: str | None
    since: str
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["status"] = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCount:
    """What went over one edge of the pipeline: in = out + sum(drops)."""

    __pydantic_config__: ClassVar = CLOSED

    edge: str
    received: int
    delivered: int
    drops: dict[str, int]
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """The spread of a measured quantity over the newest ``n`` samples."""

    __pydantic_config__: ClassVar = CLOSED

    n: int
    p50: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """What became of one source."""

    __pydantic_config__: ClassVar = CLOSED

    source: str
    outcome: str
    """ended, interrupted, or the error it failed with."""
    media_s: float
    wall_s: float
    epochs: int
    shots: int
    frames_decoded: int
    frames_analysed: int
    sound_s: float
    readings: int
    readings_with_surface: int
    gaps: int
    edges: tuple[EdgeCount, ...]
    total_ms: Quantiles | None
    """From the arrival of a reading's newest frame to the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The last record of a run."""

    __pydantic_config__: ClassVar = CLOSED

    id: str
    session: str
    ended: str
    sources: tuple[SourceSummary, ...]
    deliveries: tuple[EdgeCount, ...]
    """One for each sink: mqtt, jsonl."""
    cpu_s: float
    engine_s: dict[str, float]
    """Wall seconds inside each engine."""
    peak_memory_mb: float
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["summary"] = "summary"


Record = Session | Reading | GapRecord | Event | Status | Summary

_RECORDS: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


def to_json(record: Record) -> bytes:
    """Return a record as one line of UTF-8 JSON, without the newline."""
    return _RECORDS.dump_json(record)


def from_json(line: bytes | str) -> Record:
    """Return the record in a line of JSON.

    Raises:
        pydantic.ValidationError: If it is not a record of this schema.
    """
    return _RECORDS.validate_json(line)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of every record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:subface:reading:1",
        "title": "A record of Subface",
        **_RECORDS.json_schema(mode="serialization"),
    }
