"""One connection to one broker: a paho client that is used once and thrown away.

paho-mqtt has habits that cost messages, so little of it is used. A fresh client for each connection
has nothing to send again in a burst, out of order or beyond the window. Its loop is one of ours, on
the uplink's thread: an exception, ours or paho's over hostile bytes, then ends the connection
instead of killing a thread that nobody misses, there is nothing to hang on when the agent stops,
and poll() takes descriptors that paho's select() does not (above 1023). `publish` may be called
from another thread: since `on_socket_register_write` is set, paho then only appends to a deque, and
the waker ends the wait of the loop.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import NotConnected, Refused
from agent.uplink import tls
from agent.uplink.answers import Denied, OtherVersion, Version, disconnected, refusal
from agent.uplink.broker import Broker
from agent.uplink.guard import LONGEST
from agent.uplink.link import Acked, LinkMessage, LinkUp
from agent.uplink.secret import read_password
from agent.uplink.settings import UplinkSettings
from agent.uplink.stream import CLOSED, Stream
from agent.uplink.waker import Waker
from agent.uplink.wire import Message

LOOP_S = 1.0  # paho looks at its keep-alive once per turn
NO_QOS_1 = 0x9B


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same from connection to connection."""

    settings: UplinkSettings
    client_id: str
    will: Message


class Connection:
    """One attempt and, if it succeeds, one link. `open` and `run` belong to the uplink's thread.

    Args:
        stream: open to the broker; closed by `close`.
        put: takes Acked; may be slow or fail, which ends this connection and nothing else.
        alive: called at every turn of its loop.

    Attributes:
        link: its number.
    """

    def __init__(
        self,
        link: int,
        broker: Broker,
        version: Version,
        identity: Identity,
        stream: Stream,
        waker: Waker,
        *,
        put: Callable[[LinkMessage], None],
        alive: Callable[[], None],
    ) -> None:
        self.link = link
        self._broker = broker
        self._version = version
        self._settings = identity.settings
        self._stream = stream
        self._waker = waker
        self._put = put
        self._alive = alive
        self._properties: Properties | None = None
        self._elsewhere = ""
        self._closing = CLOSED
        self._is_answered = False
        self._is_up = False
        self._failure: NotConnected | Refused | None = None
        self._retains = True
        self._poll = select.poll()
        self._poll.register(waker, select.POLLIN)
        self._client = self._make_client(identity)

    @property
    def was_closed_quietly(self) -> bool:
        """Whether the broker has closed the connection without a word."""
        return self._stream.is_quiet and str(self._failure) == CLOSED

    def open(self, answer_s: float, is_stopping: Callable[[], bool]) -> LinkUp:
        """Send CONNECT and wait for the broker's answer.

        Args:
            answer_s: how long; paho itself would wait for ever.
            is_stopping: asked once a second at least.

        Raises:
            NotConnected: there is no link, and why; OtherVersion where another version may help.
            Refused: there will be none until a person has mended something.
        """
        is_v5 = self._version is Version.V5
        self._introduce()
        self._client.connect(
            self._broker.host,
            self._broker.port,
            self._settings.keepalive_s,
            # MQTT 5: no session is kept, the session expiry of 0 being the default.
            clean_start=is_v5 or MQTT_CLEAN_START_FIRST_ONLY,
            properties=_connect_properties() if is_v5 else None,
        )
        deadline = time.monotonic() + answer_s
        while not self._is_answered and self._failure is None:
            left = deadline - time.monotonic()
            if is_stopping():
                raise NotConnected("the agent is stopping")
            if left <= 0:
                raise OtherVersion("the broker accepts the connection but does not answer")
            self._serve(min(LOOP_S, left))
        if code := self._stream.guard.connack:
            raise refusal(code, getattr(self._properties, "ServerReference", ""))
        if self._failure is not None:
            raise self._failure
        return self._accepted()

    def run(self) -> NotConnected | Refused:
        """Serve the link until it ends; return why it has."""
        while self._failure is None:
            self._serve(LOOP_S)
        return self._failure

    def publish(self, message: Message, qos: int = 1) -> int | None:
        """Hand a message to paho without waiting; None if it does not take it."""
        info = self._client.publish(
            message.topic, message.payload, qos, retain=message.retain and self._retains
        )
        self._waker.wake()
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def leave(self, farewell: Message) -> None:
        """Say good-bye and disconnect, from another thread, without waiting.

        Quality 0 is enough, as what comes before a DISCONNECT on the same stream has arrived with
        it, and it fits even where the window is full.
        """
        self._closing = "the agent is stopping"
        self.publish(farewell, qos=0)
        self._client.disconnect()
        self._waker.wake()

    def give_up(self, reason: str) -> None:
        """End this link at once, from any thread; the peer may be gone or not read."""
        self._fail(NotConnected(reason))
        self._waker.wake()

    def close(self) -> None:
        """Let go of the socket, and of paho's references to this object."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = None
        self._stream.close()

    def _make_client(self, identity: Identity) -> Client:
        is_v5 = self._version is Version.V5
        client = _OnStream(
            CallbackAPIVersion.VERSION2,
            identity.client_id,
            clean_session=None if is_v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.stream = self._stream
        client.max_inflight_messages = 0  # the window is Delivery's; paho is to hold nothing back
        client.will_set(identity.will.topic, identity.will.payload, 1, identity.will.retain)
        client.on_socket_register_write = _nothing
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _introduce(self) -> None:
        """Set user and password, which may have been renewed. Raise Refused."""
        settings = self._settings
        if not settings.username:
            return
        try:
            password = read_password(settings.password_file) if settings.password_file else None
        except (OSError, ValueError) as error:
            raise Refused(f"password_file cannot be used: {tls.explain(error)}") from error
        self._client.username_pw_set(settings.username, password)

    def _serve(self, seconds: float) -> None:
        """Let paho read and write for at most that long."""
        self._alive()
        try:
            code = self._turn(seconds)
        except Exception as error:  # noqa: BLE001 - hostile bytes raise anything in paho
            self._fail(self._ended(f"paho failed over what came: {error!r}"))
            return
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._fail(self._ended("what comes is not MQTT"))
        elif code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            self._fail(self._ended(self._closing))

    def _turn(self, seconds: float) -> MQTTErrorCode:
        """Wait until something can be read or written, or is to be; then do it."""
        client, stream = self._client, self._stream
        self._poll.register(stream, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        ready = self._poll.poll(0 if stream.pending() else seconds * 1000)
        self._waker.drain()
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if stream.pending() or any(fd == stream.fileno() for fd, _ in ready):
            code = client.loop_read()
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS and client.want_write():
            code = client.loop_write()
        return client.loop_misc() if code == MQTTErrorCode.MQTT_ERR_SUCCESS else code

    def _fail(self, failure: NotConnected | Refused) -> None:
        """End the connection; the first cause is the one that counts."""
        if self._failure is None:
            self._failure = failure

    def _ended(self, what: str) -> NotConnected | Refused:
        """Interpret the end of the stream: by what the broker said, then by what went wrong."""
        code = self._stream.guard.disconnect
        if code is not None:
            return disconnected(code, self._elsewhere)
        cause = self._stream.failure
        if self._is_up or self._stream.guard.connack == 0:
            return cause or NotConnected(what)
        if isinstance(cause, Refused):
            return cause
        return OtherVersion(f"no MQTT broker answers: {cause or what}")

    def _accepted(self) -> LinkUp:
        said = self._properties
        if getattr(said, "MaximumQoS", 1) == 0:
            text = "the broker does not acknowledge messages (maximum QoS 0)"
            raise Denied(text, NO_QOS_1)
        self._is_up = True
        self._retains = getattr(said, "RetainAvailable", 1) != 0
        return LinkUp(
            self.link,
            str(self._broker),
            self._version.value,
            min(self._settings.window, getattr(said, "ReceiveMaximum", 65535)),
            getattr(said, "MaximumPacketSize", None),
        )

    def _on_connect(
        self, _: Client, __: Any, ___: ConnectFlags, ____: ReasonCode, found: Properties | None
    ) -> None:
        self._properties = found
        self._is_answered = True

    def _on_publish(self, _: Client, __: Any, mid: int, reason: ReasonCode, *___: Any) -> None:
        try:
            self._put(Acked(self.link, mid, reason.value, str(reason)))
        except Exception as error:  # noqa: BLE001 - an unheard PUBACK: everything goes again
            self._fail(NotConnected(f"the agent's queue failed: {error!r}"))

    def _on_disconnect(
        self,
        _: Client,
        __: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        said: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._elsewhere = getattr(said, "ServerReference", "")
        elif self._is_up and reason == "Keep alive timeout":
            self._fail(NotConnected("the link is dead: no answer within two keep-alives"))


class _OnStream(Client):
    """paho's client on a stream that is open already; it has no public way to be given one."""

    stream: Stream | None = None

    def _create_socket(self) -> Any:
        return self.stream


def _connect_properties() -> Properties:
    """Tell a broker of MQTT 5 what the guard does not let pass anyway."""
    found = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    found.MaximumPacketSize = LONGEST
    return found


def _nothing(*_: Any) -> None:
    """Stand in for the write registration: the loop looks for itself, and is woken."""
