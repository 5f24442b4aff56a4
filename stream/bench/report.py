"""What a bench found, as one document: its schema is versioned, and a baseline is one of these.

The JSON Schema is generated from these dataclasses (``json_schema``); additions do not change the
version, anything else does.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pydantic import TypeAdapter, ValidationError

from engines.errors import ConfigError
from engines.spec.reading import ModelCard
from engines.spec.wire import CLOSED, Amount, Count, Timestamp
from stream.bench.agreement import Agreement
from stream.bench.engine_setup import EngineSetup
from stream.bench.footprint import Footprint
from stream.bench.item import Item
from stream.bench.machine import Machine
from stream.bench.quantity import Quantity
from stream.bench.spread import Spread
from stream.records import EdgeCount

SCHEMA: Final = "subface.bench/1"
Pace = Literal["realtime", "fast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTimes:
    """One engine: what its calls took, without any waiting."""

    __pydantic_config__: ClassVar = CLOSED

    engine: str
    calls: Count
    calls_hz: Amount
    """A second of the trial."""
    ms: Spread
    """Wall time of the newest calls."""
    cpu_ms_a_call: Amount | None
    """Processor time; null where the engine has threads of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """One worker: of each call what it waited and what was computed, which add up to its total.

    The percentiles of the three do not add up: the slowest wait is not of the slowest call.
    """

    __pydantic_config__: ClassVar = CLOSED

    stage: str
    queue_ms: Spread
    compute_ms: Spread
    total_ms: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The pipeline run for a while on so many copies of the source."""

    __pydantic_config__: ClassVar = CLOSED

    streams: Count
    pace: Pace
    wall_s: Amount
    frames_decoded: Count
    frames_analysed: Count
    frames_hz: Amount
    """Analysed a second, all streams together."""
    least_frames_hz: Amount
    """Of the stream with the fewest."""
    readings: Count
    worst_p95_ms: Amount | None
    """Of the stream with the latest readings, from arrival to publication; null without any."""
    total_ms: Spread | None
    """From the arrival of a reading's newest frame to its publication."""
    queue_ms: Spread | None
    compute_ms: Spread | None
    age_ms: Spread | None
    """Of the newest face in a reading, as published."""
    engines: tuple[EngineTimes, ...]
    stages: tuple[StageTimes, ...]
    edges: tuple[EdgeCount, ...]
    """All streams together: in = out + drops, by reason."""
    items: tuple[Item, ...]
    """The newest readings, each with its parts."""
    footprint: Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """From nothing to the first reading."""

    __pydantic_config__: ClassVar = CLOSED

    load_s: Quantity
    """Until every engine was open, the speech process included."""
    first_reading_s: Quantity
    """Until the first reading was published; the media that it needs (half a second) included."""
    build_s: Quantity
    """Of compiled engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedUp:
    """One engine in the profile's arithmetic and in f32, both at full speed on one copy."""

    __pydantic_config__: ClassVar = CLOSED

    engine: str
    precision: str
    ms: Amount
    """The median."""
    f32_ms: Amount
    times: Amount
    """So many times as fast as in f32."""
    why: str
    """The gate's verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What the speed costs: the readings of this run held against those of the same in f32."""

    __pydantic_config__: ClassVar = CLOSED

    missing: str | None
    """Why nothing was compared; null if it was."""
    agreements: tuple[Agreement, ...] = ()
    engines: tuple[SpeedUp, ...] = ()
    """Those that are not in f32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """From the drawing of a picture to the publication of the reading that it is the newest of.

    The moment at which a picture was drawn is burnt into it, and read back from the picture that
    the eyes look at. On the way lie H.264, MPEG-TS, UDP on loopback, decoding and the pipeline; the
    optics, the exposure and the encoder of a real camera do not, nor does a network.
    """

    __pydantic_config__: ClassVar = CLOSED

    width_px: Count
    height_px: Count
    frames_hz: Amount
    """Of the camera."""
    readings: Count
    """With a moment read from their newest picture."""
    unread: Count
    """Pictures looked at in which no moment could be read."""
    glass_ms: Spread | None
    """From the drawing to the publication."""
    before_ms: Spread | None
    """Of it, until the picture was there decoded."""
    total_ms: Spread | None
    """Of it, from there to the publication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """So many streams, and whether they were held."""

    __pydantic_config__: ClassVar = CLOSED

    streams: Count
    held: bool
    worst_p95_ms: Amount | None
    least_frames_hz: Amount
    why: str
    """By what it was held, or what it missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many streams are held within a latency budget."""

    __pydantic_config__: ClassVar = CLOSED

    budget_ms: Amount
    """No stream's 95th percentile may be later, from arrival to publication."""
    needed_frames_hz: Amount
    """No stream may be analysed less often."""
    largest: Count
    """0: not even one is held."""
    limit: Count
    """More were not tried."""
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was measured: which configuration on which source."""

    __pydantic_config__: ClassVar = CLOSED

    profile: str
    profile_digest: str
    """Of all its keys but the broker's, as they were after the overrides."""
    source: str
    """Its address, without a password; of a file its name."""
    source_digest: str | None
    """Of a file; null for a stream."""
    streams: Count
    for_s: Amount
    """How long each trial lasted at most."""
    models: tuple[ModelCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one bench found."""

    __pydantic_config__: ClassVar = CLOSED

    made: Timestamp
    command: str
    subject: Subject
    machine: Machine
    versions: dict[str, str]
    cold_start: ColdStart
    live: Trial
    """In real time, where a full channel drops the oldest, as of a camera."""
    fast: Trial | None
    """As fast as it can be read, nothing dropped; null for a source that has its own pace."""
    glass: Glass | None
    """Null where it was not asked for."""
    capacity: Capacity | None
    """Null where it was not asked for."""
    engines: tuple[EngineSetup, ...]
    accuracy: Accuracy
    schema: Literal["subface.bench/1"] = SCHEMA
    kind: Literal["bench"] = "bench"


_REPORTS: TypeAdapter[Report] = TypeAdapter(Report)


def to_json(report: Report) -> bytes:
    """Return a report as an indented JSON document."""
    return _REPORTS.dump_json(report, indent=2) + b"\n"


def read_report(path: Path) -> Report:
    """Return the report in a file.

    Raises:
        ConfigError: If it cannot be read, or is none of this version.
    """
    try:
        return _REPORTS.validate_json(path.read_bytes())
    except OSError as error:
        msg = f"baseline {path}: cannot be read ({error.strerror})"
        raise ConfigError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        msg = (
            f"baseline {path}: {where}: {first['msg']}; expected a {SCHEMA} report, as "
            "`subface bench --json FILE` writes it"
        )
        raise ConfigError(msg) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a report."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:subface:bench:1",
        **_REPORTS.json_schema(mode="serialization"),
    }
