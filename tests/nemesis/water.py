"""Water on the road as a MaxBotix tells it: ptys, and floods that rise and fall on them."""

from __future__ import annotations

import os
import random
import threading
import time
import tty
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MOUNT_MM = 2700
STEP_MM = 55  # between two frames, which may come in one piece; beyond 60 a reading is suspect
RECENT = 40  # frames in which no depth comes twice, so that an event's reading is told apart


class Port:
    """A pty: this end is the sensor's, `path` the port. It stays open while agents come and go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._open()

    def send(self, distance_mm: int) -> bool:
        """Send a frame; say whether the port took it, which it does not when nobody reads."""
        with self._lock, suppress(OSError):
            return os.write(self._sensor, b"R%04d\r" % distance_mm) == 6
        return False

    def write(self, piece: bytes) -> None:
        """Send any bytes."""
        with self._lock, suppress(OSError):
            os.write(self._sensor, piece)

    def unplug(self) -> None:
        """Hang up; the port's name leads nowhere."""
        with self._lock:
            self._close()

    def plug(self) -> None:
        """Come back under another number, found by the same name."""
        with self._lock:
            self._open()

    def close(self) -> None:
        """Hang up for good."""
        with self._lock:
            self._close()

    def _open(self) -> None:
        self._sensor, self._port = os.openpty()
        tty.setraw(self._port)
        os.set_blocking(self._sensor, False)
        self.path.symlink_to(os.ttyname(self._port))

    def _close(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in (self._sensor, self._port):
            if end >= 0:
                os.close(end)
        self._sensor = self._port = -1


class Floods:
    """Feeds every port from a thread: water comes and goes between dry and `high_mm` for ever.

    Args:
        pause_s: between two frames of one port.
        draw: where each flood's height and length come from.
        hold: frames that it stays up or down, lowest and highest.

    Attributes:
        fed: what was fed on each port so far, by distance in mm, and when.
        count: frames so far.
        is_paused: while it is set nothing is fed.
        silent: names of ports on which nothing is fed.
    """

    def __init__(
        self,
        ports: Mapping[str, Port],
        pause_s: float,
        draw: random.Random,
        hold: tuple[int, int] = (4, 12),
    ) -> None:
        self.fed: dict[str, dict[int, list[float]]] = {name: {} for name in ports}
        self.count = 0
        self.is_paused = False
        self.silent: set[str] = set()
        self._ports = ports
        self._pause_s = pause_s
        self._waves = {name: _Wave(random.Random(draw.random()), hold) for name in ports}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="floods", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; harmless before the start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        share_s = self._pause_s / len(self._ports)
        while True:
            for name, port in self._ports.items():
                if self._stopping.wait(share_s):
                    return
                if self.is_paused or name in self.silent:
                    continue
                distance = MOUNT_MM - self._waves[name].step()
                # Noted before it is sent: an event may be quick.
                self.fed[name].setdefault(distance, []).append(time.monotonic())
                port.send(distance)
                self.count += 1


class _Wave:
    """Depth in mm, frame by frame: up to a height, stays about there, down to another, and so on."""

    def __init__(self, draw: random.Random, hold: tuple[int, int]) -> None:
        self._draw = draw
        self._hold = hold
        self._depth = 0
        self._aim = 0
        self._left = draw.randint(*hold)
        self._recent: deque[int] = deque([0], maxlen=RECENT)

    def step(self) -> int:
        """The next depth."""
        if abs(self._depth - self._aim) <= STEP_MM // 2:
            self._left -= 1
        if self._left < 0:
            is_low = self._aim < 200
            self._aim = self._draw.randint(280, 560) if is_low else self._draw.randint(0, 120)
            self._left = self._draw.randint(*self._hold)
        way = self._aim - self._depth
        stride = max(-STEP_MM + 20, min(STEP_MM - 20, way))
        depth = max(0, self._depth + stride + self._draw.randint(-20, 20))
        while depth in self._recent:
            depth += 1
        self._depth = min(depth, self._depth + STEP_MM + 4)
        self._recent.append(self._depth)
        return self._depth
