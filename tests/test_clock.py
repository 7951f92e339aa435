"""The clock: one count across restarts, a floor under the wall clock, and what it does not know."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent import clock as clock_module
from agent.clock import SystemClock, build_time

DAY = 86400.0
YEAR = 365 * DAY


class Kernel:
    """The kernel's clocks, as a test sets them."""

    def __init__(self) -> None:
        self.wall = build_time() + 30 * DAY
        self.boottime = 50.0
        self.is_synced = True
        self.may_be_asked = True

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.boottime += seconds

    def adjtimex(self, buffer: object) -> int:
        del buffer
        if not self.may_be_asked:
            return -1
        return 0 if self.is_synced else clock_module.TIME_ERROR


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    """Without a battery, in its first boot."""
    of_test = Kernel()
    (tmp_path / "boot_id").write_text("11111111-1111-1111\n")
    monkeypatch.setattr(clock_module, "BOOT_ID", tmp_path / "boot_id")
    monkeypatch.setattr(clock_module, "RTC", tmp_path / "since_epoch")
    monkeypatch.setattr(clock_module, "TIMESYNCD", tmp_path / "synchronized")
    monkeypatch.setattr(time, "time", lambda: of_test.wall)
    monkeypatch.setattr(time, "clock_gettime", lambda _: of_test.boottime)
    monkeypatch.setattr(clock_module.ctypes, "CDLL", lambda *_, **__: of_test)
    return of_test


@pytest.fixture
def reboot(kernel: Kernel, tmp_path: Path) -> Callable[[float], SystemClock]:
    """Boot again with the kernel's clock at that time."""

    def boot(wall: float) -> SystemClock:
        (tmp_path / "boot_id").write_text("22222222-2222-2222\n")
        kernel.wall, kernel.boottime = wall, 10.0
        return SystemClock()

    return boot


def test_the_count_goes_on_in_the_same_boot(kernel: Kernel) -> None:
    """A restart of the agent costs exactly the time that it took, whatever the wall clock does."""
    first = SystemClock()
    first.carry_on({}, 1e6, first.wall() - 100)
    assert first.mono() == 1e6 + 100
    document, mono, wall = first.remember(), first.mono(), first.wall()
    kernel.boottime += 7
    kernel.wall -= 3 * YEAR
    second = SystemClock()
    second.carry_on(document, mono, wall)
    assert (second.mono(), second.pause_known) == (mono + 7, True)


def test_after_a_reboot_a_synchronised_clock_tells_the_pause(
    kernel: Kernel, reboot: Callable[[float], SystemClock]
) -> None:
    """Three days without power are three days of the count."""
    first = SystemClock()
    document, mono, wall = first.remember(), first.mono(), first.wall()
    second = reboot(wall + 3 * DAY)
    second.carry_on(document, mono, wall)
    assert (second.mono(), second.pause_known) == (mono + 3 * DAY, True)


@pytest.mark.parametrize("behind", [-0.5 * DAY, 0.0, 56 * YEAR], ids=["ahead", "saved", "1970"])
def test_after_a_reboot_without_time_the_pause_is_not_known(
    behind: float, kernel: Kernel, reboot: Callable[[float], SystemClock]
) -> None:
    """Neither 1970 nor the time that a distribution saved at the power cut tells how long it was."""
    first = SystemClock()
    document, mono, wall = first.remember(), first.mono(), first.wall()
    kernel.is_synced = False
    second = reboot(wall - behind)
    second.carry_on(document, mono, wall)
    assert not second.pause_known
    assert second.mono() >= mono


def test_a_battery_that_kept_the_clock_going_tells_the_pause(
    kernel: Kernel, reboot: Callable[[float], SystemClock], tmp_path: Path
) -> None:
    """Not synchronised, but the clock with the battery says the same."""
    first = SystemClock()
    document, mono, wall = first.remember(), first.mono(), first.wall()
    kernel.is_synced = False
    (tmp_path / "since_epoch").write_text(f"{wall + DAY + 2:.0f}\n")
    second = reboot(wall + DAY)
    second.carry_on(document, mono, wall)
    assert (second.mono(), second.pause_known) == (mono + DAY, True)


def test_a_pause_of_years_is_not_believed(
    kernel: Kernel, reboot: Callable[[float], SystemClock]
) -> None:
    """The count goes on from where it was, and its length is not known."""
    first = SystemClock()
    document, wall = first.remember(), first.wall()
    second = reboot(wall + 10 * YEAR)
    second.carry_on(document, 5e8, wall)
    assert (second.mono(), second.pause_known) == (5e8, False)


def test_without_a_clock_the_wall_stands_at_the_build(kernel: Kernel) -> None:
    """Boot at 1970, nothing saved: the newest of the agent's files, counted on; unsynchronised."""
    kernel.wall, kernel.is_synced = 12.0, False
    clock = SystemClock()
    assert clock.wall() == clock.floor() == build_time()
    kernel.pass_(3600)
    assert (clock.wall(), clock.is_synced()) == (build_time() + 3600, False)
    kernel.wall = build_time() + DAY
    assert (clock.wall(), clock.floor()) == (kernel.wall, None)


def test_without_a_clock_the_wall_goes_on_from_what_was_saved(
    kernel: Kernel, reboot: Callable[[float], SystemClock]
) -> None:
    """The floor is the last time that was known, and the time that the count has passed since."""
    first = SystemClock()
    document, saved = first.remember(), first.wall()
    kernel.pass_(200)
    kernel.is_synced = False
    alive_until = first.mono()
    second = reboot(0.0)
    second.carry_on(document, alive_until, saved + 200)
    kernel.pass_(5)
    assert second.wall() == pytest.approx(saved + 205)


@pytest.mark.parametrize("step", [-3 * YEAR, -60 * YEAR])
def test_a_clock_set_to_before_the_build_is_not_believed(step: float, kernel: Kernel) -> None:
    """Whatever the kernel says of it, the wall goes on as if nothing had happened."""
    clock = SystemClock()
    clock.remember()
    right = clock.wall()
    kernel.wall += step
    kernel.pass_(60)
    assert (clock.wall(), clock.is_synced()) == (right + 60, False)


def test_a_synchronised_clock_is_believed_below_the_floor(
    kernel: Kernel, reboot: Callable[[float], SystemClock]
) -> None:
    """A clock that once was ten years ahead does not stay so when it is set right."""
    right = kernel.wall
    kernel.wall += 10 * YEAR
    wrong = SystemClock()
    document, mono, wall = wrong.remember(), wrong.mono(), wrong.wall()
    kernel.is_synced = False
    clock = reboot(right)
    clock.carry_on(document, mono, wall)
    assert clock.wall() == wall
    kernel.is_synced = True
    assert clock.wall() == right
    assert clock.remember()["wall"] == right


def test_the_real_clock_reads_the_kernel() -> None:
    """On this machine: between two looks the count and the wall clock go on alike."""
    clock = SystemClock()
    mono, wall = clock.mono(), clock.wall()
    assert abs((clock.wall() - wall) - (clock.mono() - mono)) < 0.1
    assert wall >= build_time()
    assert clock.is_synced() in (True, False)


def test_a_faster_clock_runs_both_clocks_faster() -> None:
    """At 1000 times real time a millisecond is a second, on both clocks."""
    clock = SystemClock(1000.0)
    mono, wall = clock.mono(), clock.wall()
    while clock.mono() - mono < 5.0:
        pass
    assert clock.wall() - wall >= 4.9


def test_a_faster_clock_goes_on_after_a_restart(kernel: Kernel) -> None:
    """Its wall clock does not fall back to real time."""
    first = SystemClock(1000.0)
    kernel.pass_(DAY)
    document, mono, wall = first.remember(), first.mono(), first.wall()
    second = SystemClock(1000.0)
    second.carry_on(document, mono, wall)
    assert (second.mono(), second.wall()) == pytest.approx((mono, wall))


def test_where_the_kernel_may_not_be_asked_timesyncd_knows(kernel: Kernel, tmp_path: Path) -> None:
    """It has touched its file: for nine hours the clock is right, as long as the kernel says so."""
    kernel.may_be_asked = False
    clock = SystemClock()
    assert not clock.is_synced()
    mark = tmp_path / "synchronized"
    mark.touch()
    os.utime(mark, (kernel.wall, kernel.wall))
    assert clock.is_synced()
    kernel.pass_(9 * 3600 - 1)
    assert clock.is_synced()
    kernel.pass_(2)
    assert not clock.is_synced()


def test_timesyncd_is_not_asked_where_the_kernel_answers(kernel: Kernel, tmp_path: Path) -> None:
    """The kernel knows of every way in which a clock is set."""
    kernel.is_synced = False
    mark = tmp_path / "synchronized"
    mark.touch()
    os.utime(mark, (kernel.wall, kernel.wall))
    assert not SystemClock().is_synced()
