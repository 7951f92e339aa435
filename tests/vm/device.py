"""The device in the virtual machine: what is installed in it, and how its sensors are moved."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from machine import GuestError, Machine
from site_ import SECRET, WIRES, Wire, config

COMMAND = "/opt/street-agent/current/bin/street-agent"
PACE_S = 0.2


class Hand:
    """Moves contacts: one connection for many pulls."""

    def __init__(self, machine: Machine) -> None:
        machine.send(Path(__file__).with_name("feed.py"), to="/srv/")
        self._process = subprocess.Popen(
            machine.ssh("python3 /srv/feed.py"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self._lines = threading.Lock()

    def pull(self, wire: Wire, *, is_on: bool) -> float:
        """Move a contact; return the seconds until the guest has said that it is moved."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        begun = time.monotonic()
        with self._lines:
            self._process.stdin.write(f"{wire.pin} {wire.active if is_on else wire.idle}\n")
            self._process.stdin.flush()
            if self._process.stdout.readline().strip() != "ok":
                raise GuestError("nobody pulls lines in the guest")
        return time.monotonic() - begun

    def close(self) -> None:
        """Let go."""
        self._process.terminate()
        self._process.wait(10.0)


class Water:
    """The level sensor on the serial line: says a distance again and again, until closed."""

    def __init__(self, machine: Machine) -> None:
        self.distance_mm = 2700
        self._line: socket.socket = machine.plug()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Pull the plug."""
        self._is_closed.set()
        self._thread.join(5.0)
        self._line.close()

    def _talk(self) -> None:
        while not self._is_closed.wait(PACE_S):
            try:
                self._line.sendall(b"R%04d\r" % self.distance_mm)
            except OSError:
                return


def install(machine: Machine, release: Path, broker: str, folder: Path) -> str:
    """As a technician does it: deploy.sh, a configuration and a password."""
    for wire in WIRES:
        pull = f"/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio{wire.pin}/pull"
        machine.run(f"echo {wire.idle} >{pull}")
    return machine.deploy("install", "--archive", release, *configured(broker, folder))


def configured(broker: str, folder: Path) -> list[str]:
    """Write a site and its password; the words for deploy.sh that name them."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "keys" / "password").write_text(f"{SECRET}\n")
    (folder / "site.toml").write_text(config(broker))
    return ["--site", str(folder / "site.toml"), "--keys", str(folder / "keys")]


def status(machine: Machine) -> dict[str, Any] | None:
    """What the agent says of itself; None where none answers."""
    said = machine.run(f"{COMMAND} status --json", check=False)
    return json.loads(said) if said.strip() else None


def wait_status(machine: Machine, is_so: Any, timeout_s: float) -> dict[str, Any]:
    """Ask until it is so. Raise GuestError."""
    end = time.monotonic() + timeout_s
    last: dict[str, Any] | None = None
    while time.monotonic() < end:
        last = status(machine)
        if last is not None and is_so(last):
            return last
        time.sleep(1.0)
    raise GuestError(f"not so after {timeout_s:g} s: {json.dumps(last, ensure_ascii=False)}")


def is_whole(standing: dict[str, Any]) -> bool:
    """Every sensor has read, and the link is up."""
    sensors = all(one["status"] == "open" for one in standing["sensors"])
    return bool(sensors and standing["uplink"]["is_linked"])
