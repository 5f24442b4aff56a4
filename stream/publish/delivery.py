"""What is owed to the broker, and the talk over one connection that delivers it.

State goes before the queue, so that a consumer never sees a reading of a source whose status it
was not told. One message is under way at a time: the next is sent when the broker has acknowledged
the one before, which is what makes the order and the once.
"""

import asyncio
import logging
from typing import Final

from paho.mqtt.subscribeoptions import SubscribeOptions

from engines.spec.reading import Reading
from stream.clock import Clock
from stream.config import MqttConfig
from stream.publish.connection import ACKNOWLEDGE_S, Connection, PublicationRefusedError
from stream.publish.message import Message
from stream.publish.outbox import Held, Outbox
from stream.publish.retained import Retained
from stream.publish.topics import Availability, available_topic, is_state, topic_of
from stream.records import EdgeCount, Record, Transcript, to_json

logger = logging.getLogger(__name__)

EDGE: Final = "mqtt"
BYTES_PER_MB = 1_000_000
ONLINE: Final[Availability] = "online"
STOPPED: Final[Availability] = "stopped"
NEVER_SEND_RETAINED = 2  # MQTT 5, 3.8.3.1: retain handling of a subscription


class Delivery:
    """Holds records until a broker has acknowledged them.

    Args:
        site: The second level of every topic.
        config: The bounds of what is held.
        clock: For ages.
    """

    def __init__(self, *, site: str, config: MqttConfig, clock: Clock) -> None:
        self._site = site
        self._available = available_topic(site)
        self._reading_expiry_s = config.reading_expiry_s
        self._clock = clock
        self._outbox = Outbox(
            EDGE,
            max_rows=config.outbox.max_rows,
            max_bytes=config.outbox.max_mb * BYTES_PER_MB,
            max_age_s=config.outbox.max_age_s,
        )
        self._retained = Retained()
        self._owes_online = False
        self._leaving = False
        self._refused: set[str] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        """How many messages the broker does not have yet."""
        return len(self._outbox) + len(self._retained)

    @property
    def count(self) -> EdgeCount:
        """What was put, what the broker acknowledged, what was dropped by reason."""
        queued, state = self._outbox.count, self._retained
        reasons = sorted(queued.drops.keys() | state.drops.keys())
        return EdgeCount(
            edge=EDGE,
            received=queued.received + state.received,
            delivered=queued.delivered + state.delivered,
            drops={r: queued.drops.get(r, 0) + state.drops.get(r, 0) for r in reasons},
        )

    def put(self, record: Record) -> None:
        """Take a record; a state replaces the one before it."""
        message = Message(
            topic=topic_of(self._site, record),
            payload=to_json(record),
            kind=record.kind,
            retain=is_state(record),
            expiry_s=self._reading_expiry_s if isinstance(record, Reading | Transcript) else None,
        )
        if message.retain:
            self._retained.put(message)
        else:
            self._outbox.add(message, self._clock.monotonic_s())
        self._idle.clear()
        self._wake.set()

    async def settled(self) -> None:
        """Return once everything was acknowledged or dropped."""
        await self._idle.wait()

    def abandon(self) -> None:
        """Drop, and count, all that is held."""
        self._outbox.abandon()
        self._retained.abandon()
        self._idle.set()

    def leave(self) -> None:
        """Make the talk end with a farewell, as soon as everything was acknowledged."""
        self._leaving = True
        self._wake.set()

    async def talk(self, connection: Connection) -> None:
        """Deliver over a connection what is owed and what comes, until it is time to leave.

        Raises:
            aiomqtt.MqttError: If the connection is lost.
        """
        self._retained.renew()
        self._owes_online = True
        halves = (
            asyncio.create_task(self._feed(connection), name="feed"),
            asyncio.create_task(self._defend(connection), name="defend"),
        )
        try:
            done, _ = await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
        for half in done:
            half.result()

    async def _feed(self, connection: Connection) -> None:
        options = SubscribeOptions(qos=1, noLocal=True, retainHandling=NEVER_SEND_RETAINED)
        await connection.subscribe(self._available, options=options, timeout=ACKNOWLEDGE_S)
        while True:
            if self._owes_online:
                self._owes_online = False
                await self._announce(connection, ONLINE)
            elif (state := self._retained.next()) is not None:
                await self._deliver_state(connection, state)
            elif (held := self._outbox.take(self._clock.monotonic_s())) is not None:
                await self._deliver_held(connection, held)
            elif self._leaving:
                await self._announce(connection, STOPPED)
                connection.farewell = True
                return
            else:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()

    async def _defend(self, connection: Connection) -> None:
        """Say again that we are online when someone else says that the site is not.

        That is the last will of an earlier run, sent late because its connection died silently, or
        another run on the same site that ended. It also notices that the connection is lost.
        """
        async for message in connection.messages:
            if message.payload != ONLINE.encode() and not self._leaving:
                self._owes_online = True
                self._wake.set()

    async def _announce(self, connection: Connection, word: Availability) -> None:
        message = Message(
            topic=self._available, payload=word.encode(), kind=None, retain=True, expiry_s=None
        )
        try:
            await connection.deliver(message, None)
        except PublicationRefusedError as error:
            self._report_refusal(self._available, error)

    async def _deliver_state(self, connection: Connection, message: Message) -> None:
        try:
            await connection.deliver(message, None)
        except PublicationRefusedError as error:
            self._report_refusal(message.topic, error)
            self._retained.refuse(message)
        else:
            self._retained.confirm(message)

    async def _deliver_held(self, connection: Connection, held: Held) -> None:
        remaining_s = self._outbox.remaining_s(held, self._clock.monotonic_s())
        expiry_s = min(remaining_s, held.message.expiry_s or remaining_s)
        try:
            await connection.deliver(held.message, expiry_s)
        except PublicationRefusedError as error:
            self._report_refusal(held.message.topic, error)
            self._outbox.refuse()
        except BaseException:
            # Cancelled or lost: it may have arrived, and goes again first.
            self._outbox.put_back(self._clock.monotonic_s())
            raise
        else:
            self._outbox.confirm()

    def _report_refusal(self, topic: str, error: PublicationRefusedError) -> None:
        if topic not in self._refused:  # once: a refused topic is refused twice a second
            self._refused.add(topic)
            logger.error("the broker refuses what goes to %s (%s): check its access", topic, error)
