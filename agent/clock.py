"""Time, as the agent sees it: one monotonic count that outlives restarts, and the wall clock."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RTC = Path("/sys/class/rtc/rtc0/since_epoch")
RTC_AGREES_S = 60.0  # such a clock drifts by a second or so a day
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
TIMESYNCD = Path("/run/systemd/timesync/synchronized")  # touched at every synchronisation
TIMESYNCD_S = (
    9 * 3600.0
)  # in which the kernel's worst drift, 500 ppm, makes its largest error, 16 s
LONGEST_PAUSE_S = 366 * 86400.0


class Clock(Protocol):
    """Where stamps come from.

    Attributes:
        boot: id of this boot of the kernel.
        pause_known: whether the count covers the time that passed between the last run and this
            one; if not, nobody knows how long the agent did not run.
    """

    boot: str
    pause_known: bool

    def remember(self) -> dict[str, Any]:
        """What `carry_on` of a later run needs, as plain JSON values."""

    def carry_on(self, document: Mapping[str, Any], mono: float, wall: float) -> None:
        """Continue the monotonic count of an earlier run."""

    def mono(self) -> float:
        """Seconds that never go back."""

    def wall(self) -> float:
        """Seconds since 1970 UTC, right only where `is_synced`."""

    def is_synced(self) -> bool:
        """Whether the wall clock may be trusted."""


class SystemClock:
    """The device's clocks, optionally running faster for demonstrations.

    A kernel's clock that says a time before the agent's own files were written is wrong, whatever
    else is said of it. One that is not synchronised is wrong where it is behind the last time that
    was known and the time that has passed since. In both cases the wall clock stands at that floor.

    Args:
        speed: how many seconds of agent time pass in one real second.

    Attributes:
        boot: id of this boot of the kernel.
        offset: monotonic count minus the kernel's seconds since boot.
        pause_known: whether the count covers the time between the last run and this one.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._real = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timex = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0 reads
        self._built = build_time()
        self._wall = max(time.time(), self._built)
        self._floor = self._built  # as it was when the clock was made
        self.offset = 0.0
        self.pause_known = True
        self.boot = BOOT_ID.read_text().replace("-", "")[:12]

    def remember(self) -> dict[str, Any]:
        """What a later run needs; the floor is raised to what a synchronised clock says."""
        if self._speed != 1.0 or self.is_synced():
            self._floor = self.wall() - self._passed()
        wall = self._floor + self._passed()
        return {"boot": self.boot, "offset": self.offset, "mono": self.mono(), "wall": wall}

    def carry_on(self, document: Mapping[str, Any], mono: float, wall: float) -> None:
        """Continue the monotonic count of an earlier run.

        In the same boot of the kernel the count stands where it would if the agent had run on.
        After a reboot the pause is what the wall clock says, if it says anything sensible, else 0.
        It is known only if the clock is synchronised, or a battery kept it going: without either,
        distributions start the clock from a time that was saved before the pause.

        Args:
            document: what `remember` gave in the earlier run; empty if nothing is left of it.
            mono: monotonic seconds of the last thing it knew.
            wall: wall seconds of the same moment.
        """
        saved = document.get("wall", 0.0) + mono - document.get("mono", mono)
        self._floor = max(self._floor, saved - self._passed())
        offset = document.get("offset", 0.0)
        if document.get("boot") == self.boot and self._speed == 1.0 and self._real + offset >= mono:
            self.offset = offset
            return
        pause = self.wall() - wall
        is_sensible = 0 <= pause < LONGEST_PAUSE_S
        self.offset = mono + (pause if is_sensible else 0.0) - self._real - self._passed()
        self.pause_known = is_sensible and (self.is_synced() or _battery_agrees(time.time()))

    def mono(self) -> float:
        """Seconds that never go back, across restarts too."""
        return self._real + self.offset + self._passed()

    def wall(self) -> float:
        """Seconds since 1970 UTC; at another speed than 1, counted on from the start."""
        if self._speed != 1.0:
            return max(self._wall, self._floor) + self._passed()
        floor = self.floor()
        return time.time() if floor is None else floor

    def floor(self) -> float | None:
        """A moment that is surely past, where the kernel's clock is behind it; None = it is not."""
        kernel = time.time()
        floor = self._floor + self._passed() if self._speed == 1.0 else self._built
        return None if kernel >= floor or self._is_trusted(kernel) else floor

    def is_synced(self) -> bool:
        """What the kernel says of its clock, if that is possible at all."""
        return self._is_trusted(time.time())

    def _is_trusted(self, kernel: float) -> bool:
        if kernel < self._built:
            return False
        state = int(self._libc.adjtimex(self._timex))
        return _timesyncd_knows(kernel) if state == -1 else state != TIME_ERROR

    def _passed(self) -> float:
        """Seconds of agent time since the clock was made."""
        return (time.clock_gettime(time.CLOCK_BOOTTIME) - self._real) * self._speed


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, mono: float = 1000.0, wall: float = 1_790_000_000.0) -> None:
        self.boot = "test"
        self.pause_known = True
        self._mono = mono
        self._wall = wall
        self.synced = True

    def remember(self) -> dict[str, Any]:
        """Nothing to do: the test says what time it is."""
        return {}

    def carry_on(self, document: Mapping[str, Any], mono: float, wall: float) -> None:
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


def build_time() -> float:
    """Seconds since 1970 when the newest of the agent's files was written; deployment keeps it."""
    return max(file.stat().st_mtime for file in Path(__file__).parent.rglob("*.py"))


def _timesyncd_knows(wall: float) -> bool:
    """Whether systemd-timesyncd has set the clock; for a service that may not ask the kernel."""
    try:
        return abs(wall - TIMESYNCD.stat().st_mtime) < TIMESYNCD_S
    except OSError:
        return False


def _battery_agrees(wall: float) -> bool:
    """Whether a clock that runs while the device is off says the same."""
    try:
        return abs(int(RTC.read_text()) - wall) <= RTC_AGREES_S
    except (OSError, ValueError):
        return False
