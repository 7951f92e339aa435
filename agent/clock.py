"""Time, as the agent sees it: one monotonic count that outlives restarts, and the wall clock."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


class Clock(Protocol):
    """Where stamps come from.

    Attributes:
        boot: id of this boot of the kernel.
        offset: monotonic count minus the kernel's seconds since boot.
    """

    boot: str
    offset: float

    def carry_on(self, boot: str, offset: float, mono: float, wall: float) -> None:
        """Continue the monotonic count of an earlier run."""

    def mono(self) -> float:
        """Seconds that never go back."""

    def wall(self) -> float:
        """Seconds since 1970 UTC, right only where `is_synced`."""

    def is_synced(self) -> bool:
        """Whether the wall clock may be trusted."""


class SystemClock:
    """The device's clocks, optionally running faster for demonstrations.

    Args:
        speed: how many seconds of agent time pass in one real second.

    Attributes:
        boot: id of this boot of the kernel.
        offset: monotonic count minus the kernel's seconds since boot.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._real = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._wall = time.time()
        self.offset = 0.0
        self.boot = BOOT_ID.read_text().replace("-", "")[:12]
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timex = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0 reads

    def carry_on(self, boot: str, offset: float, mono: float, wall: float) -> None:
        """Continue the monotonic count of an earlier run.

        In the same boot of the kernel the count stands where it would if the agent had run on.
        After a reboot the pause is what the wall clock says, if it says anything sensible, else 0.

        Args:
            boot: boot id of the earlier run.
            offset: its `offset`.
            mono: monotonic seconds of the last thing it knew.
            wall: wall seconds of the same moment.
        """
        same = self.boot == boot and self._speed == 1.0
        if same and self._real + offset >= mono:
            self.offset = offset
            return
        pause = self._wall - wall
        self.offset = mono + (pause if 0 < pause < 366 * 86400 else 0.0) - self._real

    def mono(self) -> float:
        """Seconds that never go back, across restarts too."""
        return self._real + self.offset + self._passed() * self._speed

    def wall(self) -> float:
        """Seconds since 1970 UTC; at another speed than 1, counted on from the start."""
        if self._speed == 1.0:
            return time.time()
        return self._wall + self._passed() * self._speed

    def is_synced(self) -> bool:
        """What the kernel says of its clock."""
        return int(self._libc.adjtimex(self._timex)) not in (TIME_ERROR, -1)

    def _passed(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self._real


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, mono: float = 1000.0, wall: float = 1_790_000_000.0) -> None:
        self.boot = "test"
        self.offset = 0.0
        self._mono = mono
        self._wall = wall
        self.synced = True

    def carry_on(self, boot: str, offset: float, mono: float, wall: float) -> None:
        """Nothing to do: the test says what time it is."""

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._mono += seconds
        self._wall += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock, as NTP or a person does."""
        self._wall += seconds

    def mono(self) -> float:
        """Seconds that never go back."""
        return self._mono

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return self._wall

    def is_synced(self) -> bool:
        """As the test has set it."""
        return self.synced
