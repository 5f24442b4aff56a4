"""A profile: everything a run is told, from one closed YAML file and ``--set`` overrides."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from engines.config import (
    NetworkConfig,
    PerceptionConfig,
    Positive,
    Section,
    SpeechConfig,
    TextConfig,
)
from stream.redaction import hide_login

Pace = Literal["auto", "realtime", "fast"]
Subject = Literal["main", "all"]
Channels = Literal["auto", "mix", "apart"]
TopicLevel = Annotated[str, Field(pattern=r"^[^/+#\s]+$")]


class ShotConfig(Section):
    """When a change of the picture is a cut."""

    threshold: Positive = 14.0
    """Content score of PySceneDetect on a picture ``width_px`` wide; its default 27 misses cuts."""
    width_px: Annotated[int, Field(ge=32)] = 160
    min_distance_s: Positive = 0.3
    """Cuts closer than this are one."""


class ReconnectConfig(Section):
    """How a live source that broke is reopened: exponential back-off with jitter."""

    early_cap_s: Positive = 1.0
    """The longest pause within the first ``early_s`` of an outage."""
    early_s: Positive = 10.0
    late_cap_s: Positive = 15.0
    """The longest pause later."""


class SourceConfig(Section):
    """How sources are opened, paced and watched."""

    pace: Pace = "auto"
    """auto: files in real time, live sources as they come; fast: files as fast as they can."""
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: Positive = 5.0
    stall_s: Positive = 2.0
    """A live source without a picture for so long is reopened."""
    decode: Annotated[str, Field(pattern=r"^(software|auto|cuda(:\d+)?)$")] = "software"
    """Where pictures are decoded. cuda, cuda:N: on NVIDIA's card; software where it cannot be had,
    cannot decode the stream or fails, which is said; auto: on the first card, if there is one."""
    sound: bool = True
    """Decode the sound of the source."""
    channels: Channels = "auto"
    """Of sound in two channels. mix: they are heard as one; apart: each by itself, so that two who
    talk at once, each with a microphone, are both understood; auto: apart where a file plainly has
    a voice of its own in each within its first half minute; a live source is mixed."""
    shots: ShotConfig = ShotConfig()
    reconnect: ReconnectConfig = ReconnectConfig()


class ReadingConfig(Section):
    """When a reading is made, of whom, and from how much."""

    grid_hz: Positive = 12.5
    hop_s: Positive = 0.5
    surface_window_s: Positive = 1.5
    surface_min_s: Positive = 0.5
    """Less than this of faces in the window, and the surface abstains."""
    subject: Subject = "main"
    enrol: Path | None = None
    """A picture with the face of the one person to watch, who is then called ``subject``."""
    hold_s: Positive = 2.0
    """A person not seen for so long is gone, until seen again."""


class OutboxConfig(Section):
    """What waits while the broker is away."""

    max_rows: Annotated[int, Field(ge=1)] = 10_000
    max_mb: Positive = 32.0
    max_age_s: Positive = 300.0


class MqttConfig(Section):
    """The broker."""

    url: Annotated[str, Field(repr=False), PlainSerializer(hide_login)] = "embedded"
    """embedded, embedded:PORT, off, or mqtt://[user@]host[:port] or mqtts://[user@]host[:port]."""
    password_env: str | None = None
    """The environment variable that holds the password."""
    password_file: str | None = None
    """The file whose first line is the password."""
    ca_file: str | None = None
    """A certificate authority of one's own; TLS is always verified."""
    connect_timeout_s: Positive = 5.0
    reading_expiry_s: Positive = 60.0
    """The broker drops a reading or a transcript that it could not deliver for so long."""
    outbox: OutboxConfig = OutboxConfig()


class PolicyConfig(Section):
    """What the readings are for, and what the people watched were told."""

    purpose: str | None = None
    """Required where a network source publishes to a remote broker."""
    notice: str | None = None
    """The notice given to the people watched; required with it."""


class Profile(Section):
    """Everything a run is told."""

    name: str
    description: str = ""
    site: TopicLevel = "local"
    """The second level of every MQTT topic."""
    source: SourceConfig = SourceConfig()
    perception: PerceptionConfig = PerceptionConfig()
    speech: SpeechConfig = SpeechConfig()
    text: TextConfig = TextConfig()
    network: NetworkConfig = NetworkConfig()
    reading: ReadingConfig = ReadingConfig()
    mqtt: MqttConfig = MqttConfig()
    policy: PolicyConfig = PolicyConfig()
