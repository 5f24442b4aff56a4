import asyncio
import logging
import socket
import subprocess
import traceback

import psutil
import pytest
import yaml

from engines.errors import ConfigError
from stream.clock import Clock
from stream.config import MqttConfig, Profile
from stream.errors import BrokerUnreachableError
from stream.profile import load_profile
from stream.publish.broker import broker_of, is_loopback
from stream.publish.mqtt import MqttPublisher
from stream.redaction import hide_login

MARK = "Zx9-secret"
PASSWORD = f"{MARK}/p@ss#w?rd%41 :"
ENCODED = f"{MARK}%2Fp%40ss%23w%3Frd%2541%20%3A"


def publisher(url, **config):
    config = {"connect_timeout_s": 3.0} | config
    return MqttPublisher(url, config=MqttConfig(**config), site="local", clock=Clock())


async def failure(url, **config):
    """Return why a first connection failed: one line with the broker's address in it."""
    with pytest.raises(BrokerUnreachableError) as caught:
        async with publisher(url, **config):
            pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ------------------------------------------------------------------------------ the address


def test_a_url_names_host_port_and_encryption():
    plain = broker_of(MqttConfig(), "mqtt://broker.local")
    assert (plain.host, plain.port, plain.tls) == ("broker.local", 1883, False)
    encrypted = broker_of(MqttConfig(), "mqtts://[::1]:9883")
    assert (encrypted.host, encrypted.port, encrypted.tls) == ("::1", 9883, True)
    assert encrypted.address == "mqtts://[::1]:9883"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("broker.local:1883", "expected embedded, off, mqtt://"),
        ("http://broker.local", "expected embedded, off, mqtt://"),
        ("mqtt://", "expected embedded, off, mqtt://"),
        ("mqtt://broker.local:99999", "expected embedded, off, mqtt://"),
        ("mqtt://broker.local:many", "expected embedded, off, mqtt://"),
        ("mqtt://[::1", "expected embedded, off, mqtt://"),
        ("mqtt://broker.local/topic", "nothing may follow the port"),
        (f"mqtt://user:{MARK}/rest@broker.local", "percent-encoded|expected embedded"),
    ],
)
def test_a_wrong_url_is_refused_with_what_was_expected(url, said):
    with pytest.raises(ConfigError, match=said) as caught:
        broker_of(MqttConfig(), url)
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_known_by_its_plain_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1.evil.org", "localhost.evil.org", "10.0.0.1", "0.0.0.0", "127.1", "", "me"]
)
def test_what_needs_a_look_up_is_not_this_machine(host):
    assert not is_loopback(host)


# ------------------------------------------------------------------------------- the secret


def test_the_password_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("BROKER_PASSWORD", PASSWORD)
    config = MqttConfig(password_env="BROKER_PASSWORD")
    assert broker_of(config, "mqtt://me@localhost").password == PASSWORD


def test_the_password_is_the_first_line_of_its_file(tmp_path):
    (tmp_path / "password").write_text(f"{PASSWORD}\nnot this\n")
    config = MqttConfig(password_file=str(tmp_path / "password"))
    assert broker_of(config, "mqtt://me@localhost").password == PASSWORD


def test_the_password_in_a_url_is_decoded():
    broker = broker_of(MqttConfig(), f"mqtt://me:{ENCODED}@localhost")
    assert (broker.username, broker.password) == ("me", PASSWORD)


@pytest.mark.parametrize(
    ("url", "config", "said"),
    [
        ("mqtt://me@localhost", {"password_env": "NO_SUCH_VARIABLE"}, "no environment variable"),
        ("mqtt://me@localhost", {"password_file": "/no/such/file"}, "No such file"),
        ("mqtt://localhost", {"password_file": "{file}"}, "no user"),
        ("mqtt://me:x@localhost", {"password_file": "{file}"}, "given 2 times"),
        ("mqtt://broker.local", {"ca_file": "/ca.pem"}, "write mqtts://"),
    ],
)
def test_a_secret_that_cannot_be_had_is_told(tmp_path, url, config, said):
    (tmp_path / "password").write_text(PASSWORD)
    config = {key: value.format(file=tmp_path / "password") for key, value in config.items()}
    with pytest.raises(ConfigError, match=said):
        broker_of(MqttConfig(**config), url)


def test_an_unencrypted_password_to_another_machine_is_warned_of(caplog):
    broker_of(MqttConfig(), f"mqtt://me:{ENCODED}@broker.local")
    assert "unencrypted to broker.local" in caplog.text
    assert MARK not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"mqtt://me:{PASSWORD}@host",
        f"mqtts://me:{ENCODED}@host:8883",
        f"me:{PASSWORD}@host",
        f"mqtt:/me:{PASSWORD}@host",
        f"--set 'mqtt.url=mqtt://me:{PASSWORD}@host'",
        f"{{'url': 'mqtt://me:{PASSWORD}@host'}}",
        f"rtsp://a:{MARK}@one and rtsp://b:{MARK}@two",
    ],
)
def test_a_login_is_hidden_wherever_it_stands(text):
    shown = hide_login(text)
    assert MARK not in shown
    assert "***@" in shown
    assert hide_login("mqtt://host:1883/") == "mqtt://host:1883/"


def test_a_profile_shows_no_password_however_it_is_printed():
    profile = load_profile("embedded", [f"mqtt.url=mqtt://me:{ENCODED}@host"])
    shown = [
        repr(profile),
        str(profile.mqtt),
        yaml.safe_dump(profile.model_dump(mode="json")),
        profile.model_dump_json(),
        repr(broker_of(profile.mqtt, profile.mqtt.url)),
    ]
    assert [text for text in shown if MARK in text or ENCODED in text] == []
    assert "mqtt://***@host" in shown[2]


@pytest.mark.parametrize(
    "override",
    [
        f"mqtt.urls=mqtt://me:{MARK}@host",
        f"mqtt=mqtt://me:{MARK}@host",
        f"mqtt.url={{a: 'mqtt://me:{MARK}@host'}}",
        f"name.x.y=mqtt://me:{MARK}@host",
        f"mqtt://me:{MARK}@host",
        f"mqtt.url=['mqtt://me:{MARK}@host'",
    ],
)
def test_a_profile_error_shows_no_password(override):
    with pytest.raises(ConfigError) as caught:
        load_profile("embedded", [override])
    assert MARK not in str(caught.value)
    assert MARK not in str(caught.value.__cause__)


def test_a_whole_profile_that_does_not_validate_shows_no_password():
    with pytest.raises(ValueError, match="name") as caught:
        Profile.model_validate({"mqtt": {"url": f"mqtt://me:{MARK}@host"}})
    assert MARK not in str(caught.value)


# ------------------------------------------------------------- the first connection, refused


async def test_nothing_listens(unused_port):
    assert "nothing listens" in await failure(f"mqtt://127.0.0.1:{unused_port}")


async def test_the_host_is_unknown():
    assert "host 'no-such-host.invalid' is unknown" in await failure("mqtt://no-such-host.invalid")


async def test_the_host_is_no_name_at_all():
    assert "is unknown" in await failure(f"mqtt://{'a' * 70}.invalid")


async def answer_with(reply):
    async def answer(reader, writer):
        await reader.read(64)
        if reply is None:
            await reader.read()  # until the other side gives up
        else:
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", id="a web server"),
        pytest.param(b"", id="one that hangs up"),
        pytest.param(None, id="one that says nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="an ssh server"),
    ],
)
async def test_what_listens_is_no_broker(reply):
    server, port = await answer_with(reply)
    async with server:
        said = await failure(f"mqtt://127.0.0.1:{port}", connect_timeout_s=1.0)
    assert "does not answer as an MQTT 5 broker" in said


async def test_a_broker_that_speaks_only_an_older_mqtt():
    # CONNACK of MQTT 3.1.1: unacceptable protocol version.
    server, port = await answer_with(b"\x20\x02\x00\x01")
    async with server:
        said = await failure(f"mqtt://127.0.0.1:{port}")
    assert "does not speak MQTT 5" in said


# ------------------------------------------------------------------------ logins and TLS


@pytest.fixture
def guarded(start_mosquitto, need_tool, tmp_path):
    """A broker that wants a password."""
    need_tool("mosquitto_passwd")
    users = tmp_path / "users"
    users.touch()
    subprocess.run(
        [need_tool("mosquitto_passwd"), "-b", users, "me", PASSWORD],
        check=True,
        capture_output=True,
    )
    return start_mosquitto(anonymous=False, options=f"password_file {users}")


@pytest.mark.broker
async def test_a_password_is_never_seen_whatever_happens(
    guarded, samples, caplog, monkeypatch, retained
):
    caplog.set_level(0)
    for name in ("mqtt", "paho", "asyncio", "stream"):
        caplog.set_level(logging.DEBUG, logger=name)
    shown = []
    right = f"mqtt://me:{ENCODED}@127.0.0.1:{guarded.port}"
    async with publisher(right) as mqtt:
        shown += [repr(mqtt), mqtt.address, str(mqtt.count)]
        for record in samples.every_kind():
            await mqtt.put(record)
        await mqtt.settle(10)
        guarded.kill()
        await mqtt.put(samples.reading())
        guarded.start()
        await mqtt.settle(10)
        assert mqtt.count.drops == {}
    shown += map(str, await retained(guarded.port, username="me", password=PASSWORD))
    monkeypatch.setenv("BROKER_PASSWORD", f"{MARK} but wrong")
    wrong = [
        (f"mqtt://me:{MARK}wrong@127.0.0.1:{guarded.port}", {}),
        (f"mqtt://me@127.0.0.1:{guarded.port}", {"password_env": "BROKER_PASSWORD"}),
        (f"mqtts://me:{ENCODED}@127.0.0.1:{guarded.port}", {}),
        (f"mqtt://me:{ENCODED}@no-such-host.invalid", {}),
    ]
    for url, config in wrong:
        with pytest.raises(BrokerUnreachableError) as caught:
            async with publisher(url, **config):
                pass
        shown += traceback.format_exception(caught.value)
    for record in caplog.records:
        shown += [record.getMessage(), str(record.args)]
    assert [text for text in shown if MARK in text or "p@ss" in text] == []
    assert len(shown) > 50  # the log of everything was on


@pytest.mark.broker
async def test_a_wrong_login_is_refused(guarded):
    for url in (guarded.url, f"mqtt://me:wrong@127.0.0.1:{guarded.port}"):
        assert "the login is refused" in await failure(url)


@pytest.fixture(scope="module")
def authority(tmp_path_factory, need_tool):
    """A certificate authority, and a certificate of it for the name localhost."""
    folder = tmp_path_factory.mktemp("tls")
    openssl = need_tool("openssl")

    def run(*arguments):
        subprocess.run([openssl, *arguments], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "rsa:2048", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    run("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem", "-days", "2")
    return folder


@pytest.fixture
def encrypted(start_mosquitto, authority):
    return start_mosquitto(
        options=f"certfile {authority}/server.pem\nkeyfile {authority}/server.key"
    )


@pytest.mark.broker
async def test_an_encrypted_broker_is_published_to_once_its_authority_is_known(
    encrypted, authority, samples
):
    url = f"mqtts://localhost:{encrypted.port}"
    async with publisher(url, ca_file=str(authority / "ca.pem")) as mqtt:
        for reading in samples.readings(20):
            await mqtt.put(reading)
        await mqtt.settle(10)
        encrypted.kill()
        await mqtt.put(samples.reading(20))
        encrypted.start()
        await mqtt.settle(10)
        assert (mqtt.count.delivered, mqtt.count.drops) == (21, {})


@pytest.mark.broker
async def test_a_certificate_that_is_not_trusted_is_refused(encrypted, authority):
    said = await failure(f"mqtts://localhost:{encrypted.port}")
    assert "not trusted" in said
    assert "mqtt.ca_file" in said


@pytest.mark.broker
async def test_a_certificate_for_another_name_is_refused(encrypted, authority):
    url = f"mqtts://127.0.0.1:{encrypted.port}"
    assert "not trusted" in await failure(url, ca_file=str(authority / "ca.pem"))


@pytest.mark.broker
async def test_encryption_where_there_is_none_is_told(mosquitto):
    assert "does not speak TLS" in await failure(f"mqtts://127.0.0.1:{mosquitto.port}")


@pytest.mark.broker
async def test_no_encryption_where_there_is_some_is_told(encrypted):
    said = await failure(f"mqtt://localhost:{encrypted.port}")
    assert "an encrypted port wants mqtts://" in said


@pytest.mark.broker
async def test_an_authority_that_cannot_be_read_is_a_configuration_error(encrypted, tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match="no certificates can be read"):
            async with publisher(f"mqtts://localhost:{encrypted.port}", ca_file=str(path)):
                pass


# ------------------------------------------------------------------------- half a connection


async def test_an_address_that_does_not_answer_is_given_up_in_time():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # a queue of one, which we fill: the next is not even refused
        where = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(where)
        said = await failure(f"mqtt://127.0.0.1:{where[1]}", connect_timeout_s=0.3)
        for one in waiting:
            one.close()
    assert "no answer in time" in said


async def test_a_connection_that_is_cancelled_while_it_begins_leaves_nothing_behind():
    server, port = await answer_with(None)
    async with server:
        mqtt = publisher(f"mqtt://127.0.0.1:{port}", connect_timeout_s=10)
        entering = asyncio.create_task(mqtt.__aenter__())
        await asyncio.sleep(0.2)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        sockets = [c for c in psutil.Process().net_connections() if c.raddr[1:] == (port,)]
        assert sockets == []
