"""The agent as a process, watched from outside: what it logged, what the service manager heard."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(os.environ.get("NEMESIS_REPOSITORY", Path(__file__).parents[2]))
EVENT = re.compile(r"event id=(\S+) kind=(\S+) level=(\S+) type=(\S+)")
WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Ack:
    """An event that the agent said is on disk."""

    at: float
    id: str
    kind: str
    level: str
    step: str


class Agent:
    """One process.

    Its log comes through a pipe, which survives any death of it; `join` reads it to the end.

    Args:
        wrapper: command that runs it, such as strace with its options.

    Attributes:
        acks: events on disk, as it logged them.
        log: its last lines.
        begun: `time.monotonic()` of its start.
        ready_s: seconds until READY=1; None = not yet.
        beats: `time.monotonic()` of each WATCHDOG=1.
        crashes: tracebacks that it printed.
    """

    def __init__(
        self,
        config: Path,
        state: Path,
        speed: float,
        wrapper: Sequence[str],
        env: Mapping[str, str],
    ) -> None:
        self.acks: list[Ack] = []
        self.log: deque[str] = deque(maxlen=400)
        self.ready_s: float | None = None
        self.beats: list[float] = []
        self.crashes = 0
        self._folder = tempfile.mkdtemp(prefix="notify-", dir=config.parent)
        address = f"{self._folder}/n"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # Bound by a short relative name: a socket's path may not exceed 107 bytes.
        self._notify.bind(address)
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "agent", "run", "--config", str(config),
             "--state", str(state), "--speed", f"{speed:g}"],
            env={"NOTIFY_SOCKET": address, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **env},
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            cwd=REPOSITORY,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen, name="agent-log", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def wait_ready(self, timeout_s: float = WAIT_S) -> float | None:
        """Wait for READY=1; seconds from the start, None if it does not come."""
        end = time.monotonic() + timeout_s
        while self.ready_s is None and self.is_running and time.monotonic() < end:
            time.sleep(0.005)
        return self.ready_s

    def wait_acks(self, count: int, timeout_s: float = WAIT_S) -> bool:
        """Wait until so many events are on disk; say whether that came to be."""
        end = time.monotonic() + timeout_s
        while len(self.acks) < count and self.is_running and time.monotonic() < end:
            time.sleep(0.005)
        return len(self.acks) >= count

    def said(self, words: str) -> bool:
        """Whether its last lines hold these words."""
        return any(words in line for line in list(self.log))

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.is_running:
            self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL; harmless when it has ended."""
        if self.is_running:
            self.process.kill()
        self.join()

    def stop(self, timeout_s: float = WAIT_S) -> float:
        """SIGTERM, and SIGKILL if that is not enough; seconds until it ended."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.join()
        return time.monotonic() - begun

    def join(self) -> int:
        """Wait for its end and read its log to the end; its exit code."""
        code = self.process.wait(WAIT_S)
        self._thread.join(WAIT_S)
        return code

    def resources(self) -> dict[str, float]:
        """Memory in kB (resident and private), threads, descriptors, processor seconds."""
        folder = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return {
            "rss_kb": float(status["VmRSS"].split()[0]),
            "threads": float(status["Threads"]),
            "descriptors": float(len(os.listdir(folder / "fd"))),  # noqa: PTH208 - counted only
            "cpu_s": (int(fields[11]) + int(fields[12])) / ticks,
        }

    def _listen(self) -> None:
        assert self.process.stderr is not None
        pipe = self.process.stderr.fileno()
        rest = b""
        with self.process.stderr, self._notify:
            while True:
                ready, _, _ = select.select([pipe, self._notify], [], [])
                if self._notify in ready:
                    self._heard(self._notify.recv(4096).decode().splitlines())
                if pipe in ready:
                    piece = os.read(pipe, 65536)
                    if not piece:
                        return
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        self._logged(line.decode(errors="replace"))

    def _heard(self, lines: Sequence[str]) -> None:
        now = time.monotonic()
        if "READY=1" in lines and self.ready_s is None:
            self.ready_s = now - self.begun
        if "WATCHDOG=1" in lines:
            self.beats.append(now)

    def _logged(self, line: str) -> None:
        self.log.append(line)
        self.crashes += "Traceback (most recent call last)" in line
        found = EVENT.search(line)
        if found:
            self.acks.append(Ack(time.monotonic(), *found.groups()))
