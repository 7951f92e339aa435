"""The platform's side: everything that came, in its order, and when."""

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
class Record:
    """One reading of a SenML pack."""

    at: float
    site: str
    sensor: str
    boot: str
    seq: int
    value: float


class Consumer:
    """Hears everything, in a session that outlives its connection and the broker's death.

    Attributes:
        events: when each came, and its payload, as they came.
        records: readings, as they came.
        ids: of the events so far.
    """

    def __init__(self, port: int) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.records: list[Record] = []
        self.ids: set[str] = set()
        self.wrong: list[str] = []
        self._news = threading.Condition()
        self._is_subscribed = False
        self._client = Client(
            CallbackAPIVersion.VERSION2, "consumer", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # any number will do
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 36000
        self._client.connect("127.0.0.1", port, clean_start=False, properties=expiry)
        self._client.loop_start()
        if not self.wait(lambda: self._is_subscribed):
            raise TimeoutError("the consumer cannot subscribe")

    def wait(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> bool:
        """Wait for something to come that makes the condition true; say whether it did."""
        with self._news:
            return self._news.wait_for(condition, timeout_s)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *_: Any) -> None:
        # Each time: a broker that was killed may not have written the session down.
        self._client.subscribe("#", options=SubscribeOptions(qos=1))

    def _on_subscribe(self, *_: Any) -> None:
        with self._news:
            self._is_subscribed = True
            self._news.notify_all()

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        at = time.monotonic()
        words = message.topic.split("/")
        if len(words) < 4 or words[3] not in {"event", "reading"}:
            return
        try:
            content = json.loads(message.payload)
            with self._news:
                if words[3] == "event":
                    self.events.append((at, content))
                    self.ids.add(content["id"])
                else:
                    self._records(at, words[2], words[4], content)
                self._news.notify_all()
        except (ValueError, KeyError, TypeError) as error:
            self.wrong.append(f"{message.topic}: {error!r}")

    def _records(self, at: float, site: str, sensor: str, pack: list[dict[str, Any]]) -> None:
        boot = ""
        for record in pack:
            boot = record.get("boot", boot)
            value = float(record["vb"] if "vb" in record else record["v"])
            self.records.append(Record(at, site, sensor, boot, record["seq"], value))
