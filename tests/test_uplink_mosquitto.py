"""Session and Delivery against a real mosquitto on loopback."""

import json
import queue
import socket
import threading
import time

import pytest
from outgoing import Agent, Waiting

from agent.uplink.link import LinkDown, LinkUp
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Presence

TOPIC = "street/v1/gz-hp-0001"


def configured(*urls, **more):
    return UplinkSettings(urls, insecure=True, **more)


def heard_ids(heard, count):
    """Ids of that many events, in the order of arrival."""
    return [json.loads(heard.get(timeout=15).payload)["id"] for _ in range(count)]


def test_events_arrive_once_each_and_in_order(mosquitto, listen, make_event):
    """On a link that holds every event arrives once, in order, and is deleted; MQTT 5 is spoken."""
    broker = mosquitto()
    heard = listen(broker.port, f"{TOPIC}/event/#")
    agent = Agent(configured(broker.url), Waiting(*[make_event(n) for n in range(1, 301)]))
    messages = agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert messages[0].protocol == "5"
    assert heard_ids(heard, 300) == [f"a{n}.1" for n in range(1, 301)]
    assert heard.empty()
    assert not agent.events.items


def test_readings_arrive_in_packs(mosquitto, listen, make_reading):
    """Readings arrive complete and in order, each once."""
    broker = mosquitto()
    heard = listen(broker.port, f"{TOPIC}/reading/#")
    readings = Waiting(*[make_reading(n, f"road-{n % 3}") for n in range(1, 3001)])
    agent = Agent(configured(broker.url), readings=readings)
    agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    found: dict[str, list[int]] = {}
    while sum(map(len, found.values())) < 3000:
        message = heard.get(timeout=15)
        found.setdefault(message.topic, []).extend(r["seq"] for r in json.loads(message.payload))
    assert found == {
        f"{TOPIC}/reading/road-{n}": [s for s in range(1, 3001) if s % 3 == n] for n in range(3)
    }


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_state_is_retained_and_the_last_will_speaks_after_a_cut(mosquitto, listen, protocol):
    """A late subscriber sees `online`; when the device's connection is cut it hears `lost`."""
    broker = mosquitto()
    relay = Relay(broker.port, refuses_5=protocol == "3.1.1")
    agent = Agent(configured(relay.url))
    agent.delivery.post(agent.wire.state(Presence.ONLINE))
    messages = agent.run(lambda: agent.delivery.counters.acknowledged == 1)
    heard = listen(broker.port, f"{TOPIC}/state")
    relay.cut()
    states = [heard.get(timeout=15) for _ in range(2)]
    assert messages[0].protocol == protocol
    assert [json.loads(message.payload)["state"] for message in states] == ["online", "lost"]
    assert states[0].retain
    agent.stop()
    relay.close()


def test_farewell_replaces_the_last_will(mosquitto, listen):
    """An agent that stops leaves `stopped` behind, and its will stays unspoken."""
    broker = mosquitto()
    agent = Agent(configured(broker.url))
    agent.delivery.post(agent.wire.state(Presence.ONLINE))
    agent.run(lambda: agent.delivery.counters.acknowledged == 1)
    heard = listen(broker.port, f"{TOPIC}/state")
    agent.stop()
    states = [json.loads(heard.get(timeout=15).payload)["state"] for _ in range(2)]
    assert states == ["online", "stopped"]
    assert heard.empty()


def test_broker_down_at_start_is_waited_for(mosquitto, make_event):
    """An agent that starts before its broker delivers once that is there."""
    broker = mosquitto(is_started=False)
    agent = Agent(configured(broker.url), Waiting(make_event(1)))
    down = agent.news.next()
    assert (down.reason, down.is_refused) == ("connection refused", False)
    broker.start()
    agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert not agent.events.items


def test_killed_broker_loses_nothing(mosquitto, make_event):
    """A broker killed and restarted on its port gets the unacknowledged again, within 3 s."""
    broker = mosquitto()
    agent = Agent(configured(broker.url), Waiting(*[make_event(n) for n in range(1, 2001)]))
    agent.run(lambda: len(agent.events.items) < 1500)
    counters = agent.delivery.counters
    broker.pause()  # so that something is under way for certain
    agent.run(lambda: counters.sent - counters.acknowledged >= 10)
    broker.kill()
    agent.run_until(LinkDown)
    left = list(agent.events.items)
    broker.start()
    start = time.monotonic()
    agent.run(lambda: len(agent.events.items) < len(left))
    assert time.monotonic() - start < 3.0
    agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert left == list(range(2001 - len(left), 2001))
    assert not agent.events.items
    assert 1 <= agent.delivery.counters.resent <= 20


def test_publishes_denied_by_acl_stay_on_disk(mosquitto, make_event, tmp_path):
    """Under MQTT 5 an ACL's refusal is seen in the PUBACK: the event stays, other topics pass."""
    acl = tmp_path / "acl"
    acl.write_text(f"topic write {TOPIC}/state\n")
    broker = mosquitto("allow_anonymous true", f"acl_file {acl}")
    agent = Agent(configured(broker.url), Waiting(make_event(1)))
    agent.delivery.post(agent.wire.state(Presence.ONLINE))
    agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert list(agent.events.items) == [1]
    refusals = agent.delivery.take_refusals()
    assert [(r.code, r.text, r.is_lasting) for r in refusals] == [(0x87, "Not authorized", True)]
    assert agent.delivery.counters.acknowledged == 1


def test_bad_credentials_are_refused(mosquitto, tmp_path):
    """A broker that wants a user it does not know is reported as a refusal."""
    users = tmp_path / "users"
    users.write_text("")
    broker = mosquitto("allow_anonymous false", f"password_file {users}")
    agent = Agent(configured(broker.url, username="nobody"))
    down = agent.news.next()
    agent.stop()
    assert down.is_refused
    assert down.reason.startswith("the broker answers: not authorized; see username")


def test_brokers_largest_packet_is_respected(mosquitto, listen, make_event, make_reading):
    """With a small max_packet_size packs are split, a large event is parked and the rest passes."""
    broker = mosquitto("allow_anonymous true", "max_packet_size 1000")
    heard = listen(broker.port, f"{TOPIC}/reading/#")
    large = make_event(1)
    large.payload["data"]["text"] = "x" * 2000
    readings = Waiting(*[make_reading(n) for n in range(1, 201)])
    agent = Agent(configured(broker.url), Waiting(large, make_event(2)), readings)
    messages = agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert messages[0].max_packet == 1000
    assert not [m for m in messages if isinstance(m, LinkDown)]
    assert list(agent.events.items) == [1]
    assert not readings.items
    seqs = []
    while len(seqs) < 200:
        seqs += [record["seq"] for record in json.loads(heard.get(timeout=15).payload)]
    assert seqs == list(range(1, 201))


def test_receive_maximum_of_one_is_respected(mosquitto, make_event):
    """The window that the broker grants bounds what is under way."""
    broker = mosquitto("allow_anonymous true", "max_inflight_messages 1")
    agent = Agent(configured(broker.url), Waiting(*[make_event(n) for n in range(1, 50)]))
    messages = agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert isinstance(messages[0], LinkUp)
    assert messages[0].window == 1
    assert not agent.events.items


class Relay:
    """Between device and broker: a link that can be cut without a word, or that denies MQTT 5."""

    def __init__(self, port: int, *, refuses_5: bool) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._port = port
        self._refuses_5 = refuses_5
        self._pairs: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="relay", daemon=True).start()

    def cut(self) -> None:
        """Reset every connection and accept no more."""
        self.close()
        while not self._pairs.empty():
            sock = self._pairs.get()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                device, _ = self._server.accept()
            except OSError:
                return
            head = device.recv(9, socket.MSG_PEEK | socket.MSG_WAITALL)
            if self._refuses_5 and head[8] == 5:
                device.sendall(b"\x20\x02\x00\x01")
                device.close()
                continue
            broker = socket.create_connection(("127.0.0.1", self._port))
            for source, sink in ((device, broker), (broker, device)):
                self._pairs.put(source)
                threading.Thread(
                    target=self._copy, args=(source, sink), name="relay", daemon=True
                ).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
