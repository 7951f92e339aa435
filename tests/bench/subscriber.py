"""The platform's side of the benchmarks: what came, and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record of a SenML pack: when it came, its `seq`, its value in mm."""

    at: float
    seq: int
    mm: int


class Subscriber:
    """Hears everything, in a session that outlives its connection and the broker's death.

    Attributes:
        deliveries: readings, as they came.
        events: when each came, and its payload, as they came.
    """

    def __init__(self, port: int) -> None:
        self.deliveries: list[Delivery] = []
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._news = threading.Condition()
        self._is_subscribed = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, "bench-subscriber", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # any number will do
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=expiry)
        self._client.subscribe("#", options=SubscribeOptions(qos=1))
        self._client.loop_start()
        self.wait(lambda: self._is_subscribed)

    def wait(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> bool:
        """Wait for something to come that makes the condition true; say whether it did."""
        with self._news:
            return self._news.wait_for(condition, timeout_s)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        at = time.perf_counter()
        is_reading = "/reading/" in message.topic
        if not is_reading and "/event/" not in message.topic:
            return
        content = json.loads(message.payload)
        with self._news:
            if is_reading:
                self.deliveries += [Delivery(at, r["seq"], int(r["v"])) for r in content]
            else:
                self.events.append((at, content))
            self._news.notify_all()

    def _on_subscribe(self, *_: Any) -> None:
        with self._news:
            self._is_subscribed = True
            self._news.notify_all()
