"""A broker of our own for one run: iotcore's, in a child process, on loopback only.

It serves `subface demo` and whoever has no broker yet. The child is in a session of its own, so
that Ctrl-C reaches us first and we can still say goodbye through it; it ends when its stdin
closes, which happens however we die. MQTT 5 is only to be had through a configuration file, and
so is the listening address: iotcore's own default is every interface.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from engines.errors import ConfigError
from stream.errors import BrokerUnreachableError
from stream.publish.broker import EMBEDDED, MAX_PORT, Broker
from stream.publish.connection import connect

logger = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
READY_S: Final = 10.0  # a cold start on a busy machine takes two
ATTEMPT_S: Final = 1.0
POLL_S: Final = 0.05
TRIES: Final = 3  # a port that was free a moment ago may be taken
CLOSE_S: Final = 2.0
CONFIG: Final = """\
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[v5.1]
name = "subface"
listen = "{listen}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 1048576
max_inflight_count = 100
"""


@contextlib.asynccontextmanager
async def embedded_broker(port: int | None = None) -> AsyncIterator[str]:
    """Run a broker for as long as the context lasts.

    Args:
        port: The loopback port to listen on; None for any that is free.

    Yields:
        The broker's URL.

    Raises:
        BrokerUnreachableError: If the port is in use, or the broker does not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="subface-broker-")))
        for tried in range(1, TRIES + 1):
            broker = Broker(host=LOOPBACK, port=_free_port(port))
            try:
                await stack.enter_async_context(_child(broker, folder))
                break
            except BrokerUnreachableError:
                if port is not None or tried == TRIES:
                    raise
        else:  # pragma: no cover - the last try raises
            raise AssertionError
        yield broker.address


def port_of(url: str) -> int | None:
    """Return the port that ``embedded`` or ``embedded:PORT`` asks for; None for any.

    Raises:
        ConfigError: If it is neither.
    """
    name, separator, port = url.partition(":")
    if name == EMBEDDED and not separator:
        return None
    if name == EMBEDDED and port.isdecimal() and 0 < int(port) <= MAX_PORT:
        return int(port)
    msg = f"mqtt.url {url!r}: expected embedded, or embedded:PORT with a port up to {MAX_PORT}"
    raise ConfigError(msg)


def _free_port(port: int | None) -> int:
    with socket.socket() as probe:
        # As the broker itself does: the port of a broker that ended a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port or 0))
        except OSError as error:
            msg = (
                f"embedded broker: port {port} on {LOOPBACK} cannot be had ({error.strerror}); "
                "leave the port out for a free one, or give the URL of the broker that runs there"
            )
            raise BrokerUnreachableError(msg) from None
        bound: int = probe.getsockname()[1]
        return bound


@contextlib.asynccontextmanager
async def _child(broker: Broker, folder: Path) -> AsyncIterator[None]:
    config = folder / "rumqttd.toml"
    config.write_text(CONFIG.format(listen=f"{broker.host}:{broker.port}"), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        str(config),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _until_ready(broker, process)
        logger.info("embedded broker: %s (process %d)", broker.address, process.pid)
        yield
    finally:
        await _end(process)


async def _until_ready(broker: Broker, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(READY_S):
            while process.returncode is None:
                with contextlib.suppress(BrokerUnreachableError):
                    async with connect(broker, client_id="subface-ready", timeout_s=ATTEMPT_S):
                        return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        msg = f"embedded broker: not ready on {broker.address} within {READY_S:g} s"
        raise BrokerUnreachableError(msg) from None
    msg = f"embedded broker: ended as it began, with exit code {process.returncode}"
    raise BrokerUnreachableError(msg)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()  # asks it to end, as our death would
    try:
        async with asyncio.timeout(CLOSE_S):
            await process.wait()
    except TimeoutError:
        logger.warning("embedded broker: process %d did not end, killed", process.pid)
        process.kill()
        await process.wait()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):  # ends when the other end is closed, by whatever
        pass
    os._exit(0)  # the broker's threads cannot be asked


def main(config: str) -> None:
    """Be the child: run the broker until stdin closes."""
    from iotcore import IotCoreBroker  # noqa: PLC0415 - only the child needs it

    logging.disable(logging.CRITICAL)  # it reports every packet as an error
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        broker = IotCoreBroker(config_path=config)
        broker.check_ports()  # run_forever would go on without its port
        broker.run_forever()
    finally:
        os._exit(1)  # it never returns but by failing, and nobody is there to read a traceback


if __name__ == "__main__":
    main(*sys.argv[1:])
