import asyncio
import json
import logging
import os
import random
import signal
import subprocess
import sys
from itertools import groupby

import pytest

from stream.clock import Clock
from stream.config import MqttConfig, OutboxConfig
from stream.publish.mqtt import MqttPublisher
from stream.records import to_json

pytestmark = [pytest.mark.broker]

AVAILABLE = "subface/v1/local/available"


class JumpingClock(Clock):
    """A real clock that can be put forward."""

    ahead_s = 0.0

    def monotonic_s(self):
        return super().monotonic_s() + self.ahead_s


@pytest.fixture
def clock():
    return JumpingClock()


@pytest.fixture
def publisher(clock):
    def make(url, site="local", **config):
        return MqttPublisher(url, config=MqttConfig(**config), site=site, clock=clock)

    return make


def adds_up(count):
    return count.received == count.delivered + sum(count.drops.values())


async def test_every_record_arrives_once_and_in_order(mosquitto, subscriber, publisher, samples):
    readings = samples.readings(50)
    async with publisher(mosquitto.url) as mqtt:
        for reading in readings:
            await mqtt.put(reading)
        await mqtt.settle(10)
        assert (mqtt.count.received, mqtt.count.delivered, mqtt.count.drops) == (50, 50, {})
    await subscriber.until(lambda s: len(s.readings()) == 50)
    assert subscriber.payloads("/reading") == [to_json(reading) for reading in readings]


async def test_each_kind_of_record_goes_to_its_topic_and_only_state_is_retained(
    mosquitto, subscriber, publisher, samples, retained
):
    async with publisher(mosquitto.url) as mqtt:
        for record in samples.every_kind():
            await mqtt.put(record)
    await subscriber.until(lambda s: s.payloads("/available") == [b"online", b"stopped"])
    assert {str(message.topic) for message in subscriber.messages} == {
        AVAILABLE,
        "subface/v1/local/info",
        "subface/v1/local/stats",
        "subface/v1/local/cam/status/video",
        "subface/v1/local/cam/reading",
        "subface/v1/local/cam/transcript",
        "subface/v1/local/cam/event",
        "subface/v1/local/cam/gap",
    }
    assert (await retained(mosquitto.port)).keys() == {
        AVAILABLE,
        "subface/v1/local/info",
        "subface/v1/local/cam/status/video",
    }


async def test_a_reading_says_what_it_is_and_when_it_expires(
    mosquitto, subscriber, publisher, samples
):
    async with publisher(mosquitto.url, reading_expiry_s=20) as mqtt:
        await mqtt.put(samples.reading())
    await subscriber.until(lambda s: s.payloads("/reading"))
    (properties,) = (m.properties for m in subscriber.messages if str(m.topic).endswith("/reading"))
    assert properties.ContentType == "application/json"
    assert properties.UserProperty == [("schema", "subface.reading/1"), ("kind", "reading")]
    assert 0 < properties.MessageExpiryInterval <= 20


async def test_a_transcript_is_published_like_a_reading_and_says_whether_it_is_final(
    mosquitto, subscriber, publisher, samples
):
    partial, final = samples.transcript("We played", final=False), samples.transcript()
    async with publisher(mosquitto.url, reading_expiry_s=20) as mqtt:
        await mqtt.put(partial)
        await mqtt.put(final)
    await subscriber.until(lambda s: len(s.payloads("/transcript")) == 2)
    assert subscriber.payloads("/transcript") == [to_json(partial), to_json(final)]
    first, last = (json.loads(payload) for payload in subscriber.payloads("/transcript"))
    assert (first["final"], last["final"]) == (False, True)
    assert first["revision"] < last["revision"]
    for message in subscriber.messages:
        if str(message.topic) == "subface/v1/local/cam/transcript":
            properties = message.properties
            assert properties.UserProperty == [
                ("schema", "subface.reading/1"),
                ("kind", "transcript"),
            ]
            assert 0 < properties.MessageExpiryInterval <= 20
            assert not message.retain


async def test_time_in_the_outbox_is_taken_off_the_expiry(
    mosquitto, gate, subscriber, publisher, clock, samples
):
    bounds = OutboxConfig(max_age_s=100)
    async with publisher(gate.url, reading_expiry_s=60, outbox=bounds) as mqtt:
        await gate.shut()
        await mqtt.put(samples.reading())
        clock.ahead_s += 70
        await gate.open()
        await subscriber.until(lambda s: s.payloads("/reading"))
    (properties,) = (m.properties for m in subscriber.messages if str(m.topic).endswith("/reading"))
    assert properties.MessageExpiryInterval <= 30


async def test_a_broker_killed_and_restarted_without_memory_gets_everything_in_order_once(
    mosquitto, gate, subscriber, publisher, samples, retained
):
    async with publisher(gate.url) as mqtt:
        await mqtt.put(samples.session())
        await mqtt.put(samples.status("ok"))
        readings = iter(samples.readings(300))

        async def publish(n):
            for _ in range(n):
                await mqtt.put(next(readings))
                await asyncio.sleep(0.002)

        for _ in range(3):  # killed in the middle of publishing, each time somewhere else
            running = asyncio.create_task(publish(50))
            await asyncio.sleep(random.uniform(0.01, 0.08))
            mosquitto.kill()
            await gate.shut()
            await running
            await publish(50)  # while there is no broker
            subscriber.connected.clear()
            mosquitto.start()
            await subscriber.connected.wait()
            assert await retained(mosquitto.port) == {}  # it forgot
            await gate.open()
            await subscriber.until(lambda s: s.payloads("/available")[-1:] == [b"online"])
        await mqtt.settle(10)
        assert (mqtt.count.received, mqtt.count.delivered, mqtt.count.drops) == (302, 302, {})
        await subscriber.until(lambda s: s.readings()[-1:] == [299])
        state = await retained(mosquitto.port)
        assert state[AVAILABLE] == b"online"
        assert json.loads(state["subface/v1/local/cam/status/video"])["state"] == "ok"
        assert json.loads(state["subface/v1/local/info"])["kind"] == "session"
    # The one under way at a kill may come twice, with the same id and right after itself.
    runs = [
        (payload, len(list(same))) for payload, same in groupby(subscriber.payloads("/reading"))
    ]
    assert [json.loads(payload)["seq"] for payload, _ in runs] == list(range(300))
    assert sum(times - 1 for _, times in runs) <= 3


async def test_state_that_changed_while_the_broker_was_away_is_true_when_it_returns(
    mosquitto, gate, publisher, samples, retained
):
    async with publisher(gate.url) as mqtt:
        await mqtt.put(samples.status("ok"))
        await mqtt.settle(10)
        mosquitto.kill()
        await gate.shut()
        for state in ("reconnecting", "waiting", "failed"):
            await mqtt.put(samples.status(state))
        mosquitto.start()
        await gate.open()
        await mqtt.settle(10)
        status = (await retained(mosquitto.port))["subface/v1/local/cam/status/video"]
        assert json.loads(status)["state"] == "failed"
        assert mqtt.count.drops == {"superseded": 2}
        assert adds_up(mqtt.count)


async def test_what_expired_while_the_broker_was_away_is_dropped_and_counted(
    mosquitto, gate, subscriber, publisher, clock, samples
):
    readings = samples.readings(10)
    async with publisher(gate.url, outbox=OutboxConfig(max_age_s=100)) as mqtt:
        await gate.shut()
        for reading in readings[:5]:
            await mqtt.put(reading)
        clock.ahead_s += 60
        for reading in readings[5:]:
            await mqtt.put(reading)
        clock.ahead_s += 60
        await gate.open()
        await mqtt.settle(10)
        assert (mqtt.count.delivered, mqtt.count.drops) == (5, {"expired": 5})
    await subscriber.until(lambda s: len(s.readings()) == 5)
    assert subscriber.readings() == [5, 6, 7, 8, 9]


async def test_the_outbox_keeps_the_newest_while_the_broker_is_away(
    mosquitto, gate, subscriber, publisher, samples
):
    async with publisher(gate.url, outbox=OutboxConfig(max_rows=3)) as mqtt:
        await gate.shut()
        while mqtt.count.delivered != mqtt.count.received:  # nothing is under way
            await asyncio.sleep(0.01)
        for reading in samples.readings(10):
            await mqtt.put(reading)
        await gate.open()
        await mqtt.settle(10)
        assert adds_up(mqtt.count)
        assert set(mqtt.count.drops) == {"rows"}
    await subscriber.until(lambda s: s.readings()[-1:] == [9])
    assert subscriber.readings() == [7, 8, 9]


async def test_what_the_broker_never_took_is_given_up_and_counted_at_the_end(
    gate, publisher, samples, caplog
):
    async with publisher(gate.url) as mqtt:
        await gate.shut()
        for reading in samples.readings(4):
            await mqtt.put(reading)
        await mqtt.put(samples.status())
        await mqtt.settle(0.2)
        assert (mqtt.count.received, mqtt.count.drops) == (5, {"unconfirmed": 5})
    assert "5 records were not taken" in caplog.text
    await gate.open()


async def test_an_outage_is_told_once_and_its_end_too(mosquitto, gate, publisher, samples, caplog):
    caplog.set_level(logging.WARNING)
    async with publisher(gate.url) as mqtt:
        await gate.shut()
        await mqtt.put(samples.reading())
        await asyncio.sleep(1)  # several attempts
        await gate.open()
        await mqtt.settle(10)
    said = [record.message for record in caplog.records if record.name == "stream.publish.mqtt"]
    assert len(said) == 2
    assert "connection is lost" in said[0]
    assert "connected again" in said[1]


async def test_someone_elses_word_that_the_site_is_not_online_is_corrected(
    mosquitto, subscriber, publisher
):
    async with publisher(mosquitto.url):
        async with publisher(mosquitto.url):  # another run on the same site, which ends
            await subscriber.until(lambda s: s.payloads("/available") == [b"online"] * 2)
        await subscriber.until(lambda s: s.payloads("/available")[2:] == [b"stopped", b"online"])
    await subscriber.until(lambda s: s.payloads("/available")[4:] == [b"stopped"])


async def test_records_that_an_access_list_forbids_are_counted_as_refused(
    start_mosquitto, tmp_path, publisher, samples, caplog
):
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite subface/v1/local/available\ntopic write subface/+/+/+/gap\n")
    broker = start_mosquitto(options=f"acl_file {rules}")
    async with publisher(broker.url) as mqtt:
        for record in (*samples.readings(3), samples.gap(), samples.status()):
            await mqtt.put(record)
        await mqtt.settle(10)
        assert (mqtt.count.delivered, mqtt.count.drops) == (1, {"refused": 4})
    refusals = [r.message for r in caplog.records if "refuses" in r.message]
    assert len(refusals) == 2  # once a topic


RUN = """
import asyncio, signal, sys
from stream.clock import Clock
from stream.config import MqttConfig
from stream.publish.mqtt import MqttPublisher

async def main(url):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with MqttPublisher(url, config=MqttConfig(), site="local", clock=Clock()):
        await stop.wait()

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def another_process():
    running = []

    def start(url):
        running.append(subprocess.Popen([sys.executable, "-c", RUN, url]))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


async def test_the_last_will_fires_when_the_program_is_killed(
    mosquitto, subscriber, another_process, retained
):
    process = another_process(mosquitto.url)
    await subscriber.until(lambda s: s.payloads("/available") == [b"online"])
    assert (await retained(mosquitto.port))[AVAILABLE] == b"online"
    os.kill(process.pid, signal.SIGKILL)
    await subscriber.until(lambda s: s.payloads("/available") == [b"online", b"offline"])
    assert (await retained(mosquitto.port))[AVAILABLE] == b"offline"


async def test_the_last_will_does_not_fire_on_a_clean_stop(
    mosquitto, subscriber, another_process, retained
):
    process = another_process(mosquitto.url)
    await subscriber.until(lambda s: s.payloads("/available") == [b"online"])
    process.terminate()
    assert await asyncio.to_thread(process.wait) == 0
    assert (await retained(mosquitto.port))[AVAILABLE] == b"stopped"
    assert subscriber.payloads("/available") == [b"online", b"stopped"]


async def test_a_run_that_is_cancelled_still_says_that_it_stopped(mosquitto, subscriber, publisher):
    async def run():
        async with publisher(mosquitto.url):
            await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await subscriber.until(lambda s: s.payloads("/available") == [b"online"])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await subscriber.until(lambda s: s.payloads("/available") == [b"online", b"stopped"])


async def test_a_broker_that_stops_answering_is_left_with_the_will_in_force(
    mosquitto, gate, subscriber, publisher, samples
):
    async with publisher(gate.url) as mqtt:
        await subscriber.until(lambda s: s.payloads("/available") == [b"online"])
        os.kill(mosquitto.process.pid, signal.SIGSTOP)
        await mqtt.put(samples.reading())
    # Nobody acknowledged our goodbye: what the broker says of us, once it can, is its own to say.
    os.kill(mosquitto.process.pid, signal.SIGCONT)
    await subscriber.until(lambda s: s.payloads("/available")[-1:] == [b"offline"])


async def test_put_never_waits_for_the_broker(mosquitto, gate, publisher, samples):
    async with publisher(gate.url) as mqtt:
        await gate.shut()
        coroutines = [mqtt.put(reading) for reading in samples.readings(100)]
        for coroutine in coroutines:
            with pytest.raises(StopIteration):
                coroutine.send(None)  # it ended without giving up control once
        await gate.open()
        await mqtt.settle(10)
        assert mqtt.count.delivered == 100


async def test_a_broker_that_forbids_everything_is_told_and_everything_is_counted(
    start_mosquitto, tmp_path, publisher, samples, caplog
):
    rules = tmp_path / "acl"
    rules.write_text("topic read nothing\n")
    broker = start_mosquitto(options=f"acl_file {rules}")
    async with publisher(broker.url) as mqtt:
        await mqtt.put(samples.status())
        await mqtt.put(samples.reading())
        await mqtt.settle(10)
        assert (mqtt.count.delivered, mqtt.count.drops) == (0, {"refused": 2})
    assert f"refuses what goes to {AVAILABLE}" in caplog.text


async def test_a_defect_in_the_delivery_ends_the_run_rather_than_filling_the_outbox(
    mosquitto, publisher, samples, monkeypatch
):
    async def break_down(self, connection):
        raise ZeroDivisionError

    monkeypatch.setattr("stream.publish.delivery.Delivery.talk", break_down)
    with pytest.raises(ZeroDivisionError):
        async with publisher(mosquitto.url) as mqtt:
            while True:
                await mqtt.put(samples.reading())
                await asyncio.sleep(0.01)
