"""The real daemon as a process: start, stop, restart, brokers, a second one."""

from __future__ import annotations

import json
import queue
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 20.0
SITE = """
[site]
id = "test-daemon"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "测试路", en = "Test Road" }}

[uplink]
brokers = ["{url}"]
insecure = true

[[sensor]]
name = "road-level"
driver = "simulated"
role = "roadside"
part = "road-level"
script = "demo"
"""


class Daemon:
    """One process of the agent, told apart by its NOTIFY_SOCKET."""

    def __init__(self, folder: Path, url: str, *words: str) -> None:
        self.config = folder / "site.toml"
        self.config.write_text(SITE.format(url=url))
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / "notify"
        address.unlink(missing_ok=True)
        self.notify.bind(str(address))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(self.config),
             "--state", str(folder / "state"), *words],
            env={"NOTIFY_SOCKET": str(address), "PATH": "/usr/bin:/bin"},
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def wait_for(self, line: str) -> None:
        """Wait until the service manager hears this."""
        end = time.monotonic() + PATIENCE_S
        while select.select([self.notify], [], [], max(end - time.monotonic(), 0.0))[0]:
            if line in self.notify.recv(4096).decode().splitlines():
                return
        raise AssertionError(f"{line} never came")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float, str]:
        """Send a signal; exit code, seconds until the end, and what it logged."""
        begun = time.monotonic()
        self.process.send_signal(number)
        log = self.process.communicate(timeout=PATIENCE_S)[1].decode()
        self.notify.close()
        return self.process.returncode, time.monotonic() - begun, log


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    started: list[Daemon] = []

    def start(url: str, *words: str) -> Daemon:
        started.append(Daemon(tmp_path, url, *words))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate(timeout=PATIENCE_S)


def events(messages: queue.SimpleQueue[Any], wanted: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < wanted:
        message = messages.get(timeout=PATIENCE_S)
        if "/event/" in message.topic:
            found.append(json.loads(message.payload))
    return found


def is_seen(event: dict[str, Any], level: str) -> bool:
    """Whether the water has been seen at that level, not only told ahead."""
    return (event["data"]["level"], event["data"]["certainty"]) == (level, "observed")


def test_it_starts_without_a_broker_and_ends_within_five_seconds(
    daemon: Callable[..., Daemon], free_port: Callable[[], int]
) -> None:
    """READY comes although nobody answers; SIGTERM flushes and exits 0."""
    agent = daemon(f"mqtt://127.0.0.1:{free_port()}")
    agent.wait_for("READY=1")
    agent.wait_for("WATCHDOG=1")
    code, seconds, log = agent.stop()
    assert (code, "Traceback" in log) == (0, False)
    assert seconds < 5


def test_events_reach_a_subscriber_with_their_sentence(
    daemon: Callable[..., Daemon],
    mosquitto: Callable[..., Any],
    listen: Callable[..., queue.SimpleQueue[Any]],
) -> None:
    """From a simulated flood to the platform, in order, with what an officer forwards."""
    broker = mosquitto()
    messages = listen(broker.port)
    agent = daemon(broker.url, "--speed", "2000")
    found: list[dict[str, Any]] = []
    while not (found and is_seen(found[-1], "red")):
        found += events(messages, 1)
    levels = dict.fromkeys(event["data"]["level"] for event in found)
    assert list(levels) == ["blue", "yellow", "orange", "red"]
    assert found[-1]["data"]["text"]["zh"] == "【测试】测试路内涝红色预警，请提醒市民及时绕行。"
    assert all(event["data"]["test"] for event in found)
    assert agent.stop()[0] == 0


def test_killed_offline_and_restarted_it_delivers_everything_once_the_broker_is_there(
    daemon: Callable[..., Daemon],
    mosquitto: Callable[..., Any],
    listen: Callable[..., queue.SimpleQueue[Any]],
) -> None:
    """Kill -9 with no broker: the flood's events come after the restart, each number once."""
    broker = mosquitto(is_started=False)
    agent = daemon(broker.url, "--speed", "2000")
    assert agent.process.stderr is not None
    logged = 0
    while logged < 3:  # three events are on disk when they are logged
        assert select.select([agent.process.stderr], [], [], PATIENCE_S)[0]
        logged += b" event id=" in agent.process.stderr.readline()
    assert agent.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    broker.start()
    messages = listen(broker.port)
    agent = daemon(broker.url, "--speed", "2000")
    found = events(messages, 3)
    assert [int(event["sequence"]) for event in found] == [1, 2, 3]
    assert agent.stop()[0] == 0


def test_a_second_agent_on_the_same_state_is_refused(
    daemon: Callable[..., Daemon], free_port: Callable[[], int], tmp_path: Path
) -> None:
    """It says who has it, and touches nothing."""
    first = daemon(f"mqtt://127.0.0.1:{free_port()}")
    first.wait_for("READY=1")
    second = subprocess.run(
        [sys.executable, "-m", "agent", "run", "--config", str(first.config),
         "--state", str(tmp_path / "state")],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"in use by process {first.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.stop()[0] == 0


def test_a_wrong_configuration_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    """Systemd must not retry what a technician has to mend."""
    config = tmp_path / "site.toml"
    config.write_text("[site]\n")
    done = subprocess.run(
        [sys.executable, "-m", "agent", "run", "--config", str(config)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "site.id: missing" in done.stderr
