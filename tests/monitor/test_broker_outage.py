"""The monitor while its broker, a real mosquitto, is killed and comes back without memory."""

import asyncio
import json
import signal
import threading
import time
from urllib.parse import urlsplit

import aiomqtt
import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow]

OUTAGE_S = 10


class Listener:
    """Subscribes in a thread of its own, again after every outage, and keeps what came."""

    def __init__(self, url):
        self._address = urlsplit(url)
        self._stop = threading.Event()
        self.messages = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self._thread.start()

    async def _listen(self):
        while not self._stop.is_set():
            try:
                async with aiomqtt.Client(
                    self._address.hostname,
                    self._address.port,
                    protocol=aiomqtt.ProtocolVersion.V5,
                    # without this a reading could be published before we are back
                    identifier="listener",
                ) as client:
                    await client.subscribe("subface/#", qos=1)
                    await self._receive(client)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.01)

    async def _receive(self, client):
        async for message in client.messages:
            topic = str(message.topic)
            self.messages.append((time.monotonic(), topic, message.payload, message.retain))
            if self._stop.is_set():
                return

    def of(self, suffix):
        return [payload for _, topic, payload, _ in list(self.messages) if topic.endswith(suffix)]

    @property
    def readings(self):
        records = [json.loads(payload) for payload in self.of("/reading")]
        return [record for record in records if record["kind"] == "reading"]  # not the role's state

    def availability(self):
        return [payload.decode() for payload in self.of("/available")]

    def wait_for(self, condition, *, within_s=15):
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if condition(self):
                return
            time.sleep(0.02)
        pytest.fail(f"it did not come; {len(self.messages)} messages, {self.availability()}")

    def close(self):
        self._stop.set()
        self._thread.join(timeout=2)


@pytest.fixture
def listen():
    listeners = []

    def start(url):
        listeners.append(Listener(url))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


@pytest.fixture
def endless(media):
    """A live picture that never fails, so that only the broker does."""
    return "lavfi:testsrc2=size=320x240:rate=10"


def test_a_broker_killed_for_ten_seconds_loses_no_reading(
    mosquitto, listen, start_monitor, endless
):
    listener = listen(mosquitto.url)
    monitor = start_monitor(endless, mqtt=mosquitto.url)
    listener.wait_for(lambda it: len(it.readings) >= 4, within_s=30)
    assert listener.availability()[-1] == "online"
    before = len(listener.readings)

    mosquitto.kill()
    time.sleep(OUTAGE_S)
    mosquitto.start()

    behind = OUTAGE_S / 0.5  # readings made while it was away
    listener.wait_for(lambda it: len(it.readings) >= before + behind + 4, within_s=20)
    assert listener.availability()[-1] == "online"
    states = [json.loads(payload)["state"] for payload in listener.of("/status/video")]
    assert states[-1] == "ok"

    assert monitor.interrupt() == 130
    listener.wait_for(lambda it: it.availability()[-1] == "stopped")
    written = [reading["id"] for reading in monitor.of("reading")]
    arrived = [reading["id"] for reading in listener.readings]
    assert arrived == written
    (summary,) = monitor.of("summary")
    (mqtt,) = [d for d in summary["deliveries"] if d["edge"] == "mqtt"]
    assert mqtt["received"] == mqtt["delivered"] + sum(mqtt["drops"].values())


def test_readings_that_expired_while_it_was_away_are_counted_not_sent(
    mosquitto, listen, start_monitor, endless
):
    listener = listen(mosquitto.url)
    monitor = start_monitor(endless, "--set", "mqtt.outbox.max_age_s=2", mqtt=mosquitto.url)
    listener.wait_for(lambda it: len(it.readings) >= 2, within_s=30)
    mosquitto.kill()
    time.sleep(5)
    mosquitto.start()
    before = len(listener.readings)
    listener.wait_for(lambda it: len(it.readings) >= before + 6)
    monitor.interrupt()
    (summary,) = monitor.of("summary")
    (mqtt,) = [d for d in summary["deliveries"] if d["edge"] == "mqtt"]
    assert mqtt["drops"]["expired"] >= 4
    seqs = [reading["seq"] for reading in listener.readings]
    assert seqs == sorted(set(seqs))


def test_the_last_will_fires_on_kill_9_and_not_on_a_clean_stop(
    mosquitto, listen, start_monitor, endless
):
    listener = listen(mosquitto.url)
    killed = start_monitor(endless, mqtt=mosquitto.url)
    listener.wait_for(lambda it: it.readings, within_s=30)
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    listener.wait_for(lambda it: it.availability()[-1] == "offline")

    stopped = start_monitor(endless, mqtt=mosquitto.url)
    listener.wait_for(lambda it: it.availability()[-1] == "online", within_s=30)
    assert stopped.interrupt() == 130
    listener.wait_for(lambda it: it.availability()[-1] == "stopped")
    time.sleep(1)
    assert listener.availability() == ["online", "offline", "online", "stopped"]
