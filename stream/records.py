"""The records on the wire: one closed schema for MQTT, JSON lines and the page alike.

The reading is defined in ``engines.spec.reading``; the records around it, here. The JSON Schema is
generated from these dataclasses, and the shipped copy is held equal to it by a test.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from engines.spec.frame import GapReason
from engines.spec.reading import SCHEMA, ModelCard, PolicyNote, Reading
from engines.spec.transcript import Speaker, Word
from engines.spec.wire import CLOSED, Amount, Count, Timestamp, Ulid

Role = Literal["video", "audio", "perception", "speech", "reading"]
State = Literal["waiting", "ok", "reconnecting", "absent", "ended", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """A source of the session; its address never contains a password."""

    __pydantic_config__: ClassVar = CLOSED

    name: str
    """The level of the MQTT topics that its records go to."""
    address: str
    """Where it is, without user and password."""
    live: bool
    """True if it goes on until it is stopped; a file ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The first record of a run: who reads what, with which networks."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    site: str
    """The level of the MQTT topics under which everything of this run goes."""
    program: str
    """Name and version."""
    profile: str
    started: Timestamp
    sources: tuple[SourceNote, ...]
    models: tuple[ModelCard, ...]
    policy: PolicyNote
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["session"] = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """Media that did not come."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    source: str
    epoch: Count
    """The epoch that starts after the gap, or goes on after it."""
    medium: Literal["video", "audio"]
    reason: GapReason
    start_s: float | None
    """Media time at which the last data before it ended; null if there was none."""
    end_s: float | None
    """Media time at which data go on, where both lie on one clock."""
    lost_s: Amount
    """How long it lasted."""
    published: Timestamp
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["gap"] = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An episode of someone being watched: it begins, and it ends."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    source: str
    epoch: Count
    episode: str
    """The same for the records of one episode."""
    phase: Literal["new", "update", "end"]
    type: Literal["person"]
    person_id: str
    time_s: float
    """Media time."""
    published: Timestamp
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What is known of one utterance; a later revision replaces an earlier one."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    """Of this revision: what a consumer tells repeated deliveries by."""
    source: str
    epoch: Count
    utterance: Count
    """Counts the utterances of a source from 0; the same in all revisions of one."""
    revision: Count
    final: bool
    """True for the last revision."""
    start_s: float
    """Media time at which it begins."""
    end_s: float
    """Media time at which its newest word ends."""
    available_s: float
    """Media time at which this revision was known."""
    language: str | None
    """ISO 639-1; null while it is not known."""
    speaker: Speaker
    """Whether somebody who is watched says it; unknown until it is final."""
    person_id: str | None
    """Who of those in the picture says it; null if nobody of them, or it cannot be told."""
    text: str
    """All words, as one line."""
    words: tuple[Word, ...]
    """The final ones first."""
    channel: Count | None = None
    """The channel of the sound that it was said in, 0 for the left one; null where they are mixed.
    What is said in another channel may overlap it in time."""
    published: Timestamp
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["transcript"] = "transcript"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of one role of one source; retained, and republished on every connect."""

    __pydantic_config__: ClassVar = CLOSED

    source: str
    role: Role
    state: State
    detail: str | None
    """Why, in one line, where there is something to say."""
    since: Timestamp
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["status"] = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCount:
    """What went over one edge of the pipeline: in = out + sum(drops)."""

    __pydantic_config__: ClassVar = CLOSED

    edge: str
    received: Count
    delivered: Count
    drops: dict[str, Count]
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """The spread of a measured quantity over the newest ``n`` samples."""

    __pydantic_config__: ClassVar = CLOSED

    n: Count
    p50: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSummary:
    """What was heard in one source."""

    __pydantic_config__: ClassVar = CLOSED

    utterances: Count
    """Final ones."""
    words: Count
    words_of_subject: Count
    """Said by somebody who is watched."""
    passes: Count
    """Runs of the recogniser."""
    skipped_s: Amount
    """Sound that was never recognised: the recogniser died on it, or was too slow."""
    switches: Count
    """Changes between believing words as two passes agree and one pass an utterance."""
    delay_s: Quantiles | None
    """From the end of a word until it was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """What became of one source."""

    __pydantic_config__: ClassVar = CLOSED

    source: str
    outcome: str
    """ended, interrupted, or the error it failed with."""
    media_s: Amount
    """How much media time was watched."""
    wall_s: Amount
    """How long that took."""
    epochs: Count
    shots: Count
    frames_decoded: Count
    frames_analysed: Count
    sound_s: Amount
    readings: Count
    readings_with_surface: Count
    readings_with_fused: Count
    gaps: Count
    edges: tuple[EdgeCount, ...]
    total_ms: Quantiles | None
    """From the arrival of a reading's newest frame to the outbox."""
    speech: SpeechSummary | None = None
    """Null where nobody listened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The last record of a run."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    session: Ulid
    """The id of the session it sums up."""
    ended: Timestamp
    sources: tuple[SourceSummary, ...]
    deliveries: tuple[EdgeCount, ...]
    """One for each sink: mqtt, jsonl; the summary itself is not in them."""
    cpu_s: Amount
    """Processor seconds of the program, its speech process and, where that is a process of its own,
    its perception, since its engines were open."""
    engine_s: dict[str, Amount]
    """Wall seconds inside each engine."""
    engine_cpu_s: dict[str, Amount] | None
    """Processor seconds inside each engine; null where an engine has threads of its own."""
    peak_memory_mb: Amount
    """Of the program itself."""
    speech_restarts: Count = 0
    """How often the speech process died and was started again."""
    perception_restarts: Count = 0
    """How often the perception process died, hung or lost its card, and was started again."""
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["summary"] = "summary"


Record = Session | Reading | Transcript | GapRecord | Event | Status | Summary

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


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002
        return False


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of every record."""
    schema = _RECORDS.json_schema(mode="serialization", schema_generator=_Untitled)
    # A word of OpenAPI that strict validators refuse; the constant kinds tell the records apart.
    del schema["discriminator"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:subface:reading:1",
        "title": "A record of Subface",
        **schema,
    }
