"""The real process under signals, hung and dead threads."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from agents import PATIENCE_S, RED_MM, Agent, Line

SABOTEUR = ("tests/saboteur.py",)
THREADS = ("MainThread", "disk", "uplink", "sensor-road-level")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Start an agent in a folder of its own, with a line of its own."""
    with ExitStack() as parts:

        def make(url: str, name: str = "agent", **given: Any) -> Agent:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            line = Line()
            parts.callback(line.close)
            agent = Agent(folder, url, line, **given)
            parts.callback(agent.close)
            return agent

        yield make


def nowhere(free_port: Callable[[], int]) -> str:
    return f"mqtt://127.0.0.1:{free_port()}"


def test_a_closed_session_does_not_end_the_agent(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    """Fifty SIGHUP and SIGPIPE later it senses as before, has logged a few lines, and ends with 0."""
    agent = start(nowhere(free_port))
    agent.heard(PATIENCE_S, until="READY=1")
    for _ in range(25):
        agent.process.send_signal(signal.SIGHUP)
        agent.process.send_signal(signal.SIGPIPE)
        time.sleep(0.01)
    record_property("injections", 50)
    agent.wait_for("level=red", distance_mm=RED_MM)
    assert 1 <= agent.said().count("SIGHUP ignored") <= 11
    code, seconds = agent.stop()
    assert (code, "Traceback" in agent.said()) == (0, False)
    assert seconds < 5.0


def test_a_crash_in_c_leaves_its_trace(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    """SIGSEGV ends it by the signal, for systemd to see, and what each thread did is in the log."""
    record_property("injections", 1)
    agent = start(nowhere(free_port))
    agent.wait_for("started site=")
    assert agent.stop(signal.SIGSEGV)[0] == -signal.SIGSEGV
    # In pieces: a line of the log may have come between two of its writes.
    assert "Fatal Python error: " in agent.said()
    assert "Segmentation fault" in agent.said()
    assert "agent/loop.py" in agent.said()


@pytest.mark.parametrize("name", ["sensor-road-level", "disk"])
def test_stopped_while_a_thread_hangs_it_still_ends_in_time(
    name: str,
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    """SIGTERM with a driver or the disk stuck, and the broker gone: over within five seconds."""
    record_property("injections", 2)
    broker = mosquitto()
    agent = start(broker.url, script=SABOTEUR, speed=1)
    agent.wait_for("uplink up")
    agent.order(f"hang {name}")
    agent.heard(1.5)
    broker.kill()
    code, seconds = agent.stop()
    assert code == 0, agent.said()
    assert seconds < 5.0


@pytest.mark.parametrize("name", THREADS)
def test_each_thread_hung_in_turn_starves_the_watchdog(
    name: str,
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    """No more WATCHDOG=1, STATUS names the thread, and the abort by systemd says where it hung."""
    record_property("injections", 1)
    agent = start(mosquitto().url, script=SABOTEUR, speed=1)
    agent.wait_for("uplink up")
    agent.wait_for("sensor open sensor=road-level")
    assert "WATCHDOG=1" in agent.heard(PATIENCE_S, until="WATCHDOG=1")
    agent.order(f"hang {name}")
    if name == "MainThread":
        agent.heard(2.0)
    else:
        status = f"STATUS=no progress: {name.removeprefix('sensor-')}"
        assert status in agent.heard(PATIENCE_S, until=status)
    assert "WATCHDOG=1" not in agent.heard(2.5)
    assert agent.stop(signal.SIGABRT)[0] == -signal.SIGABRT  # as systemd does
    assert 'saboteur.py", line' in agent.said()
    assert ("the driver hangs" in agent.said()) == name.startswith("sensor-")


@pytest.mark.parametrize("name", ["disk", "uplink", "MainThread"])
def test_a_thread_that_dies_takes_the_process_with_it(
    name: str,
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    """It never runs on half-dead: one line says why, the exit code is not 0, systemd starts it."""
    record_property("injections", 1)
    agent = start(mosquitto().url, script=SABOTEUR)
    agent.wait_for("uplink up")
    begun = time.monotonic()
    agent.order(f"end {name}")
    code, seconds = agent.ended(begun)
    assert code == 1, agent.said()
    assert seconds < 10.0
    died = [line for line in agent.said().splitlines() if "died" in line or "ended by" in line]
    assert died, agent.said()
    assert "Traceback" not in agent.said()


def test_a_drivers_thread_survives_what_is_thrown_at_it(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    """Thrown out of its driver, the sensor is down, opened again, and its alarm comes."""
    record_property("injections", 1)
    agent = start(nowhere(free_port), script=SABOTEUR)
    agent.wait_for("sensor open")
    agent.order("end sensor-road-level")
    agent.wait_for("driver failed: End")
    agent.wait_for("level=red", distance_mm=RED_MM)
    assert agent.said().count("sensor open sensor=road-level") == 2
    assert agent.stop()[0] == 0


def test_killed_at_random_it_goes_on(
    start: Callable[..., Agent],
    free_port: Callable[[], int],
    record_property: Callable[[str, object], None],
) -> None:
    """Ten times SIGKILL during the start and after it: each new one is ready, the alarm is there."""
    url = nowhere(free_port)
    for n in range(10):
        agent = start(url)
        agent.heard(0.15 * n, until="READY=1")
        assert agent.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    record_property("injections", 10)
    begun = time.monotonic()
    agent = start(url)
    assert "READY=1" in agent.heard(PATIENCE_S, until="READY=1")
    assert time.monotonic() - begun < 10.0
    agent.wait_for("level=red", distance_mm=RED_MM)
    assert agent.stop()[0] == 0
