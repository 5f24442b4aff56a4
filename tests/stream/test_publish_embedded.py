import asyncio
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import aiomqtt
import psutil
import pytest

from engines.errors import ConfigError
from stream.clock import Clock
from stream.config import MqttConfig
from stream.errors import BrokerUnreachableError
from stream.publish import embedded
from stream.publish.embedded import embedded_broker, port_of
from stream.publish.mqtt import MqttPublisher


def started_by(process):
    """Return the live children of a process, but for the one that multiprocessing keeps."""
    children = psutil.Process(process).children()
    children = [c for c in children if c.status() != psutil.STATUS_ZOMBIE]
    return [c for c in children if not any("resource_tracker" in word for word in c.cmdline())]


def child_of(process):
    (broker,) = started_by(process)
    return broker


async def test_it_serves_publisher_and_subscriber_alike(samples):
    async with embedded_broker() as url:
        async with MqttPublisher(url, config=MqttConfig(), site="local", clock=Clock()) as mqtt:
            for reading in samples.readings(20):
                await mqtt.put(reading)
            await mqtt.put(samples.status())
            await mqtt.settle(10)
            assert (mqtt.count.delivered, mqtt.count.drops) == (21, {})
        client = aiomqtt.Client("127.0.0.1", urlsplit(url).port, timeout=1)
        with pytest.raises(aiomqtt.MqttError):  # MQTT 5 only: what is not needed is not open
            async with client:
                pass


async def test_the_will_is_kept_by_it_too(samples):
    async with embedded_broker() as url:
        port = urlsplit(url).port
        script = (
            "import asyncio, aiomqtt, os\n"
            "async def main():\n"
            "    will = aiomqtt.Will('subface/v1/x/available', 'offline', qos=1, retain=True)\n"
            f"    v5 = aiomqtt.ProtocolVersion.V5\n"
            f"    async with aiomqtt.Client('127.0.0.1', {port}, protocol=v5, will=will):\n"
            "        os.kill(os.getpid(), 9)\n"
            "asyncio.run(main())\n"
        )
        v5 = aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client("127.0.0.1", port, protocol=v5) as client:
            await client.subscribe("subface/#", qos=1)
            await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script], check=False)
            async with asyncio.timeout(20):
                message = await anext(client.messages)
            assert message.payload == b"offline"


async def test_it_listens_on_loopback_only_and_leaves_nothing_behind():
    before = set(started_by(os.getpid()))  # what other tests may have left
    async with embedded_broker() as url:
        (broker,) = set(started_by(os.getpid())) - before
        listening = {c.laddr for c in broker.net_connections() if c.status == psutil.CONN_LISTEN}
        assert listening == {("127.0.0.1", urlsplit(url).port)}
    assert not broker.is_running()


async def test_a_port_may_be_asked_for(unused_port):
    async with embedded_broker(unused_port) as url:
        assert url == f"mqtt://127.0.0.1:{unused_port}"
    async with embedded_broker(unused_port) as url:  # free again at once
        assert url == f"mqtt://127.0.0.1:{unused_port}"


async def test_a_port_in_use_is_told_with_the_remedy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerUnreachableError, match=f"port {port} .*in use.*leave the port"):
            async with embedded_broker(port):
                pass


@pytest.mark.parametrize(("url", "port"), [("embedded", None), ("embedded:1883", 1883)])
def test_the_url_says_which_port(url, port):
    assert port_of(url) == port


@pytest.mark.parametrize("url", ["embedded:", "embedded:x", "embedded:0", "embedded:70000", "off"])
def test_a_port_that_is_none_is_refused(url):
    with pytest.raises(ConfigError, match="embedded:PORT"):
        port_of(url)


HOLD = """
import asyncio, sys
from stream.publish.embedded import embedded_broker

async def main():
    async with embedded_broker() as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
async def test_it_dies_with_us(number):
    ours = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with ours.stdout:
        assert ours.stdout.readline().startswith("mqtt://")
    broker = child_of(ours.pid)
    ours.send_signal(number)
    ours.wait()
    _, alive = psutil.wait_procs([broker], timeout=20)
    assert not alive


async def test_ctrl_c_in_the_terminal_does_not_take_it_from_us():
    async with embedded_broker():
        assert os.getpgid(child_of(os.getpid()).pid) != os.getpgid(0)


async def test_a_broker_that_ends_as_it_begins_is_told(monkeypatch):
    monkeypatch.setattr("stream.publish.embedded.CONFIG", "this is no TOML {listen}")
    with pytest.raises(BrokerUnreachableError, match="ended as it began, with exit code 1"):
        async with embedded_broker():
            pass


async def test_a_broker_that_is_never_ready_is_told(monkeypatch):
    monkeypatch.setattr("stream.publish.embedded.READY_S", 0.001)
    with pytest.raises(BrokerUnreachableError, match="not ready on mqtt://"):
        async with embedded_broker():
            pass
    assert started_by(None) == []


async def test_a_port_that_was_taken_in_between_is_changed_for_another(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1], None])
        real = embedded._free_port

        def first_a_taken_one(port):
            return next(ports) or real(port)

        monkeypatch.setattr(embedded, "_free_port", first_a_taken_one)
        async with embedded_broker() as url:
            assert urlsplit(url).port != other.getsockname()[1]
