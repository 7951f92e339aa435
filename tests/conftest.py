"""Shared fixtures: a real mosquitto, a broker that misbehaves as told, a site, things to send."""

from __future__ import annotations

import contextlib
import os
import pwd
import queue
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.events import Event, Kind
from agent.site import Place, Profile, Site
from drivers.reading import Quantity, Reading, Stamp

# How fast a machine is, a benchmark shows.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

WAIT_S = 15.0


class Mosquitto:
    """A mosquitto of its own on a port of its own, which may be killed and started again."""

    def __init__(self, folder: Path, lines: Sequence[str], port: int) -> None:
        self.folder = folder
        self.port = port
        self.log: deque[str] = deque(maxlen=500)
        self._config = folder / f"mosquitto-{port}.conf"
        user = pwd.getpwuid(os.getuid()).pw_name  # as root it would become "mosquitto"
        common = [f"listener {port} 127.0.0.1", f"user {user}", "log_dest stderr"]
        self._config.write_text("\n".join([*common, *lines, ""]))
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it listens, without TLS."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> Mosquitto:
        """Return once it listens."""
        process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(self._config)],
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )
        self._process = process
        is_running = threading.Event()

        def read() -> None:
            assert process.stderr is not None
            with process.stderr:
                for line in process.stderr:
                    self.log.append(line.rstrip())
                    if line.rstrip().endswith("running"):
                        is_running.set()

        threading.Thread(target=read, name="mosquitto-log", daemon=True).start()
        assert is_running.wait(WAIT_S), list(self.log)
        return self

    def pause(self) -> None:
        """Let it hang: it answers nothing any more, until it is killed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)
            self._process = None


@pytest.fixture
def free_port() -> Callable[[], int]:
    def pick() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return pick


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Mosquitto]]:
    """Start a mosquitto with these lines of configuration."""
    made: list[Mosquitto] = []

    def make(*lines: str, is_started: bool = True) -> Mosquitto:
        broker = Mosquitto(tmp_path, lines or ("allow_anonymous true",), free_port())
        made.append(broker)
        return broker.start() if is_started else broker

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
def listen() -> Iterator[Callable[..., queue.SimpleQueue[Any]]]:
    """Subscribe to a broker; returns the queue of what comes (paho's MQTTMessage)."""
    clients: list[Client] = []

    def subscribe(port: int, topic: str = "#") -> queue.SimpleQueue[Any]:
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        ready = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.on_connect = lambda *_: client.subscribe(topic, qos=1)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _, __, message: heard.put(message)
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        clients.append(client)
        assert ready.wait(WAIT_S)
        return heard

    yield subscribe
    for client in clients:
        client.disconnect()
        client.loop_stop()


def read_packet(sock: socket.socket) -> tuple[int, bytes]:
    """One MQTT packet: first byte, and what follows the length. Raise EOFError at the end."""

    def exactly(count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    first = exactly(1)[0]
    length = shift = 0
    while True:
        byte = exactly(1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first, exactly(length)


class FakeBroker:
    """Accepts connections and does with each what `play(socket, number)` says.

    Attributes:
        versions: protocol level of each CONNECT that `accept` has read (5, or 4 = 3.1.1).
    """

    def __init__(self, play: Callable[[FakeBroker, socket.socket, int], None]) -> None:
        self._play = play
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.versions: list[int] = []
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve, name="fake-broker", daemon=True)]
        self._threads[0].start()

    def accept(self, sock: socket.socket, connack: bytes | None = None) -> None:
        """Read CONNECT and answer it; by default with success."""
        _, body = self.read_connect(sock)
        level = body[6]
        self.versions.append(level)
        if connack is None:
            connack = b"\x20\x03\x00\x00\x00" if level == 5 else b"\x20\x02\x00\x00"
        sock.sendall(connack)

    def read_connect(self, sock: socket.socket) -> tuple[int, bytes]:
        """Wait for CONNECT."""
        return read_packet(sock)

    def published(self, sock: socket.socket) -> tuple[int, bytes]:
        """Wait for a PUBLISH at QoS 1; its id, and all of its body."""
        while True:
            first, body = read_packet(sock)
            if first & 0xF0 == 0x30 and first & 0x06:
                length = int.from_bytes(body[:2], "big")
                return int.from_bytes(body[2 + length : 4 + length], "big"), body

    def close(self) -> None:
        for sock in [self._server, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(WAIT_S)

    def _serve(self) -> None:
        number = 0
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self._open.append(sock)
            number += 1
            thread = threading.Thread(
                target=self._run, args=(sock, number), name="fake-broker", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _run(self, sock: socket.socket, number: int) -> None:
        with sock, contextlib.suppress(OSError, EOFError):
            self._play(self, sock, number)


@pytest.fixture
def fake_broker() -> Iterator[Callable[..., FakeBroker]]:
    made: list[FakeBroker] = []

    def make(play: Callable[[FakeBroker, socket.socket, int], None]) -> FakeBroker:
        made.append(FakeBroker(play))
        return made[-1]

    yield make
    for broker in made:
        broker.close()


@pytest.fixture
def street() -> Site:
    """A street site without configured sensors."""
    place = Place("黄埔区萝岗街下中路", "Xiazhong Road")
    return Site("gz-hp-0001", Profile.STREET, "Asia/Shanghai", place, "440112-07-03", {})


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def make(sequence: int, kind: Kind = Kind.WATERLOGGING, mono: float = 1000.0) -> Event:
        payload = {
            "specversion": "1.0",
            "id": f"a{sequence}.1",
            "boot": "b00700700700",
            "sequence": f"{sequence:012d}",
            "time": "2026-09-21T14:13:20.000Z",
            "data": {"kind": kind.value, "onset": "2026-09-21T14:12:20.000Z", "clock": "synced",
                     "buffered_s": 0, "place": {"zh": "萝岗街"}},
        }  # fmt: skip
        return Event(sequence, mono, kind, payload)

    return make


@pytest.fixture
def make_reading() -> Callable[..., Reading]:
    def make(
        sequence: int, sensor: str = "road", value: float = 120.0, *, synced: bool = True
    ) -> Reading:
        wall = 1_790_000_000.0 + sequence if synced else float(sequence)
        stamp = Stamp("b00700700700", 1000.0 + sequence, wall, synced, sequence)
        return Reading(sensor, Quantity.DEPTH_MM, value, stamp)

    return make
