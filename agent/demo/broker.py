"""The demo's broker: mosquitto where it is installed, else one written in Python.

Each can be taken away for a while. mosquitto is ended and started again, and keeps on disk what it
has acknowledged. The embedded broker keeps everything in memory, so it is stopped (SIGSTOP) and
continued: it holds its connections and says nothing, as a broker that hangs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Protocol

from agent.demo.child import Child
from agent.errors import UplinkError

HOST = "127.0.0.1"
READY_S = 20.0  # amqtt takes 5 s to import on a small machine
LOOK_S = 0.02
MOSQUITTO = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
user root
"""  # the user counts only when started by root: mosquitto would become another one


class Broker(Protocol):
    """A broker on a free port of this machine.

    Attributes:
        name: as people know it.
        drops_links: whether connections end when it is taken away.
        port: where it listens.
    """

    name: str
    drops_links: bool
    port: int

    def start(self) -> None:
        """Start it and wait until it listens. Raise UplinkError if it does not."""

    def take_away(self) -> None:
        """Let nobody reach it."""

    def bring_back(self) -> None:
        """Let it be reached again; return when it listens."""

    def end(self) -> None:
        """End it; harmless when it has ended."""


class Mosquitto:
    """mosquitto with a configuration of its own; no service of the system is touched."""

    name = "mosquitto, MQTT 5"
    drops_links = True

    def __init__(self, program: str, folder: Path) -> None:
        self.port = _free_port()
        self._folder = folder
        self._config = folder / "mosquitto.conf"
        self._command = [program, "-c", str(self._config)]
        self._child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        text = MOSQUITTO.format(port=self.port, host=HOST, folder=self._folder)
        self._config.write_text(text, encoding="utf-8")
        self._child = Child(self._command, self._folder / "broker.log")
        _wait_until_it_listens(self._child, self.port)

    def take_away(self) -> None:
        """End it; it saves what it has acknowledged."""
        self.end()

    def bring_back(self) -> None:
        """Start it again on the same port."""
        self.start()

    def end(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.end()


class Embedded:
    """amqtt in a process of its own (agent/demo/embedded.py)."""

    name = "amqtt, MQTT 3.1.1"
    drops_links = False

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._log = folder / "broker.log"
        self._child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "agent.demo.embedded", str(self.port)]
        self._child = Child(command, self._log)
        _wait_until_it_listens(self._child, self.port)

    def take_away(self) -> None:
        """Let it hang."""
        self._signal(signal.SIGSTOP)

    def bring_back(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it."""
        if self._child is not None:
            self.bring_back()  # what is stopped does not hear SIGTERM
            self._child.end()

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.is_running:
            os.kill(self._child.pid, number)


def choose(folder: Path) -> Broker:
    """Make a broker that this machine can run. Raise UplinkError where there is none.

    Args:
        folder: for its configuration, log and data.
    """
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    if program := shutil.which("mosquitto", path=places):
        return Mosquitto(program, folder)
    if importlib.util.find_spec("amqtt") is None:
        raise UplinkError(
            "no broker: install mosquitto (apt-get install mosquitto), "
            "or the embedded one (pip install 'street-agent[demo]')"
        )
    return Embedded(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(child: Child, port: int) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError:
            if not child.is_running:
                break
            time.sleep(LOOK_S)
        else:
            return
    raise UplinkError(f"the demo's broker does not start on port {port}:\n{child.last_words()}")
