"""`subface watch`: subscribes to a broker and shows readings and words as they come."""

import asyncio
import os
import sys
import time
from contextlib import suppress
from typing import Final

import aiomqtt
from rich.console import Console
from ulid import ULID

from engines.errors import ConfigError
from stream.config import MqttConfig
from stream.console import stderr_console
from stream.errors import BrokerUnreachableError
from stream.inbox import Inbox
from stream.publish.backoff import outage
from stream.publish.broker import EMBEDDED, OFF, Broker, broker_of
from stream.publish.connection import ACKNOWLEDGE_S, Connection, connect
from stream.publish.topics import everything
from stream.views import LinesView, TableView, View

INTERRUPTED: Final = 130
TICK_S: Final = 1.0
QUIET_S: Final = 5.0  # ten hops without a reading are worth a word
DEFAULTS: Final = MqttConfig()


def watch(
    mqtt: str,
    *,
    site: str = "+",
    as_json: bool = False,
    for_s: float | None = None,
    config: MqttConfig = DEFAULTS,
) -> int:
    """Show what is published until told to stop.

    Args:
        mqtt: The broker's URL.
        site: The site to watch; ``+`` for all.
        as_json: Print every record as a line of JSON.
        for_s: Stop after so long; None for never.
        config: The login, the certificates and the timeouts.

    Returns:
        The exit code: 0, or 130 if interrupted.

    Raises:
        ConfigError: If the URL or the site is wrong.
        BrokerUnreachableError: If the broker cannot be reached at first; later it is waited for.
    """
    if mqtt.partition(":")[0] in (EMBEDDED, OFF):
        msg = f"--mqtt {mqtt}: watch needs a broker that runs; `subface run` prints its URL"
        raise ConfigError(msg)
    if not site or set(site) & set("/#") or ("+" in site and site != "+"):
        msg = f"--site {site!r}: expected the name of one site, or + for all"
        raise ConfigError(msg)
    broker = broker_of(config, mqtt)
    try:
        asyncio.run(_watch(broker, site, _view(as_json=as_json), for_s, config.connect_timeout_s))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our stdout has seen enough; Python shall not try to flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _view(*, as_json: bool) -> View:
    data, notes = Console(), stderr_console()
    if data.is_terminal and not as_json:
        return TableView(data)
    return LinesView(data, notes, as_json=as_json)


async def _watch(
    broker: Broker, site: str, view: View, for_s: float | None, timeout_s: float
) -> None:
    with view, suppress(TimeoutError):
        async with asyncio.timeout(for_s):
            await Watcher(broker, everything(site), view, timeout_s).run()


class Watcher:
    """Receives what a filter matches and gives it to a view, over all connections.

    Args:
        broker: Where from.
        topics: The filter.
        view: Shows what comes.
        timeout_s: How long a step of connecting may take.
    """

    def __init__(self, broker: Broker, topics: str, view: View, timeout_s: float) -> None:
        self._broker = broker
        self._topics = topics
        self._view = view
        self._timeout_s = timeout_s
        self._client_id = f"subface-watch-{str(ULID())[-10:].lower()}"
        self._inbox = Inbox()
        self._newest_s = time.monotonic()
        self._connected = False

    async def run(self) -> None:
        """Receive until cancelled.

        Raises:
            BrokerUnreachableError: If the first attempt to connect fails.
        """
        ticking = asyncio.create_task(self._tick(), name="tick")
        try:
            await self._session()
            while True:
                async for attempt in outage():
                    with attempt:
                        await self._session()
        finally:
            ticking.cancel()

    async def _session(self) -> None:
        """Connect and receive; a connection that was had and is lost is told of, not raised."""
        had = False
        try:
            async with connect(
                self._broker, client_id=self._client_id, timeout_s=self._timeout_s
            ) as connection:
                await self._subscribe(connection)
                had = self._connected = True
                async for message in connection.messages:
                    self._take(str(message.topic), bytes(message.payload))
        except aiomqtt.MqttError as error:
            self._connected = False
            if not had:
                raise
            self._view.note(f"{self._broker.address}: the connection is lost ({error}); waiting")

    async def _subscribe(self, connection: Connection) -> None:
        codes = await connection.subscribe(self._topics, qos=1, timeout=ACKNOWLEDGE_S)
        refused = [code for code in codes if not isinstance(code, int) and code.is_failure]
        if refused:
            msg = f"broker {self._broker.address}: refuses {self._topics}: {refused[0]}"
            raise BrokerUnreachableError(msg)
        self._view.note(f"{self._broker.address}: connected, watching {self._topics}")

    def _take(self, topic: str, payload: bytes) -> None:
        received = self._inbox.take(topic, payload)
        if received.malformed is not None:
            self._view.note(received.malformed)
        elif received.record is not None and received.repeated:
            self._view.note(f"{topic}: delivered again, shown before")
        else:
            self._newest_s = time.monotonic()
            self._view.show(received)

    async def _tick(self) -> None:
        told_of_s = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            quiet_s = time.monotonic() - self._newest_s
            if self._connected and quiet_s >= QUIET_S and told_of_s != self._newest_s:
                told_of_s = self._newest_s  # once a silence
                self._view.note(f"nothing came for {quiet_s:.0f} s on {self._topics}")
            self._view.tick()
