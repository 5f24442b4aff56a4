"""One connection to the broker: aiomqtt's client, with its failures told apart.

aiomqtt does the protocol. What is added here, each for a reason that was met:

- The address is looked up and tried first, with asyncio's own streams: paho connects in a thread
  that cannot be cancelled, and Ctrl-C must end a program whose broker or name server is silent.
- Every way of not getting a connection becomes one `BrokerUnreachableError` that says which.
- A negative acknowledgement (an access list, a quota) is an error; aiomqtt takes any for a yes.
- A connection that fails while it begins leaves no socket behind.
- Only a goodbye takes the last will back: a connection given up for any other reason leaves it.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from typing import Any, Final

import aiomqtt
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from engines.spec.reading import SCHEMA
from stream.errors import BrokerUnreachableError
from stream.publish.broker import Broker
from stream.publish.message import Message

KEEPALIVE_S: Final = 10  # a broker that fell silent is noticed, and our will sent, within 15 s
ACKNOWLEDGE_S: Final = 5.0  # a publication not acknowledged for so long is sent again
CLOSE_S: Final = 0.5  # for a goodbye to leave this machine
NOT_AUTHORIZED: Final = (0x86, 0x87)  # bad user name or password; not authorized
UNSUPPORTED_VERSION: Final = 0x84
NEVER: Final = (0x87, 0x90, 0x99)  # not authorized, topic name invalid, payload format invalid
WITH_WILL: Final = 0x04  # a disconnection after which the broker publishes the last will


class PublicationRefusedError(Exception):
    """The broker acknowledged a publication by saying that it will not take it."""


class Connection(aiomqtt.Client):
    """An MQTT 5 client that is connected once and then thrown away.

    Attributes:
        farewell: Whether the last will is taken back when the connection ends.
    """

    def __init__(
        self, broker: Broker, *, client_id: str, will: aiomqtt.Will | None, timeout_s: float
    ) -> None:
        super().__init__(
            broker.host,
            broker.port,
            identifier=client_id,
            username=broker.username,
            password=broker.password,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            will=will,
            timeout=timeout_s,
            keepalive=KEEPALIVE_S,
            tls_context=broker.tls_context(),
            # One small message and its acknowledgement at a time: waiting to fill a packet would
            # cost 40 ms each.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self.farewell = will is None
        self._client.connect_timeout = timeout_s
        self._negative: ReasonCode | None = None
        self._gone = asyncio.Event()
        self._disconnected.add_done_callback(self._stop_waiting)

    async def deliver(self, message: Message, expiry_s: float | None) -> None:
        """Publish a message and await its acknowledgement.

        Args:
            message: What to publish.
            expiry_s: How long the broker may keep it for a subscriber that is away.

        Raises:
            PublicationRefusedError: If the broker will never take it.
            aiomqtt.MqttError: If it was not acknowledged; it may have arrived.
        """
        self._negative = None
        await self.publish(
            message.topic,
            message.payload,
            qos=1,
            retain=message.retain,
            properties=_properties(message, expiry_s),
            timeout=ACKNOWLEDGE_S,
        )
        negative: ReasonCode | None = self._negative
        if negative is None:
            return
        if negative.value in NEVER:
            raise PublicationRefusedError(str(negative))
        msg = f"the broker did not take a publication: {negative}"
        raise aiomqtt.MqttError(msg)

    async def leave(self) -> None:
        """End the connection, from whatever state it is in."""
        code = None if self.farewell else ReasonCode(PacketTypes.DISCONNECT, identifier=WITH_WILL)
        try:
            if self._client.disconnect(reasoncode=code) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                async with asyncio.timeout(CLOSE_S):
                    await self._gone.wait()
        except TimeoutError:
            pass  # a peer that takes nothing any more gets no goodbye
        finally:
            self._client._sock_close()  # noqa: SLF001 - nothing if it is closed already
            if self._disconnected.done():
                self._disconnected.exception()  # seen: asyncio shall not report it as unseen

    def _on_publish(
        self,
        client: object,
        userdata: object,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        if reason_code.is_failure:
            self._negative = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)  # type: ignore[arg-type]

    def _on_disconnect(
        self,
        client: object,
        userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self._gone.set()
        if self._connected.done():
            super()._on_disconnect(client, userdata, flags, reason_code, properties)  # type: ignore[arg-type]
        else:
            self._stop_waiting(None)

    def _stop_waiting(self, _: object) -> None:
        # aiomqtt would wait for its whole timeout for the answer of a peer that is gone.
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("closed before it answered"))


@contextlib.asynccontextmanager
async def connect(
    broker: Broker, *, client_id: str, will: aiomqtt.Will | None = None, timeout_s: float
) -> AsyncIterator[Connection]:
    """Connect, and disconnect at the end.

    Args:
        broker: Where to.
        client_id: The same for all connections of one run, so that the broker closes a dead one.
        will: What the broker publishes if it loses us.
        timeout_s: How long each step of connecting may take.

    Raises:
        ConfigError: If the certificate authority's file cannot be read.
        BrokerUnreachableError: If there is no connection to be had; the message says why.
    """
    await _try_address(broker, timeout_s)
    connection = Connection(broker, client_id=client_id, will=will, timeout_s=timeout_s)
    try:
        await _enter(connection, broker)
        yield connection
    finally:
        await connection.leave()


async def _enter(connection: Connection, broker: Broker) -> None:
    """Enter the connection; if cancelled, only once its thread cannot open a socket any more."""
    entering = asyncio.ensure_future(connection.__aenter__())
    try:
        await asyncio.shield(entering)
    except aiomqtt.MqttError as error:
        raise BrokerUnreachableError(_explain(broker, error)) from None
    except asyncio.CancelledError:
        # The address answered a moment ago, so this is short.
        await asyncio.wait({entering}, timeout=CLOSE_S)
        entering.cancel()
        raise


async def _try_address(broker: Broker, timeout_s: float) -> None:
    """Open and close a connection without MQTT on it.

    Raises:
        BrokerUnreachableError: If that fails.
    """
    try:
        async with asyncio.timeout(timeout_s):
            addresses = await _resolve(broker.host, broker.port)
            await _open_one(addresses, broker)
    except (OSError, UnicodeError) as error:  # TimeoutError and the errors of TLS are OSErrors
        raise BrokerUnreachableError(_explain(broker, error)) from None


async def _open_one(addresses: list[tuple[Any, ...]], broker: Broker) -> None:
    context = broker.tls_context()
    name = broker.host if broker.tls else None
    for tried, (family, *_, where) in enumerate(addresses, start=1):
        try:
            _, writer = await asyncio.open_connection(
                where[0], where[1], family=family, ssl=context, server_hostname=name
            )
        except ConnectionError:
            if tried == len(addresses):  # localhost is two addresses, and one may not listen
                raise
        else:
            writer.transport.abort()  # nothing was said: no goodbye of TLS to wait for
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            return


async def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Look a name up in a daemon thread: the loop's own would hold up the end of the program."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[tuple[Any, ...]]] = loop.create_future()

    def tell(result: list[tuple[Any, ...]] | Exception) -> None:
        if not answer.done():
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

    def look_up() -> None:
        result: list[tuple[Any, ...]] | Exception
        try:
            result = list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            result = error
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(tell, result)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await answer


def _properties(message: Message, expiry_s: float | None) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "text/plain" if message.kind is None else "application/json"
    properties.PayloadFormatIndicator = 1  # UTF-8
    if message.kind is not None:
        properties.UserProperty = [("schema", SCHEMA), ("kind", message.kind)]
    if expiry_s is not None:
        properties.MessageExpiryInterval = max(1, round(expiry_s))
    return properties


def _explain(broker: Broker, error: Exception) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            reason = f"the host {broker.host!r} is unknown; check the name and the network"
        case ssl.SSLCertVerificationError():
            reason = (
                f"its certificate is not trusted ({error.verify_message}); give its authority by "
                "mqtt.ca_file, and the host's name as it stands in the certificate"
            )
        case ssl.SSLError() | ConnectionResetError() | ConnectionAbortedError() if broker.tls:
            reason = "it does not speak TLS on this port; try mqtt:// or another port"
        case ConnectionRefusedError():
            reason = "refused: nothing listens on this port; is the broker running?"
        case TimeoutError():
            reason = "no answer in time; check the address and the firewall"
        case aiomqtt.MqttError():
            reason = _explain_mqtt(error)
        case _:
            reason = f"cannot be reached: {error}"
    return f"broker {broker.address}: {reason}"


def _explain_mqtt(error: aiomqtt.MqttError) -> str:
    rc = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    code = rc.value if isinstance(rc, ReasonCode) else rc
    if code in NOT_AUTHORIZED:
        return "the login is refused; check the user and the password"
    if code == UNSUPPORTED_VERSION:
        return "it does not speak MQTT 5"
    if code is not None:
        return f"the connection is refused: {error}"
    return (
        "something listens there, but it does not answer as an MQTT 5 broker "
        "(an encrypted port wants mqtts://)"
    )
