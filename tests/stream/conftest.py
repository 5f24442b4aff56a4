"""Records to publish, a door before a broker, and a subscriber that comes back."""

import asyncio
import contextlib
import itertools
import json
import re
import socket
from dataclasses import replace

import aiomqtt
import numpy as np
import pytest
from ulid import ULID

from engines.spec.labels import EXPRESSIONS
from engines.spec.observation import Observation, Scene
from engines.spec.reading import (
    Abstained,
    At,
    Coverage,
    LatencyMs,
    Modalities,
    Modality,
    ModelCard,
    PolicyNote,
    Reading,
    Surface,
    WindowSpan,
)
from engines.spec.transcript import UNSPACED, Word
from stream.records import (
    EdgeCount,
    Event,
    GapRecord,
    Quantiles,
    Session,
    SourceNote,
    SourceSummary,
    Status,
    Summary,
    Transcript,
)

NOW = "2026-11-23T10:20:30.123Z"
POLICY = PolicyNote(purpose="evaluation", notice=None)
CARD = ModelCard(name="fer-expression", digest="0" * 64, keypoints=None, grid_hz=12.5)
ABSENT = Modality(state="missing", share=None)
PROBABILITIES = dict(zip(EXPRESSIONS, (0.02, 0.03, 0.05, 0.7, 0.1, 0.05, 0.05), strict=True))


def make_reading(seq=0, source="cam"):
    return Reading(
        id=str(ULID()),
        seq=seq,
        source=source,
        epoch=0,
        shot=0,
        person_id="p1",
        track_id=1,
        window=WindowSpan(
            start_s=seq * 0.5,
            end_s=seq * 0.5 + 1.5,
            coverage=Coverage(image=0.9, keypoints=0.0, text=0.0),
        ),
        at=At(captured=None, published=NOW),
        latency_ms=LatencyMs(decode=None, perceive=30.0, step=1.0, publish=0.5, total=31.5),
        age_ms=40.0,
        surface=Surface(label="happy", probabilities=PROBABILITIES, valence=0.55),
        fused=None,
        abstained=Abstained(surface=None, fused="no_network"),
        contradiction=None,
        modalities=Modalities(
            image=Modality(state="ok", share=None), keypoints=ABSENT, text=ABSENT
        ),
        model=CARD,
        policy=POLICY,
    )


def make_status(state="ok", source="cam", role="video"):
    return Status(source=source, role=role, state=state, detail=None, since=NOW)


def make_session(site="local"):
    return Session(
        id=str(ULID()),
        site=site,
        program="subface 0.1.0",
        profile="embedded",
        started=NOW,
        sources=(SourceNote(name="cam", address="rtsp://10.0.0.7/live", live=True),),
        models=(CARD,),
        policy=POLICY,
    )


def make_gap():
    return GapRecord(
        id=str(ULID()),
        source="cam",
        epoch=1,
        medium="video",
        reason="disconnected",
        start_s=4.0,
        end_s=None,
        lost_s=2.5,
        published=NOW,
    )


def make_event():
    return Event(
        id=str(ULID()),
        source="cam",
        epoch=0,
        episode=str(ULID()),
        phase="new",
        type="person",
        person_id="p1",
        time_s=0.5,
        published=NOW,
    )


def make_words(text, *, start_s=1.0, a_second=3.0, language="en"):
    """The words of a text, equally long, that begin one after the other."""
    texts = list(text) if language in UNSPACED else text.split()
    return tuple(
        Word(
            text=word,
            start_s=start_s + n / a_second,
            end_s=start_s + (n + 1) / a_second,
            probability=0.9,
        )
        for n, word in enumerate(texts)
    )


def make_transcript(
    text="We played well.",
    *,
    start_s=1.0,
    a_second=3.0,
    final=True,
    source="cam",
    epoch=0,
    utterance=0,
    language="en",
    speaker="subject",
    channel=None,
):
    """What was said from ``start_s`` on, so many words a second."""
    words = make_words(text, start_s=start_s, a_second=a_second, language=language)
    end_s = words[-1].end_s if words else start_s
    return Transcript(
        id=str(ULID()),
        source=source,
        epoch=epoch,
        utterance=utterance,
        revision=3 if final else 2,
        final=final,
        start_s=start_s,
        end_s=end_s,
        available_s=end_s + 0.8,
        language=language,
        speaker=speaker if final else "unknown",
        person_id="p1" if final and speaker == "subject" else None,
        text=text,
        words=tuple(replace(word, available_s=end_s + 0.8) for word in words) if final else words,
        channel=channel,
        published=NOW,
    )


def make_summary():
    count = EdgeCount(edge="decode -> perceive", received=9, delivered=7, drops={"overflow": 2})
    return Summary(
        id=str(ULID()),
        session=str(ULID()),
        ended=NOW,
        sources=(
            SourceSummary(
                source="cam",
                outcome="ended",
                media_s=9.0,
                wall_s=9.1,
                epochs=1,
                shots=1,
                frames_decoded=9,
                frames_analysed=7,
                sound_s=9.0,
                readings=3,
                readings_with_surface=2,
                readings_with_fused=1,
                gaps=0,
                edges=(count,),
                total_ms=Quantiles(n=3, p50=30.0, p95=44.0, max=50.0),
            ),
        ),
        deliveries=(EdgeCount(edge="mqtt", received=5, delivered=5, drops={}),),
        cpu_s=3.5,
        engine_s={"detector": 1.5},
        engine_cpu_s=None,
        peak_memory_mb=412.0,
    )


class Samples:
    """Makers of valid records, each with an id of its own."""

    reading = staticmethod(make_reading)
    status = staticmethod(make_status)
    session = staticmethod(make_session)
    gap = staticmethod(make_gap)
    event = staticmethod(make_event)
    transcript = staticmethod(make_transcript)
    words = staticmethod(make_words)
    summary = staticmethod(make_summary)

    @staticmethod
    def readings(n, source="cam"):
        return [make_reading(seq, source) for seq in range(n)]

    @staticmethod
    def nobody():
        return replace(
            make_reading(),
            person_id=None,
            track_id=None,
            age_ms=None,
            surface=None,
            abstained=Abstained(surface="nobody", fused="no_network"),
        )

    @classmethod
    def every_kind(cls):
        one_of_each = (
            cls.session,
            cls.reading,
            cls.nobody,
            cls.transcript,
            cls.gap,
            cls.event,
            cls.status,
        )
        return list(itertools.chain((make() for make in one_of_each), [cls.summary()]))


@pytest.fixture(scope="session")
def samples():
    return Samples


@pytest.fixture
def a_reading():
    return make_reading()


def expression_of(label, probability=0.9):
    rest = (1 - probability) / (len(EXPRESSIONS) - 1)
    row = np.full(len(EXPRESSIONS), rest, np.float32)
    row[EXPRESSIONS.index(label)] = probability
    return row


def make_observation(time_s, person="p1", *, label="happy", epoch=0, shot=0, size=100.0):
    """One person, or None for one who is not known yet; label None is a face that is not seen."""
    return Observation(
        source="test",
        epoch=epoch,
        shot=shot,
        track_id=int(re.sub(r"\D", "", person or "") or 0),
        person_id=person,
        box_xyxy=np.array([0, 0, size, size], np.float32),
        score=0.9,
        time_s=time_s,
        arrived_s=1000 + time_s,
        face_xyxy=None if label is None else np.array([10, 10, 50, 50], np.float32),
        expression=None if label is None else expression_of(label),
    )


def make_scene(time_s, *people, epoch=0, shot=0):
    """A scene of (person, label) pairs."""
    return Scene(
        source="test",
        epoch=epoch,
        shot=shot,
        index=round(time_s * 25),
        time_s=time_s,
        captured_at=None,
        arrived_s=1000 + time_s,
        observations=tuple(
            make_observation(time_s, person, label=label, epoch=epoch, shot=shot)
            for person, label in people
        ),
    )


@pytest.fixture
def scene():
    return make_scene


@pytest.fixture
def observation():
    return make_observation


class Gate:
    """A door before a broker: shut, nobody gets in and who was in is thrown out."""

    def __init__(self, port):
        self._broker_port = port
        self._server = None
        self._port = 0
        self._inside = set()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self._port}"

    async def open(self):
        self._server = await asyncio.start_server(self._let_in, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self):
        self._server.close()
        for task in list(self._inside):
            task.cancel()
        await asyncio.gather(*self._inside, return_exceptions=True)

    async def _let_in(self, reader, writer):
        self._inside.add(asyncio.current_task())
        onward = None
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._broker_port)
            halves = {
                asyncio.create_task(self._carry(reader, onward)),
                asyncio.create_task(self._carry(there, writer)),
            }
            try:
                await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for half in halves:
                    half.cancel()
                await asyncio.gather(*halves, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, onward):
                if end is not None:
                    end.transport.abort()
            self._inside.discard(asyncio.current_task())

    async def _carry(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)


@pytest.fixture
async def gate(mosquitto):
    door = Gate(mosquitto.port)
    await door.open()
    yield door
    await door.shut()


class Subscriber:
    """Receives everything under subface/, and subscribes again whenever the broker comes back."""

    def __init__(self, port, **login):
        self._port = port
        self._login = login
        self.messages = []
        self.connected = asyncio.Event()
        self._came = asyncio.Condition()

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        await self.connected.wait()
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self):
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                client = aiomqtt.Client(
                    "127.0.0.1", self._port, protocol=aiomqtt.ProtocolVersion.V5, **self._login
                )
                async with client:
                    await client.subscribe("subface/#", qos=0)  # forwarded without waiting for us
                    self.connected.set()
                    async for message in client.messages:
                        self.messages.append(message)
                        async with self._came:
                            self._came.notify_all()
            self.connected.clear()
            await asyncio.sleep(0.01)

    def payloads(self, ending):
        return [bytes(m.payload) for m in self.messages if str(m.topic).endswith(ending)]

    def readings(self):
        return [json.loads(payload)["seq"] for payload in self.payloads("/reading")]

    async def until(self, condition):
        """Wait until the condition holds of this subscriber."""
        async with self._came, asyncio.timeout(20):
            await self._came.wait_for(lambda: condition(self))


@pytest.fixture
async def subscriber(mosquitto):
    async with Subscriber(mosquitto.port) as one:
        yield one


@pytest.fixture(scope="session")
def subscribe():
    return Subscriber


async def read_retained(port, **login):
    """Return what a broker retains, by topic."""
    found = {}
    client = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, **login)
    async with client:
        await client.subscribe("subface/#", qos=1)
        await client.publish("subface/marker", "", qos=1)  # comes after all that is retained
        async for message in client.messages:
            if str(message.topic) == "subface/marker":
                return found
            found[str(message.topic)] = bytes(message.payload)
    return found


@pytest.fixture(scope="session")
def retained():
    return read_retained


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
