"""Asks a broker whether a device is there: what its retained `state` says.

For a unit that is to take another one's place: two units with one identity would throw each other
out for ever. It connects under a name of its own and publishes nothing.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.errors import NotConnected
from agent.uplink import tls
from agent.uplink.broker import parse
from agent.uplink.secret import read_password
from agent.uplink.settings import UplinkSettings

CONNECT_S, ANSWER_S = 10.0, 5.0


def state_of(settings: UplinkSettings, topic: str) -> str:
    """What is retained under a topic: online, stopped, lost; empty where nothing is.

    Raises:
        NotConnected: no broker can be asked.
    """
    reasons = []
    for url in settings.brokers:
        broker = parse(url, insecure=settings.insecure)
        try:
            return _ask(broker.host, broker.port, settings, topic, is_tls=broker.is_tls)
        except (OSError, ValueError) as error:
            reasons.append(f"{broker}: {tls.explain(error)}")
    raise NotConnected("; ".join(reasons))


def _ask(host: str, port: int, settings: UplinkSettings, topic: str, *, is_tls: bool) -> str:
    said: list[bytes] = []
    is_subscribed, has_answer = threading.Event(), threading.Event()
    refused: list[str] = []
    client = Client(
        CallbackAPIVersion.VERSION2, f"question-{secrets.token_hex(6)}",
        protocol=MQTTProtocolVersion.MQTTv311,
    )  # fmt: skip

    def on_connect(client: Client, _: Any, __: Any, reason: Any, ___: Any = None) -> None:
        if reason.is_failure:
            refused.append(str(reason))
            is_subscribed.set()
        else:
            client.subscribe(topic, qos=1)

    def on_message(_: Client, __: Any, message: Any) -> None:
        said.append(message.payload)
        has_answer.set()

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: is_subscribed.set()
    client.on_message = on_message
    if settings.username:
        password = read_password(settings.password_file) if settings.password_file else None
        client.username_pw_set(settings.username, password)
    if is_tls:
        client.tls_set_context(tls.context(settings))
    client.connect_timeout = CONNECT_S
    client.connect(host, port)
    client.loop_start()
    try:
        if not is_subscribed.wait(CONNECT_S):
            raise TimeoutError("no answer")
        if refused:
            raise ConnectionRefusedError(refused[0])
        has_answer.wait(ANSWER_S)
        time.sleep(0)
    finally:
        client.disconnect()
        client.loop_stop()
    if not said or not said[0]:
        return ""
    document = json.loads(said[0])
    return str(document.get("state", "")) if isinstance(document, dict) else ""
