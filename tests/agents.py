"""The real agent as a process with a pty for its sensor, and what a service manager hears of it."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE_S = 20.0
DRY_MM, RED_MM, MOUNT_MM = 2700, 2200, 2700
SPEED = 20  # half a minute of water makes an alarm
SITE = """
[site]
id = "test-process"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "测试路", en = "Test Road" }}
[uplink]
brokers = ["{url}"]
insecure = true
[[sensor]]
name = "road-level"
driver = "water_level"
role = "roadside"
model = "maxbotix"
port = "{port}"
mount_height_mm = {mount_mm}
idle_s = 0
rising_s = 0
burst = 1
[[sensor]]
name = "cord"
driver = "help_button"
role = "cabinet"
pin = 17
"""


class Line:
    """A pty: this end is the sensor's, `path` the port."""

    def __init__(self) -> None:
        self._sensor, self._port = os.openpty()
        tty.setraw(self._port)
        os.set_blocking(self._sensor, False)
        self.path = os.ttyname(self._port)

    def send(self, distance_mm: int) -> None:
        """Send one frame; where nobody reads the line, it is lost as on a real one."""
        self.send_bytes(b"R%04d\r" % distance_mm)

    def send_bytes(self, data: bytes) -> None:
        """Send anything."""
        with suppress(BlockingIOError):
            os.write(self._sensor, data)

    def close(self) -> None:
        """Hang up."""
        os.close(self._sensor)
        os.close(self._port)


class Agent:
    """One process.

    Args:
        script: the arguments of Python before `run`; `saboteur.py` for one that takes orders.
        before: a command that starts it, such as prlimit with its options.
        stderr: where its log goes instead of to a file.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        line: Line,
        *,
        script: Sequence[str] = ("-m", "agent"),
        before: Sequence[str] = (),
        stderr: int | None = None,
        speed: int = SPEED,
    ) -> None:
        self.config = folder / "site.toml"
        self.config.write_text(SITE.format(url=url, port=line.path, mount_mm=MOUNT_MM))
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / "notify"
        address.unlink(missing_ok=True)
        self.notify.bind(str(address))
        self.log = folder / "log"
        self.line = line
        command = [*before, sys.executable, *script, "run", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--state", str(folder / "state"), "--speed", str(speed)],
                env={
                    "NOTIFY_SOCKET": str(address),
                    "PATH": "/usr/bin:/bin",
                    "GPIOZERO_PIN_FACTORY": "mock",  # where hardware would be
                },
                cwd=ROOT, stdin=subprocess.PIPE, stderr=log if stderr is None else stderr,
            )  # fmt: skip

    def order(self, text: str) -> None:
        """Give the saboteur aboard an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()

    def said(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, within_s: float = PATIENCE_S, distance_mm: int = DRY_MM) -> float:
        """Feed its sensor until it has logged this; seconds it took."""
        begun = time.monotonic()
        while text not in self.said():
            assert time.monotonic() - begun < within_s, f"no {text!r} in:\n{self.said()}"
            self.line.send(distance_mm)
            self.process.poll()
            time.sleep(0.1)
        return time.monotonic() - begun

    def heard(self, seconds: float, until: str = "\0") -> list[str]:
        """What the service manager hears in so many seconds, or until it hears a line."""
        lines: list[str] = []
        end = time.monotonic() + seconds
        while until not in lines and (left := end - time.monotonic()) > 0:
            self.line.send(DRY_MM)
            if select.select([self.notify], [], [], min(left, 0.1))[0]:
                lines += self.notify.recv(4096).decode().splitlines()
        return lines

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; exit code and seconds until the end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.ended(begun)

    def ended(self, begun: float) -> tuple[int, float]:
        """Wait for its end; exit code and seconds since `begun`."""
        code = self.process.wait(PATIENCE_S)
        return code, time.monotonic() - begun

    def close(self) -> None:
        """End it if need be."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.notify.close()


@contextmanager
def cgroup(controller: str, **limits: int) -> Iterator[Path]:
    """A control group (version 1) of our own; limits are given as memory__limit_in_bytes=n.

    Raises:
        OSError: this machine has none, or does not let us.
    """
    folder = Path("/sys/fs/cgroup") / controller / f"street-agent-test-{os.getpid()}"
    folder.mkdir()
    try:
        for name, value in limits.items():
            (folder / name.replace("__", ".")).write_text(str(value))
        yield folder
    finally:
        folder.rmdir()


def entering(group: Path) -> tuple[str, ...]:
    """The start of a command that is to run in a control group."""
    return ("/bin/sh", "-c", f'echo 0 > {group}/cgroup.procs && exec "$@"', "sh")
