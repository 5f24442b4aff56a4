"""The publisher to an MQTT broker: in order, once, whatever happens to the broker.

``put`` only queues: the pipeline never waits for a broker. One task owns the connection. When the
broker goes away it connects again, with short pauses since readings are worth most when they are
new, and first republishes the state: a broker that was killed may have forgotten it. A broker that
dies between taking a message and acknowledging it makes that one message go out twice; its id
tells.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final, Self

import aiomqtt

from stream.clock import Clock
from stream.config import MqttConfig
from stream.errors import BrokerUnreachableError
from stream.publish.backoff import FIRST_PAUSE_S, outage
from stream.publish.broker import broker_of
from stream.publish.connection import Connection, connect
from stream.publish.delivery import Delivery
from stream.publish.topics import Availability, available_topic
from stream.records import EdgeCount, Record

logger = logging.getLogger(__name__)

FAREWELL_S = 0.7  # for the summary and the word that we stopped
OFFLINE: Final[Availability] = "offline"


class MqttPublisher:
    """A sink that publishes records to a broker; entering it connects, leaving it says goodbye.

    Entering raises `BrokerUnreachableError` if there is no broker. Later it only waits for one.

    Args:
        url: Where to: mqtt:// or mqtts://, that of the configuration or of an embedded broker.
        config: The login, the certificates, timeouts and bounds.
        site: The second level of every topic.
        clock: For ages.

    Raises:
        ConfigError: If the URL is wrong, or a secret is missing or given twice.
    """

    def __init__(self, url: str, *, config: MqttConfig, site: str, clock: Clock) -> None:
        self._broker = broker_of(config, url)
        self._will = aiomqtt.Will(available_topic(site), OFFLINE, qos=1, retain=True)
        self._timeout_s = config.connect_timeout_s
        # The same for all connections of a run: a broker that still holds a dead one closes it,
        # and sends its will, before it lets the next one in.
        self._client_id = f"subface-{clock.new_id()[-12:].lower()}"
        self._delivery = Delivery(site=site, config=config, clock=clock)
        self._away = False
        self._task: asyncio.Task[None]

    @property
    def address(self) -> str:
        """The broker's URL, without a login."""
        return self._broker.address

    @property
    def count(self) -> EdgeCount:
        """What was put, what the broker acknowledged, what was dropped by reason."""
        return self._delivery.count

    async def put(self, record: Record) -> None:
        """Queue a record; a state replaces the one before it.

        Raises:
            Exception: What ended the delivery, if something did; that is a defect.
        """
        if self._task.done():
            self._task.result()
        self._delivery.put(record)

    async def settle(self, within_s: float) -> None:
        """Wait until all was acknowledged; what is not by then is dropped and counted."""
        try:
            async with asyncio.timeout(within_s):
                await self._delivery.settled()
        except TimeoutError:
            logger.warning(
                "%s: %d records were not taken within %g s and are given up",
                self.address,
                len(self._delivery),
                within_s,
            )
            self._delivery.abandon()

    async def __aenter__(self) -> Self:
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep_delivering(first), name="publish")
        try:
            await asyncio.wait({self._task, first}, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                self._task.result()
            first.result()
        except BaseException:
            self._task.cancel()
            await asyncio.wait({self._task})
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._delivery.leave()
        try:
            await asyncio.wait({self._task}, timeout=FAREWELL_S)
        finally:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._delivery.abandon()
        if not self._task.cancelled():
            self._task.result()

    async def _keep_delivering(self, first: asyncio.Future[None]) -> None:
        finished = False
        while not finished:
            # A new series of pauses for each outage: they begin short.
            async for attempt in outage():
                with attempt:
                    finished = await self._session(first)
            if not finished:
                await asyncio.sleep(FIRST_PAUSE_S)

    async def _session(self, first: asyncio.Future[None]) -> bool:
        """Connect and deliver until the connection is lost or we leave.

        Args:
            first: Told what becomes of the first attempt to connect, which is not repeated.

        Returns:
            True if it was the last; False if it delivered something and was lost.

        Raises:
            BrokerUnreachableError: If there is no connection to be had.
            aiomqtt.MqttError: If it was lost before anything was delivered.
        """
        delivered = self._delivery.count.delivered
        try:
            async with self._connect() as connection:
                self._report_connected()
                if not first.done():
                    first.set_result(None)
                await self._delivery.talk(connection)
        except BrokerUnreachableError as error:
            if first.done():
                logger.debug("%s", error)
                raise
            first.set_exception(error)
            return True
        except aiomqtt.MqttError as error:
            self._report_lost(error)
            if self._delivery.count.delivered == delivered:
                raise
            return False
        return True

    def _connect(self) -> AbstractAsyncContextManager[Connection]:
        return connect(
            self._broker,
            client_id=self._client_id,
            will=self._will,
            timeout_s=self._timeout_s,
        )

    def _report_connected(self) -> None:
        if self._away:
            logger.warning(
                "%s: connected again, %d records wait", self.address, len(self._delivery)
            )
        else:
            logger.info("%s: connected", self.address)
        self._away = False

    def _report_lost(self, error: aiomqtt.MqttError) -> None:
        if not self._away:  # once an outage
            logger.warning("%s: the connection is lost (%s); records wait", self.address, error)
        self._away = True
