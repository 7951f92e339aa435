"""What systemd hears: the watchdog is fed on evidence, and a dead thread is never lived with."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import ThreadDied
from agent.health import PATIENCE_S, Health, ServiceManager, Watched


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


class Threads:
    """Threads that move, hang and end as they are told, with the time of all of them."""

    def __init__(self, *names: str) -> None:
        self.now = 1000.0
        self.moved = dict.fromkeys(names, self.now)
        self.dead: set[str] = set()
        self.mended: list[str] = []

    def watched(
        self, name: str, patience_s: float = PATIENCE_S, *, is_mended: bool = False
    ) -> Watched:
        return Watched(
            name,
            lambda: self.moved[name],
            lambda: name not in self.dead,
            patience_s,
            (lambda: self.mended.append(name)) if is_mended else None,
        )

    def pass_time(self, seconds: float, *hung: str) -> None:
        self.now += seconds
        self.moved |= {name: self.now for name in self.moved if name not in hung}

    def health(self, *watched: Watched) -> Health:
        return Health(ServiceManager(), watched, now=lambda: self.now)


@pytest.mark.parametrize("hung", ["disk", "uplink", "cord", "road-level"])
def test_one_hung_thread_of_any_kind_starves_the_watchdog(
    hung: str, manager: socket.socket, record_property: Callable[[str, object], None]
) -> None:
    """Each in turn: named once in STATUS, no WATCHDOG=1 while it hangs, and again when it moves."""
    record_property("injections", 1)
    threads = Threads("disk", "uplink", "cord", "road-level")
    health = threads.health(*map(threads.watched, threads.moved))
    health.ready()
    health.beat()
    assert heard(manager) == ["READY=1", "STATUS=sensing", "WATCHDOG=1"]
    threads.pass_time(PATIENCE_S, hung)
    health.beat()
    assert heard(manager) == ["WATCHDOG=1"]
    for _ in range(3):
        threads.pass_time(1.0, hung)
        health.beat()
    assert heard(manager) == [f"STATUS=no progress: {hung}"]
    threads.pass_time(1.0)
    health.beat()
    assert heard(manager) == ["WATCHDOG=1", "STATUS=sensing"]


def test_a_patient_watch_waits_longer(manager: socket.socket) -> None:
    """A card that takes two minutes for a sync does not restart the agent; three and a bit do."""
    threads = Threads("disk", "cord")
    health = threads.health(threads.watched("disk", 180.0), threads.watched("cord"))
    threads.pass_time(120.0, "disk")
    health.beat()
    assert heard(manager) == ["WATCHDOG=1"]
    threads.pass_time(61.0, "disk")
    health.beat()
    assert "WATCHDOG=1" not in heard(manager)


def test_progress_that_is_announced_is_no_hang(manager: socket.socket) -> None:
    """A thread that waits on purpose says until when by a progress later than now."""
    threads = Threads("uplink")
    health = threads.health(threads.watched("uplink"))
    threads.moved["uplink"] = threads.now + 300.0
    threads.pass_time(320.0, "uplink")
    health.beat()
    assert heard(manager) == ["WATCHDOG=1"]


def test_a_dead_thread_that_nobody_can_replace_ends_the_agent(
    manager: socket.socket, record_property: Callable[[str, object], None]
) -> None:
    """The deciding thread is thrown out of its loop, and the watchdog hears nothing more."""
    record_property("injections", 1)
    threads = Threads("disk", "uplink")
    health = threads.health(*map(threads.watched, threads.moved))
    threads.dead.add("disk")
    with pytest.raises(ThreadDied, match=r"^thread ended by itself: disk$"):
        health.beat()
    assert heard(manager) == []


def test_a_dead_thread_that_can_be_replaced_is_tried_every_beat(
    manager: socket.socket, record_property: Callable[[str, object], None]
) -> None:
    """One sensor without a thread is reported and retried; it does not stop the others."""
    record_property("injections", 1)
    threads = Threads("cord", "pir")
    health = threads.health(
        threads.watched("cord", is_mended=True), threads.watched("pir", is_mended=True)
    )
    threads.dead.add("cord")
    for _ in range(100):
        threads.pass_time(1.0, "cord")
        health.beat()
        assert heard(manager) == ["WATCHDOG=1"]
    assert threads.mended == ["cord"] * 100


def test_a_hung_thread_is_reported_before_systemd_acts(manager: socket.socket) -> None:
    """Why the agent was restarted is then an event and not only a line in the journal."""
    threads = Threads("cord", "pir")
    health = threads.health(threads.watched("cord", is_mended=True), threads.watched("pir"))
    threads.pass_time(PATIENCE_S + 1, "cord")
    health.beat()
    assert threads.mended == ["cord"]
    assert "WATCHDOG=1" not in heard(manager)


def test_the_status_line_is_one_line_and_said_once(manager: socket.socket) -> None:
    """A text cannot smuggle another assignment to systemd, and repetition costs nothing."""
    threads = Threads("pir")
    health = threads.health(threads.watched("pir"))
    for _ in range(3):
        health.say("3 sensors up,\nWATCHDOG=1 1 down")
    assert heard(manager) == ["STATUS=3 sensors up, WATCHDOG=1 1 down"]


def test_the_status_of_a_hang_is_not_talked_over(manager: socket.socket) -> None:
    """`systemctl status` names the thread until it moves; then it shows the newest text."""
    threads = Threads("pir")
    health = threads.health(threads.watched("pir"))
    threads.pass_time(PATIENCE_S + 1, "pir")
    health.beat()
    health.say("1 sensor up")
    assert heard(manager) == ["STATUS=no progress: pir"]
    threads.pass_time(1.0)
    health.beat()
    assert heard(manager) == ["WATCHDOG=1", "STATUS=1 sensor up"]


def test_without_a_service_manager_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in a terminal, or with a manager that has gone, works the same."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ServiceManager().notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    ServiceManager().notify("READY=1")


def test_an_abstract_address_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Systemd may name its socket with an @, which stands for a leading zero byte."""
    name = f"street-agent-test-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name)
        sock.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        ServiceManager().notify("READY=1")
        assert heard(sock) == ["READY=1"]


def test_the_watchdog_is_fed_without_a_free_descriptor(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running out of descriptors must not look like a hang, or systemd restarts for nothing."""
    threads = Threads("pir")
    health = threads.health(threads.watched("pir"))

    def none_left(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("agent.health.socket.socket", none_left)
    health.beat()
    assert heard(manager) == ["WATCHDOG=1"]
