"""One connection to one broker: a paho client that is used once and thrown away.

paho-mqtt has habits that cost messages, so little of it is used. A fresh client for each connection
has nothing to send again in a burst, out of order or beyond the window. Its loop runs on the
uplink's thread rather than on one of paho's own: an exception, ours or paho's over hostile bytes,
then ends the connection instead of killing a thread that nobody misses, and there is nothing to
hang on when the agent stops. `publish` may be called from another thread: since
`on_socket_register_write` is set, paho then only appends to a deque and wakes the loop up, as it
does with a thread of its own.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import NotConnected, Refused
from agent.uplink import tls
from agent.uplink.answers import OtherVersion, Version, check_connack, disconnected
from agent.uplink.broker import Broker
from agent.uplink.link import Acked, LinkMessage, LinkUp
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message

LOOP_S = 1.0  # paho looks at its keep-alive once per turn


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same from connection to connection."""

    settings: UplinkSettings
    client_id: str
    will: Message


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may take to be made.

    Attributes:
        connect_s: TCP, for each address of the broker, and TLS.
        answer_s: CONNACK; paho itself would wait for ever.
    """

    connect_s: float = 5.0
    answer_s: float = 10.0


class Connection:
    """One attempt and, if it succeeds, one link. `open` and `run` belong to the uplink's thread.

    Args:
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
        patience: Patience,
        *,
        put: Callable[[LinkMessage], None],
        alive: Callable[[], None],
    ) -> None:
        self.link = link
        self._broker = broker
        self._version = version
        self._settings = identity.settings
        self._patience = patience
        self._put = put
        self._alive = alive
        self._answer: tuple[ReasonCode, Properties | None] | None = None
        self._failure: NotConnected | Refused | None = None
        self._trouble = ""  # paho's last complaint: it keeps the cause of a lost socket to itself
        self._retains = True
        self._client = self._make_client(identity)

    def open(self, is_stopping: Callable[[], bool]) -> LinkUp:
        """Connect and wait for the broker's answer.

        Raises:
            NotConnected: there is no link, and why; OtherVersion where another version may help.
            Refused: there will be none until a person has mended something.
        """
        self._read_secrets()
        client = self._client
        try:
            client.connect(
                self._broker.host,
                self._broker.port,
                self._settings.keepalive_s,
                # MQTT 5: no session is kept, the session expiry of 0 being the default.
                clean_start=self._version is Version.V5 or MQTT_CLEAN_START_FIRST_ONLY,
            )
        except (OSError, ValueError) as error:
            raise NotConnected(tls.explain(error)) from error
        deadline = time.monotonic() + self._patience.answer_s
        while self._answer is None and self._failure is None:
            left = deadline - time.monotonic()
            if is_stopping():
                raise NotConnected("the agent is stopping")
            if left <= 0:
                raise OtherVersion("the broker accepts the connection but does not answer")
            self._serve(min(LOOP_S, left))
        if self._answer is not None:
            return self._accepted(*self._answer)
        assert self._failure is not None
        raise self._failure

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
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def leave(self, farewell: Message) -> None:
        """Say good-bye and disconnect, from another thread, without waiting.

        Quality 0 is enough, as what comes before a DISCONNECT on the same stream has arrived with
        it, and it fits even where the window is full.
        """
        self._trouble = "the agent is stopping"
        self.publish(farewell, qos=0)
        self._client.disconnect()

    def give_up(self, reason: str) -> None:
        """End this link at once, from another thread; the peer may be gone or not read."""
        self._fail(NotConnected(reason))
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                # Not SSLSocket's own: it forgets TLS first, and a write in between would be plain.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket, and of paho's references to this object."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_log = None
        sock = client.socket()
        if sock is not None:
            sock.close()

    def _make_client(self, identity: Identity) -> Client:
        is_v5 = self._version is Version.V5
        client = Client(
            CallbackAPIVersion.VERSION2,
            identity.client_id,
            clean_session=None if is_v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._patience.connect_s
        client.max_inflight_messages = 0  # the window is Delivery's; paho is to hold nothing back
        client.will_set(identity.will.topic, identity.will.payload, 1, identity.will.retain)
        client.on_socket_register_write = _nothing
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_log = self._on_log
        return client

    def _read_secrets(self) -> None:
        """Read password and certificates, which may have been renewed. Raise Refused."""
        settings = self._settings
        keys = "password_file"
        try:
            if settings.username:
                password = None
                if settings.password_file:
                    lines = Path(settings.password_file).read_text().splitlines()
                    password = lines[0] if lines else ""
                self._client.username_pw_set(settings.username, password)
            keys = "ca_file, cert_file or key_file"
            if self._broker.is_tls:
                self._client.tls_set_context(tls.context(settings))
        except (OSError, ValueError) as error:
            raise Refused(f"{keys} cannot be used: {tls.explain(error)}") from error

    def _serve(self, seconds: float) -> None:
        """Let paho read and write for at most that long."""
        self._alive()
        try:
            code = self._client.loop(seconds)
        except Exception as error:  # noqa: BLE001 - hostile bytes raise anything in paho
            self._fail(self._ended(f"paho failed over what came: {error!r}"))
            return
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._fail(self._ended("what comes is not MQTT"))
        elif code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            self._fail(self._ended(self._trouble or "the connection was closed"))

    def _fail(self, failure: NotConnected | Refused) -> None:
        """End the connection; the first cause is the one that counts."""
        if self._failure is None:
            self._failure = failure

    def _ended(self, what: str) -> NotConnected:
        """Interpret an end that the broker has not explained."""
        if self._answer is not None:
            return NotConnected(what)
        alert = tls.explain_text(self._trouble)
        if alert:
            return NotConnected(alert)
        return OtherVersion(f"no MQTT broker answers: {what}")

    def _accepted(self, reason: ReasonCode, properties: Properties | None) -> LinkUp:
        check_connack(reason.value, str(reason))
        if getattr(properties, "MaximumQoS", 1) == 0:
            raise Refused("the broker does not acknowledge messages (maximum QoS 0)")
        self._retains = getattr(properties, "RetainAvailable", 1) != 0
        return LinkUp(
            self.link,
            str(self._broker),
            self._version.value,
            min(self._settings.window, getattr(properties, "ReceiveMaximum", 65535)),
            getattr(properties, "MaximumPacketSize", None),
        )

    def _on_connect(
        self, _: Client, __: Any, ___: ConnectFlags, reason: ReasonCode, found: Properties | None
    ) -> None:
        self._answer = (reason, found)

    def _on_publish(self, _: Client, __: Any, mid: int, reason: ReasonCode, *___: Any) -> None:
        try:
            self._put(Acked(self.link, mid, reason.value, str(reason)))
        except Exception as error:  # noqa: BLE001 - an unheard PUBACK: everything goes again
            self._fail(NotConnected(f"the agent's queue failed: {error!r}"))

    def _on_disconnect(
        self, _: Client, __: Any, flags: DisconnectFlags, reason: ReasonCode, *___: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._fail(disconnected(reason.value, str(reason)))
        elif self._answer is not None and reason == "Keep alive timeout":
            self._fail(NotConnected("the link is dead: no answer within two keep-alives"))

    def _on_log(self, _: Client, __: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._trouble = text


def _nothing(*_: Any) -> None:
    """Stand in for the write registration of an outside loop: paho's own loop looks for itself."""
