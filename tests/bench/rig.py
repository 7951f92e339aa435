"""What the benchmarks share: a mosquitto, a pty with a sensor's end, processes, tables.

Nothing is shared with the rest of the machine: ports are free ones, files stand in a folder of
their own, and what was started is ended by its own handle.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from subscriber import WAIT_S, Subscriber

MOSQUITTO = "/usr/sbin/mosquitto"
SITE = """
[site]
id = "bench-0001"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "广州市黄埔区萝岗街下中路", en = "Xiazhong Road, Luogang, Huangpu, Guangzhou" }}
[uplink]
brokers = ["mqtt://127.0.0.1:{broker}"]
insecure = true
readings = true
[[sensor]]
name = "road-level"
driver = "water_level"
role = "roadside"
model = "maxbotix"
port = "{line}"
mount_height_mm = {mount_mm}
idle_s = 0
rising_s = 0
burst = 1
{more}
"""


def options(description: str) -> argparse.ArgumentParser:
    """Make a parser with the option that every benchmark has."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/tmp"),  # noqa: S108 - a real disk, not a tmpfs
        help="where temporary files go; on the disk to be measured",
    )  # fmt: skip
    return parser


class Broker:
    """A mosquitto of its own. It keeps sessions on disk, so that a killed one knows them again."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = int(server.getsockname()[1])
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n"
            f"user {pwd.getpwuid(os.getuid()).pw_name}\n"  # as root it would become "mosquitto"
            f"max_queued_messages 0\npersistence true\npersistence_location {folder}/\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Return, once it listens, the time of that."""
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.005)
            else:
                return time.perf_counter()
        raise TimeoutError("mosquitto does not listen")

    def save(self) -> None:
        """Have it write its sessions to disk."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)
            self._process = None


class Line:
    """A pty: this end is the sensor's, `path` the port. It stays open while agents come and go."""

    def __init__(self, folder: Path) -> None:
        self._sensor, self._port = os.openpty()
        tty.setraw(self._port)
        os.set_blocking(self._sensor, False)
        self.path = folder / "level-port"
        self.path.symlink_to(os.ttyname(self._port))

    def send(self, *distances_mm: int) -> None:
        """Send a frame for each; the port's buffer takes 4 kB. Raise RuntimeError if it is full."""
        frames = b"".join(b"R%04d\r" % mm for mm in distances_mm)
        try:
            is_sent = os.write(self._sensor, frames) == len(frames)
        except BlockingIOError:
            is_sent = False
        if not is_sent:
            raise RuntimeError("nobody reads the port: its buffer is full")

    def close(self) -> None:
        """Hang up."""
        os.close(self._sensor)
        os.close(self._port)


class Process:
    """An agent, or the bare script.

    Attributes:
        begun: `time.perf_counter()` when it was started.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self.begun = time.perf_counter()
            self._process = subprocess.Popen(
                [sys.executable, *command], stderr=file, cwd=Path(__file__).parents[2]
            )

    def said(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def wait_open(self) -> None:
        """Wait until an agent says that it holds the sensor's port."""
        deadline = time.monotonic() + WAIT_S
        while "sensor open" not in self.said():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the agent does not open the port:\n{self.said()}")
            time.sleep(0.005)

    def cpu_s(self) -> float:
        """Processor time so far, of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pss_mb(self) -> float:
        """Memory, with what is shared counted by its share."""
        for line in Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise LookupError("Pss")

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended."""
        self._process.kill()
        self._process.wait(WAIT_S)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that is not enough."""
        self._process.terminate()
        try:
            self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.kill()


class Rig:
    """All of it, in a temporary folder; a context manager."""

    def __init__(self, folder: Path, *, mount_mm: float = 2700, more: str = "") -> None:
        self._parts = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="street-agent-bench-", dir=folder))
        self._parts.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.config = self.folder / "site.toml"
        try:
            self.broker = Broker(self.folder)
            self._parts.callback(self.broker.kill)
            self.broker.start()
            self.line = Line(self.folder)
            self._parts.callback(self.line.close)
            self.subscriber = Subscriber(self.broker.port)
            self._parts.callback(self.subscriber.close)
        except BaseException:
            self._parts.close()
            raise
        keys = {"broker": self.broker.port, "line": self.line.path, "more": more}
        self.config.write_text(SITE.format(**keys, mount_mm=f"{mount_mm:g}"))

    def __enter__(self) -> Rig:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is ended as well
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._parts.close()

    def agent(self, state: str, *more: str) -> Process:
        """Start an agent on the state of that name."""
        folder = str(self.folder / state)
        return self._start("-m", "agent", "run", "--config", str(self.config),
                           "--state", folder, *more)  # fmt: skip

    def bare(self) -> Process:
        """Start the script that it is compared with."""
        script = Path(__file__).with_name("bare.py")
        return self._start(str(script), str(self.line.path), str(self.broker.port))

    def _start(self, *command: str) -> Process:
        process = Process(command, self.folder / "process.log")
        self._parts.callback(process.kill)
        return process


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and lowest to highest where there are several."""
    middle = format(statistics.median(values), form)
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):{form}}-{max(values):{form}})"


def show(rows: Sequence[Sequence[str]]) -> None:
    """Print a table; its first row is the head."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
