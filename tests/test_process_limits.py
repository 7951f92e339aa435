"""The real process without memory, processor time, descriptors or threads to spare."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from agents import PATIENCE_S, RED_MM, Agent, Line, cgroup, entering

SABOTEUR = ("tests/saboteur.py",)
LIMIT_MIB = 128  # half of what the unit allows
STARVED = 10  # periods of 0.1 s that were cut short


@pytest.fixture
def group() -> Iterator[Callable[..., Path]]:
    """Make a control group; skip, and say why, where that is not possible."""
    with ExitStack() as parts:

        def make(controller: str, **limits: int) -> Path:
            try:
                return parts.enter_context(cgroup(controller, **limits))
            except OSError as error:
                pytest.skip(f"no control group of our own here: {error}")

        yield make


@pytest.fixture
def start(tmp_path: Path, group: Callable[..., Path]) -> Iterator[Callable[..., Agent]]:
    """Start an agent on one state folder, each with a line of its own; ended before its group."""
    with ExitStack() as parts:

        def make(url: str, **given: Any) -> Agent:
            line = Line()
            parts.callback(line.close)
            agent = Agent(tmp_path, url, line, **given)
            parts.callback(agent.close)
            return agent

        yield make


def throttled(group: Path) -> int:
    """How many periods of a control group were cut short."""
    words = (group / "cpu.stat").read_text().split()
    return int(words[words.index("nr_throttled") + 1])


def nowhere(free_port: Callable[[], int]) -> str:
    return f"mqtt://127.0.0.1:{free_port()}"


def test_out_of_memory_it_is_killed_and_goes_on_with_its_queue(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Any],
    group: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Three out-of-memory kills with an event waiting: no lock-out, and the platform gets it."""
    memory = group("memory", memory__limit_in_bytes=LIMIT_MIB << 20)
    broker = mosquitto(is_started=False)
    agent = start(broker.url, script=SABOTEUR, before=entering(memory))
    agent.wait_for("level=red", distance_mm=RED_MM)
    for n in range(3):
        if n:
            agent = start(broker.url, script=SABOTEUR, before=entering(memory))
            assert "READY=1" in agent.heard(PATIENCE_S, until="READY=1")
        agent.order(f"eat {2 * LIMIT_MIB}")
        code, _ = agent.ended(time.monotonic())
        assert code == -signal.SIGKILL, agent.said()
    record_property("injections", 3)
    broker.start()
    messages = listen(broker.port)
    begun = time.monotonic()
    agent = start(broker.url, before=entering(memory))
    assert "READY=1" in agent.heard(PATIENCE_S, until="READY=1")
    assert time.monotonic() - begun < 10.0
    while b'"level":"red"' not in messages.get(timeout=PATIENCE_S).payload:
        pass
    assert agent.stop()[0] == 0


def test_with_little_address_space_it_dies_cleanly_or_goes_on(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    """MemoryError anywhere ends in a non-zero exit or in a red alarm, and never in a silent half."""
    agent = start(nowhere(free_port))
    agent.wait_for("started site=")
    used = int(Path(f"/proc/{agent.process.pid}/statm").read_text().split()[0])
    resource.prlimit(agent.process.pid, resource.RLIMIT_AS, (used * os.sysconf("SC_PAGESIZE"),) * 2)
    record_property("injections", 1)
    begun = time.monotonic()
    while agent.process.poll() is None and "level=red" not in agent.said():
        assert time.monotonic() - begun < PATIENCE_S, agent.said()
        agent.line.send(RED_MM)
        time.sleep(0.1)
    if agent.process.poll() is None:
        code, _ = agent.stop()
        assert code in {0, 1}
    else:
        assert agent.process.returncode != 0
    agent = start(nowhere(free_port))
    assert "READY=1" in agent.heard(PATIENCE_S, until="READY=1")
    assert agent.stop()[0] == 0


def test_with_a_twentieth_of_a_processor_a_call_for_help_is_out_in_five_seconds(
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Any],
    group: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    """From contact to subscriber in a group with 5 %, which a busy loop takes its part of too."""
    cpu = group("cpu", cpu__cfs_period_us=100_000)
    broker = mosquitto()
    messages = listen(broker.port)
    agent = start(broker.url, script=SABOTEUR, speed=1, before=entering(cpu))
    agent.wait_for("uplink up")
    (cpu / "cpu.cfs_quota_us").write_text("5000")
    busy = subprocess.Popen([*entering(cpu), "/bin/sh", "-c", "while :; do :; done"])
    agent.heard(3.0)
    end = time.monotonic() + PATIENCE_S
    while throttled(cpu) < STARVED and time.monotonic() < end:
        agent.heard(0.5)
    before = throttled(cpu)
    record_property("injections", 1)
    begun = time.monotonic()
    agent.order("press 17")
    try:
        while b"home.help" not in messages.get(timeout=PATIENCE_S).payload:
            pass
    finally:
        seconds = time.monotonic() - begun
        busy.kill()
        busy.wait(PATIENCE_S)
        (cpu / "cpu.cfs_quota_us").write_text("-1")
    assert before >= STARVED
    assert seconds < 5.0
    assert agent.stop()[0] == 0


def test_out_of_descriptors_it_lives_and_recovers(
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    """No descriptor left when sensor and broker go: one process, its watchdog fed, and recovery."""
    broker = mosquitto()
    agent = start(broker.url)
    agent.wait_for("uplink up")
    pid = agent.process.pid
    lowest = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, lowest))
    record_property("injections", 3)
    broker.kill()
    agent.line.send_bytes(b"no frame " * 400)  # the driver gives up and opens its port again
    agent.wait_for("Too many open files")
    assert "WATCHDOG=1" in agent.heard(PATIENCE_S, until="WATCHDOG=1")
    lines = len(agent.said().splitlines())
    agent.heard(3.0)
    assert len(agent.said().splitlines()) - lines < 10, agent.said()
    assert agent.process.poll() is None, agent.said()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, lowest))
    links = agent.said().count("uplink up")
    broker.start()
    agent.wait_for("level=red", distance_mm=RED_MM)
    end = time.monotonic() + PATIENCE_S
    while agent.said().count("uplink up") == links and time.monotonic() < end:
        agent.heard(0.2)
    assert agent.said().count("uplink up") > links
    assert agent.stop()[0] == 0


def test_without_a_thread_to_spare_no_sensor_is_forgotten(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    group: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    """A limit that leaves out the last sensor: it is down until there is room, then it reads."""
    pids = group("pids", pids__max=4)  # main, log, disk, uplink: none for the sensors
    record_property("injections", 1)
    agent = start(nowhere(free_port), before=entering(pids))
    agent.wait_for("no thread for the driver")
    assert agent.process.poll() is None
    (pids / "pids.max").write_text("max")
    agent.wait_for("level=red", distance_mm=RED_MM)
    assert "sensor open sensor=cord" in agent.said()
    assert agent.stop()[0] == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_without_threads_at_all_it_ends_and_says_so(
    threads: int,
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    group: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    """Without disk or uplink it would be half an agent: exit code 1, for systemd to try again."""
    record_property("injections", 1)
    agent = start(nowhere(free_port), before=entering(group("pids", pids__max=threads)))
    code, _ = agent.ended(time.monotonic())
    assert code == 1, agent.said()
    assert "can't start new thread" in agent.said()
    assert "Traceback" not in agent.said()


def test_the_unit_restarts_for_ever() -> None:
    """Whatever it dies of and however often, systemd starts it again; a limit ends what leaks."""
    unit = (Path(__file__).parents[1] / "systemd" / "street-agent.service").read_text().splitlines()
    for line in (
        "Restart=always", "RestartSec=2", "StartLimitIntervalSec=0", "WatchdogSec=10",
        "TimeoutStopSec=5", "OOMScoreAdjust=-500", "OOMPolicy=kill", "MemoryMax=256M",
        "TasksMax=64", "LimitNOFILE=512",
    ):  # fmt: skip
        assert line in unit
