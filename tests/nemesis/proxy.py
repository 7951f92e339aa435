"""A TCP proxy before the broker that knows MQTT packets: it cuts, stalls, and keeps the record.

It sees what nobody else does: which PUBLISH the broker has acknowledged. A broker that dies right
after that takes the message with it, which is not the agent's loss.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from enum import StrEnum

PUBLISH, PUBACK = 0x30, 0x40


class Cut(StrEnum):
    """Where a connection is cut, around one PUBLISH of an event and its PUBACK."""

    BEFORE_PUBLISH = "before the PUBLISH"
    IN_PUBLISH = "in the middle of the PUBLISH"
    AFTER_PUBLISH = "after the PUBLISH, before the PUBACK"
    IN_PUBACK = "in the middle of the PUBACK"
    AFTER_PUBACK = "right after the PUBACK"


class Proxy:
    """Passes packets on, one by one, until it is told to cut.

    Attributes:
        port: where it listens.
        acknowledged: ids of events for which the broker sent a PUBACK.
        connections: how many there were.
        cuts: how many connections it has cut on demand.
        on_publish: called when an event's PUBLISH has gone to the broker; for kills of the broker.
        refuse: gives the reason code with which an event is answered instead of being passed on,
            or None.
        is_stalled: while it is set, nothing passes from the broker to the agent.
        in_flight_most: most PUBLISH at once that had no PUBACK yet.
    """

    def __init__(self, target: int) -> None:
        self.acknowledged: set[str] = set()
        self.connections = 0
        self.cuts = 0
        self.in_flight_most = 0
        self.on_publish: Callable[[], None] | None = None
        self.refuse: Callable[[str], int | None] | None = None
        self.is_stalled = threading.Event()
        self._target = target
        self._armed: Cut | None = None
        self._left = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, name="proxy", daemon=True).start()

    def arm(self, cut: Cut, after: int = 0) -> None:
        """Cut once, at the event after so many others."""
        with self._lock:
            self._armed, self._left = cut, after

    @property
    def is_armed(self) -> bool:
        """Whether the cut is still to come."""
        return self._armed is not None

    def drop_all(self) -> None:
        """Cut every connection now."""
        with self._lock:
            for sock in self._open:
                _hang_up(sock)

    def close(self) -> None:
        """Listen no longer."""
        _hang_up(self._server)
        self._server.close()
        self.drop_all()

    def _serve(self) -> None:
        while True:
            try:
                agent, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            try:
                broker = socket.create_connection(("127.0.0.1", self._target), 5.0)
                broker.settimeout(None)
            except OSError:  # killed just now
                agent.close()
                continue
            with self._lock:
                self._open |= {agent, broker}
            _Pair(self, agent, broker).start()

    def due(self, cut: Cut, *, is_counted: bool = False) -> bool:
        """Whether to cut here. The first point of each event counts it."""
        with self._lock:
            if self._armed is None:
                return False
            if is_counted and self._left > 0:
                self._left -= 1
                return False
            return self._left == 0 and self._armed is cut

    def done(self) -> None:
        """It has cut."""
        with self._lock:
            self._armed = None
            self.cuts += 1

    def forget(self, *socks: socket.socket) -> None:
        """These are closed."""
        with self._lock:
            self._open -= set(socks)


class _Pair:
    """One connection of the agent, and its own to the broker."""

    def __init__(self, proxy: Proxy, agent: socket.socket, broker: socket.socket) -> None:
        self._proxy = proxy
        self._agent, self._broker = agent, broker
        self._events: dict[int, str] = {}
        self._marked: int | None = None
        self._in_flight: set[int] = set()

    def start(self) -> None:
        """Pass on both ways."""
        for way in (self._up, self._down):
            threading.Thread(target=self._run, args=(way,), name="proxy-way", daemon=True).start()

    def _run(self, way: Callable[[], None]) -> None:
        with contextlib.suppress(OSError, EOFError):
            way()
        _hang_up(self._agent)
        _hang_up(self._broker)
        self._proxy.forget(self._agent, self._broker)

    def _up(self) -> None:
        proxy = self._proxy
        while True:
            first, packet, body = read(self._agent)
            mid, event = _event(first, body)
            if first & 0xF0 == PUBLISH and first & 0x06:
                self._in_flight.add(mid)
                proxy.in_flight_most = max(proxy.in_flight_most, len(self._in_flight))
            code = proxy.refuse(event) if event and proxy.refuse is not None else None
            if code is not None:
                self._in_flight.discard(mid)
                self._agent.sendall(bytes((PUBACK, 3, *mid.to_bytes(2, "big"), code)))
                continue
            if event:
                self._events[mid] = event
                if proxy.due(Cut.BEFORE_PUBLISH, is_counted=True):
                    proxy.done()
                    return
                if proxy.due(Cut.IN_PUBLISH):
                    self._broker.sendall(packet[: len(packet) // 2])
                    proxy.done()
                    return
                if any(map(proxy.due, (Cut.AFTER_PUBLISH, Cut.IN_PUBACK, Cut.AFTER_PUBACK))):
                    self._marked = mid
            self._broker.sendall(packet)
            if event and proxy.on_publish is not None:
                proxy.on_publish()

    def _down(self) -> None:
        proxy = self._proxy
        while True:
            first, packet, body = read(self._broker)
            mid = int.from_bytes(body[:2], "big") if first & 0xF0 == PUBACK else None
            if mid is not None:
                self._in_flight.discard(mid)
            if mid in self._events and (len(body) < 3 or body[2] < 0x80):
                proxy.acknowledged.add(self._events.pop(mid))
            is_marked = mid is not None and mid == self._marked
            if is_marked and proxy.due(Cut.AFTER_PUBLISH):
                proxy.done()
                return
            if is_marked and proxy.due(Cut.IN_PUBACK):
                self._agent.sendall(packet[: len(packet) // 2])
                proxy.done()
                return
            while proxy.is_stalled.is_set():
                threading.Event().wait(0.05)
            self._agent.sendall(packet)
            if is_marked and proxy.due(Cut.AFTER_PUBACK):
                proxy.done()
                return


def read(sock: socket.socket) -> tuple[int, bytes, bytes]:
    """One packet: first byte, all of it, and what follows the length. Raise EOFError at the end."""
    head = _exactly(sock, 1)
    length = shift = 0
    while True:
        head += _exactly(sock, 1)
        length |= (head[-1] & 0x7F) << shift
        shift += 7
        if head[-1] < 0x80:
            break
    body = _exactly(sock, length)
    return head[0], head + body, body


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _event(first: int, body: bytes) -> tuple[int, str]:
    """Message id of a PUBLISH at QoS 1, and the event's id if it carries one."""
    if first & 0xF0 != PUBLISH or not first & 0x06:
        return 0, ""
    length = int.from_bytes(body[:2], "big")
    mid = int.from_bytes(body[2 + length : 4 + length], "big")
    if b"/event/" not in body[2 : 2 + length]:
        return mid, ""
    payload = body[body.index(b"{", 4 + length) :]
    return mid, str(json.loads(payload)["id"])


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
