"""A reading: what is published of one person at one hop (schema ``subface.reading/1``).

These dataclasses are the one definition of the wire format; the JSON Schema is generated from them.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from engines.spec.labels import Expression
from engines.spec.wire import CLOSED, Amount, Count, Share, Signed, Timestamp, Ulid

SCHEMA: Final = "subface.reading/1"

SurfaceAbstention = Literal["nobody", "no_face", "too_little_data"]
FusedAbstention = Literal["no_network", "nobody", "no_evidence", "unsure"]
Construct = Literal["expressed_valence", "hidden_emotion", "synthetic"]
ModalityState = Literal["ok", "missing", "stale", "untrained", "masked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The share of the window's ticks that hold real data, 0..1 for each modality."""

    __pydantic_config__: ClassVar = CLOSED

    image: Share
    keypoints: Share
    text: Share
    """1 while there are words that are not stale, else 0: they fall on no tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpan:
    """Which stretch of media time a reading speaks of."""

    __pydantic_config__: ClassVar = CLOSED

    start_s: float
    end_s: float
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Wall-clock times, RFC 3339 in UTC."""

    __pydantic_config__: ClassVar = CLOSED

    captured: Timestamp | None
    """When the newest frame was taken; null where the stream does not say."""
    published: Timestamp
    """When the record was handed to the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMs:
    """Where the time went between the arrival of the newest frame and publication."""

    __pydantic_config__: ClassVar = CLOSED

    decode: Amount | None
    """From capture to arrival; null where the capture time is unknown."""
    perceive: Amount
    """From arrival until the frame had been perceived, waiting included."""
    step: Amount
    """From there until the reading had been computed."""
    publish: Amount
    """From there until it was handed to the outbox."""
    total: Amount
    """From arrival to the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What the face shows now."""

    __pydantic_config__: ClassVar = CLOSED

    label: Expression
    """The most probable expression."""
    probabilities: dict[Expression, Share]
    """Of all seven; they sum to 1."""
    valence: Signed
    """Happy minus angry, disgust, fear and sad; -1..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """What the network makes of face, body and words together."""

    __pydantic_config__: ClassVar = CLOSED

    label: str
    """The most probable class of the network."""
    probabilities: dict[str, Share]
    """Of all its classes; they sum to 1."""
    valence: Signed
    """Positive minus negative."""
    construct: Construct
    """What the network was taught; hidden_emotion only from outcomes that no face shows; synthetic:
    made-up interviews, which say nothing of a person."""
    trained_on: str
    """The data it learned from."""
    calibrated_on: str | None
    """The domain on which the probabilities were calibrated; null: they were not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstained:
    """Why a part of the reading is null; null where it is not."""

    __pydantic_config__: ClassVar = CLOSED

    surface: SurfaceAbstention | None
    fused: FusedAbstention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality:
    """What a modality gave, and its share in the fused reading."""

    __pydantic_config__: ClassVar = CLOSED

    state: ModalityState
    """missing: not seen; stale: too old; untrained: not what the network learned from; masked: told
    not to count."""
    share: Share | None
    """Of what moves the fused reading; null while there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modalities:
    """The three branches."""

    __pydantic_config__: ClassVar = CLOSED

    image: Modality
    keypoints: Modality
    text: Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Which network read: its name and digest, and what it was fed."""

    __pydantic_config__: ClassVar = CLOSED

    name: str
    digest: str
    """SHA-256 of its file, or of the names and digests of several."""
    keypoints: str | None
    """Which keypoint network it was fed; null if none."""
    grid_hz: Amount
    """Ticks a second of the time grid it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyNote:
    """The declared purpose, and the notice given to the people watched."""

    __pydantic_config__: ClassVar = CLOSED

    purpose: str
    """One of the purposes that the policy allows."""
    notice: str | None
    """Null where none was required: files and sources on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One person, or nobody, at one hop."""

    __pydantic_config__: ClassVar = CLOSED

    id: Ulid
    """What a consumer tells repeated deliveries by."""
    seq: Count
    """Counts the readings of a source from 0."""
    source: str
    epoch: Count
    """Grows when sound and picture break together: a reconnect, a jump of timestamps."""
    shot: Count
    """Grows at a cut of the picture alone."""
    person_id: str | None
    """Who is read; null if nobody is seen."""
    track_id: int | None
    """The track that the person was last seen on."""
    window: WindowSpan
    at: At
    latency_ms: LatencyMs
    age_ms: Amount | None
    """How old the newest face in the window was at publication; null without a face."""
    surface: Surface | None
    fused: Fused | None
    abstained: Abstained
    contradiction: Share | None
    """|surface.valence - fused valence| / 2, 0..1; there too where ``fused`` abstains as unsure,
    since face and words that disagree are what makes it so."""
    modalities: Modalities
    model: ModelCard
    policy: PolicyNote
    schema: Literal["subface.reading/1"] = SCHEMA
    kind: Literal["reading"] = "reading"
