import asyncio
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time

import aiomqtt
import pytest
from rich.console import Console

from engines.errors import ConfigError
from stream.clock import Clock
from stream.commands.watch import watch
from stream.config import MqttConfig
from stream.errors import BrokerUnreachableError
from stream.inbox import REMEMBERED, Inbox
from stream.publish.mqtt import MqttPublisher
from stream.records import from_json, to_json
from stream.views import TableView, printable

TOPIC = "subface/v1/local/cam/reading"

# As the verb calls it, without the start of the command line.
WATCH = """
import sys
from engines.errors import SubfaceError
from stream.commands.watch import watch
url, site, as_json, for_s = sys.argv[1:]
try:
    sys.exit(watch(url, site=site, as_json=as_json == "json", for_s=float(for_s) or None))
except SubfaceError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


class Watching:
    """`subface watch` in a process of its own."""

    def __init__(self, url, *, site="+", as_json=False, for_s=0.0, stdout=subprocess.PIPE):
        arguments = [url, site, "json" if as_json else "lines", str(for_s)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", WATCH, *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "160"},
        )
        self.said = []

    async def until_said(self, part):
        """Read stderr until a line that was not read yet holds the text."""
        line = ""
        while part not in line:
            line = await asyncio.to_thread(self.process.stderr.readline)
            assert line, f"ended after {self.said}"
            self.said.append(line)

    async def line(self):
        return await asyncio.to_thread(self.process.stdout.readline)

    async def interrupted(self):
        """Press Ctrl-C and return the exit code and what was said after it."""
        self.process.send_signal(signal.SIGINT)
        _, said = await asyncio.to_thread(self.process.communicate)
        return self.process.returncode, said


@pytest.fixture
def watching():
    running = []

    def start(*arguments, **options):
        running.append(Watching(*arguments, **options))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
async def mqtt(mosquitto):
    publisher = MqttPublisher(mosquitto.url, config=MqttConfig(), site="local", clock=Clock())
    async with publisher:
        yield publisher


# -------------------------------------------------------------------------------- the inbox


def test_a_record_delivered_again_is_known_by_its_id(samples):
    inbox, first, second = Inbox(), samples.reading(0), samples.reading(1)
    taken = [inbox.take(TOPIC, to_json(record)).repeated for record in (first, second, first)]
    assert taken == [False, False, True]


def test_state_is_sent_again_on_purpose(samples):
    inbox, status = Inbox(), to_json(samples.status())
    taken = [inbox.take("subface/v1/local/cam/status/video", status) for _ in range(2)]
    assert not any(received.repeated for received in taken)


def test_the_memory_of_ids_is_bounded(samples):
    inbox = Inbox()
    for reading in samples.readings(REMEMBERED + 10):
        inbox.take(TOPIC, to_json(reading))
    assert len(inbox._seen) == REMEMBERED


def test_the_site_comes_from_the_topic(samples):
    assert Inbox().take("subface/v1/hall/cam/reading", to_json(samples.reading())).site == "hall"
    assert Inbox().take("subface/v1/hall/available", b"offline").availability == "offline"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (TOPIC, b"not json"),
        (TOPIC, b"\xff\xfe"),
        (TOPIC, b"{}"),
        (TOPIC, b'{"kind": "reading", "schema": "subface.reading/1"}'),
        (TOPIC, b"[" * 10_000),
        (TOPIC, b""),
        ("subface/v1/local/available", b"perhaps"),
        ("subface/v1/local/available", b"\xff"),
        ("subface", b"{}"),
    ],
)
def test_nonsense_is_told_in_one_line_and_is_not_fatal(topic, payload):
    received = Inbox().take(topic, payload)
    assert received.record is None
    assert received.malformed
    assert "\n" not in received.malformed


# -------------------------------------------------------------------------------- the views


class Hours:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def table_of(view):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(view.table())
    return console.export_text()


def test_the_table_shows_each_person_once_with_the_state_of_its_source(samples):
    inbox, view = Inbox(), TableView(Console(file=sys.stderr, width=160), Hours())
    view.show(inbox.take("subface/v1/local/available", b"online"))
    view.show(inbox.take("subface/v1/local/cam/status/video", to_json(samples.status())))
    for reading in (*samples.readings(3), *samples.readings(2, "hall"), samples.nobody()):
        view.show(inbox.take(TOPIC, to_json(reading)))
    lines = [line for line in table_of(view).splitlines() if "local" in line]
    assert len(lines) == 3
    assert all("online" in line for line in lines)
    assert "happy 0.70" in lines[1]
    assert "+0.55" in lines[1]
    assert "90%" in lines[1]
    assert " ok " in lines[1]
    assert "(nobody)" in lines[0]


def test_what_was_said_stands_under_the_table_once_it_is_final(samples):
    inbox, text = Inbox(), io.StringIO()
    topic = TOPIC.replace("reading", "transcript")
    with TableView(Console(file=text, width=160, force_terminal=True)) as view:
        view.show(inbox.take(topic, to_json(samples.transcript("We play", final=False))))
        assert "We play" not in text.getvalue()
        view.show(inbox.take(topic, to_json(samples.transcript())))
        assert "local: cam: p1: “We played well.”" in text.getvalue()


def test_a_person_long_gone_leaves_the_table(samples):
    hours = Hours()
    view = TableView(Console(file=sys.stderr), hours)
    view.show(Inbox().take(TOPIC, to_json(samples.reading())))
    assert "p1" in table_of(view)
    hours.now_s = 61.0
    view.tick()
    assert "p1" not in table_of(view)


def test_texts_from_the_network_cannot_steer_the_terminal():
    assert printable("\x1b[2J\x07cam\r\n") == "?[2J?cam??"


# -------------------------------------------------------------------------------- the command


@pytest.mark.parametrize("url", ["embedded", "off", "embedded:1883"])
def test_watch_needs_a_broker_that_runs(url):
    with pytest.raises(ConfigError, match="watch needs a broker that runs"):
        watch(url)


@pytest.mark.parametrize("site", ["", "a/b", "#", "a+"])
def test_a_site_is_one_name(site):
    with pytest.raises(ConfigError, match="the name of one site"):
        watch("mqtt://127.0.0.1:1", site=site)


def test_no_broker_at_first_is_an_error(unused_port):
    with pytest.raises(BrokerUnreachableError, match="nothing listens"):
        watch(f"mqtt://127.0.0.1:{unused_port}")


@pytest.mark.broker
async def test_readings_are_lines_on_stdout_and_the_rest_is_told_on_stderr(
    mosquitto, mqtt, watching, samples
):
    one = watching(mosquitto.url)
    await one.until_said("connected, watching subface/v1/+/#")
    for record in (
        samples.session(),
        samples.status("failed"),
        samples.gap(),
        *samples.readings(2),
        samples.transcript("We", final=False),
        samples.transcript(),
    ):
        await mqtt.put(record)
    for _ in range(2):
        line = await one.line()
        assert "happy" in line
        assert "cam" in line
    assert "“We played well.”" in await one.line()
    code, said = await one.interrupted()
    said = "".join(one.said) + said
    assert code == 130
    assert "local: online" in said
    assert "local: cam: video failed" in said
    assert "video gap of 2.5 s: disconnected" in said
    assert "Traceback" not in said


@pytest.mark.broker
async def test_json_is_every_record_as_it_was_published(mosquitto, mqtt, watching, samples):
    one = watching(mosquitto.url, as_json=True)
    await one.until_said("connected, watching")
    records = samples.every_kind()
    queued = [record for record in records if record.kind not in {"session", "status"}]
    for record in records:
        await mqtt.put(record)
    received = [from_json(await one.line()) for _ in records]
    assert [record for record in received if record in queued] == queued
    assert {record.kind for record in received} == {record.kind for record in records}


@pytest.mark.broker
async def test_repeated_and_malformed_messages_are_told_and_not_shown(
    mosquitto, mqtt, watching, samples
):
    one = watching(mosquitto.url, as_json=True)
    await one.until_said("connected, watching")
    first, last = samples.reading(1), samples.reading(2)
    await mqtt.put(first)
    await mqtt.put(first)
    await mqtt.settle(10)
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as somebody:
        await somebody.publish(TOPIC, '{"kind": "rumour"}', qos=1)
    await mqtt.put(last)
    assert from_json(await one.line()) == first
    assert from_json(await one.line()) == last
    await one.until_said("delivered again, shown before")
    await one.until_said("no record")


@pytest.mark.broker
async def test_only_the_site_asked_for_is_watched(mosquitto, mqtt, watching, samples):
    other = MqttPublisher(mosquitto.url, config=MqttConfig(), site="other", clock=Clock())
    async with other:
        one = watching(mosquitto.url, site="other", as_json=True)
        await one.until_said("connected, watching")
        await mqtt.put(samples.reading(1, "here"))
        await mqtt.settle(10)
        await other.put(samples.reading(2, "there"))
        assert json.loads(await one.line())["source"] == "there"


@pytest.mark.broker
async def test_it_waits_for_a_broker_that_went_away(mosquitto, watching, samples):
    one = watching(mosquitto.url, as_json=True)
    await one.until_said("connected, watching")
    mosquitto.kill()
    await one.until_said("the connection is lost")
    mosquitto.start()
    await one.until_said("connected, watching")
    publisher = MqttPublisher(mosquitto.url, config=MqttConfig(), site="local", clock=Clock())
    async with publisher as mqtt:
        await mqtt.put(samples.reading(7))
        assert json.loads(await one.line())["seq"] == 7


@pytest.mark.broker
async def test_it_says_when_nothing_comes(mosquitto, watching):
    one = watching(mosquitto.url)
    await one.until_said("nothing came for")


@pytest.mark.broker
async def test_it_ends_after_the_time_asked_for(mosquitto, watching):
    one = watching(mosquitto.url, for_s=0.5)
    assert await asyncio.to_thread(one.process.wait) == 0


@pytest.mark.broker
async def test_a_reader_that_has_seen_enough_ends_it_quietly(mosquitto, mqtt, watching, samples):
    one = watching(mosquitto.url, as_json=True)
    await one.until_said("connected, watching")
    one.process.stdout.close()
    for reading in samples.readings(5):
        await mqtt.put(reading)
    said = await asyncio.to_thread(one.process.stderr.read)
    assert await asyncio.to_thread(one.process.wait) == 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.broker
async def test_on_a_terminal_it_is_a_table(mosquitto, mqtt, watching, samples):
    ours, theirs = pty.openpty()
    one = watching(mosquitto.url, stdout=theirs)
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    while b"happy" not in shown:
        await mqtt.put(samples.reading())
        shown += await asyncio.to_thread(os.read, ours, 65536)
        assert time.monotonic() < deadline
    assert b"subface watch" in shown
    assert b"online" in shown
    code, said = await one.interrupted()
    os.close(ours)
    assert (code, said) == (130, "")
