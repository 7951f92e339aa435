"""The command centre's ear: subscribes to everything and hands it over through a queue.

It speaks MQTT 3.1.1 whatever the agents speak: nothing of theirs exists only in MQTT 5, and a
lasting session needs no more.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent.demo.broker import HOST, Broker
from agent.errors import UplinkError

TOPICS = "street/v1/#"
CLIENT_ID = "demo-centre"
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message.

    Attributes:
        at: monotonic seconds.
        is_fresh: False for what the broker kept: retained, or sent before and not confirmed.
    """

    at: float
    topic: str
    payload: bytes
    is_fresh: bool


class Centre:
    """A lasting subscription: what comes while the centre is away, the broker keeps for it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._queue: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, clean_session=False)
        self._client.on_connect = lambda client, *_: client.subscribe(TOPICS, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self._queue.put(_heard(message))

    def join(self) -> None:
        """Connect and subscribe; return when the broker has confirmed. Raise UplinkError."""
        self._subscribed.clear()
        try:
            self._client.connect(HOST, self._broker.port)
        except OSError as error:
            raise UplinkError(f"the demo's broker does not answer: {error}") from error
        self._client.loop_start()
        if not self._subscribed.wait(ANSWER_S):
            raise UplinkError(f"the demo's broker does not answer within {ANSWER_S:g} s")

    def leave(self) -> None:
        """Disconnect; harmless when not connected."""
        self._client.disconnect()
        self._client.loop_stop()

    def hear(self, timeout_s: float) -> list[Heard]:
        """Wait for messages, then give all that are there; empty after the time-out."""
        heard: list[Heard] = []
        with contextlib.suppress(queue.Empty):
            heard.append(self._queue.get(timeout=timeout_s))
            while True:
                heard.append(self._queue.get_nowait())
        return heard


def _heard(message: MQTTMessage) -> Heard:
    is_fresh = not (message.retain or message.dup)
    return Heard(time.monotonic(), message.topic, bytes(message.payload), is_fresh)
