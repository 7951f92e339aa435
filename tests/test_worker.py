"""Sensor threads, the one queue, what systemd hears, the clock across restarts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.clock import ManualClock, SystemClock
from agent.health import STUCK_S, Health, ServiceManager
from agent.inbox import Inbox, Stop
from agent.worker import Worker
from drivers.base import DeviceSilent, Driver, Emit, PortError
from drivers.reading import Quantity, Reading, SensorState

PATIENCE_S = 10.0


class Scripted:
    """A driver that does what it is told, one poll after the other."""

    def __init__(self, polls: list[Exception | float]) -> None:
        self._polls = polls
        self.closed = 0

    def open(self, emit: Emit) -> None:
        self._emit = emit

    def poll(self) -> None:
        match self._polls.pop(0) if self._polls else 0.0:
            case Exception() as error:
                raise error
            case float() as value:
                self._emit(Quantity.MOTION, value)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(ManualClock())


def collected(inbox: Inbox, done: Callable[[list[object]], bool]) -> list[object]:
    found: list[object] = []
    while not done(found):
        batch = inbox.batch(PATIENCE_S)
        assert batch, f"nothing more came after {found}"
        found += batch
    return found


def states(found: list[object]) -> list[tuple[str, str]]:
    return [(item.status.value, item.reason) for item in found if isinstance(item, SensorState)]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (PortError("unplugged"), "lost", "unplugged"),
        (DeviceSilent("nothing for 60 s"), "silent", "nothing for 60 s"),
        (ZeroDivisionError("oops"), "lost", "driver failed: ZeroDivisionError: oops"),
    ],
)
def test_a_driver_that_dies_is_reported_closed_and_opened_again(
    error: Exception, status: str, reason: str, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it dies of, the thread lives on and a fresh driver reads on."""
    monkeypatch.setattr("agent.worker.FIRST_PAUSE_S", 0.01)
    built: list[Scripted] = []

    def build() -> Driver:
        built.append(Scripted([1.0, error] if not built else [0.0]))
        return built[-1]

    worker = Worker("pir", build, 0.01, inbox)
    worker.start()
    found = collected(inbox, lambda f: sum(isinstance(i, Reading) for i in f) >= 2)
    worker.stop()
    worker.join(PATIENCE_S)
    assert states(found)[:3] == [("starting", ""), (status, reason), ("starting", "")]
    assert built[0].closed
    assert built[-1].closed


def test_failed_attempts_to_open_are_no_news(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that is away for hours is reported once, with pauses that grow."""
    waited: list[float] = []
    enough = threading.Event()

    def note(self: Worker, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) >= 8:
            enough.set()
            self.stop()

    monkeypatch.setattr(Worker, "_wait", note)

    class Away(Scripted):
        def open(self, emit: Emit) -> None:  # noqa: ARG002
            raise PortError("no such port")

    worker = Worker("level", lambda: Away([]), 0.0, inbox)
    worker.start()
    assert enough.wait(PATIENCE_S)
    worker.join(PATIENCE_S)
    assert states(inbox.batch(0.0)) == [("lost", "no such port")]
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


def test_stamps_are_in_the_order_of_the_queue(inbox: Inbox) -> None:
    """Eight threads emit at once: sequences and times never go back, none is missing."""
    emitters = [inbox.emitter(f"s{i}") for i in range(8)]
    threads = [
        threading.Thread(target=lambda e=e: [e(Quantity.MOTION, 1.0) for _ in range(500)])
        for e in emitters
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    found = []
    while batch := inbox.batch(0.0):
        found += [item for item in batch if isinstance(item, Reading)]
    assert [item.stamp.sequence for item in found] == list(range(1, 4001))


def test_a_stop_is_taken_in_its_place(inbox: Inbox) -> None:
    """What was emitted before the signal is decided before it."""
    inbox.emitter("pir")(Quantity.MOTION, 1.0)
    inbox.post(Stop("SIGTERM"))
    first, second = inbox.batch(0.0)
    assert isinstance(first, Reading)
    assert second == Stop("SIGTERM")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.settimeout(0)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return sock


def heard(sock: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines += sock.recv(4096).decode().splitlines()
        except BlockingIOError:
            return lines


def test_the_watchdog_is_fed_only_while_every_thread_moves(manager: socket.socket) -> None:
    """One hung thread is enough to let systemd restart the agent."""
    now = 1000.0
    progress = {"loop": now, "pir": now}
    health = Health(
        ServiceManager(),
        [("loop", lambda: progress["loop"]), ("pir", lambda: progress["pir"])],
        now=lambda: now,
    )
    health.ready()
    health.beat()
    assert "WATCHDOG=1" in heard(manager)
    now += STUCK_S + 1
    progress["loop"] = now
    health.beat()
    assert heard(manager) == []
    progress["pir"] = now
    health.beat()
    assert heard(manager) == ["WATCHDOG=1"]


def test_without_a_service_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in a terminal works the same."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ServiceManager().notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    ServiceManager().notify("READY=1")


def test_monotonic_time_goes_on_in_the_same_boot() -> None:
    """A restart of the agent costs exactly the time that it took."""
    first, second = SystemClock(), SystemClock()
    first.carry_on("another boot", 0.0, 1e6, first.wall() - 100)
    second.carry_on(first.boot, first.offset, first.mono(), first.wall())
    assert abs(second.mono() - first.mono()) < 0.1
    assert second.mono() >= 1e6 + 99


def test_monotonic_time_goes_on_after_a_reboot_without_a_clock() -> None:
    """Where the wall clock says nonsense the count goes on from where it was."""
    clock = SystemClock()
    clock.carry_on("another boot", 0.0, 5e8, clock.wall() + 10 * 366 * 86400)
    assert 5e8 <= clock.mono() < 5e8 + 1


def test_a_faster_clock_runs_both_clocks_faster() -> None:
    """At 1000 times real time a millisecond is a second, on both clocks."""
    clock = SystemClock(1000.0)
    mono, wall = clock.mono(), clock.wall()
    while clock.mono() - mono < 5.0:
        pass
    assert clock.wall() - wall >= 4.9
