"""A change of the configuration is killed, or refused by the disk, at each of its file operations.

Whatever is left, the next run of `return-if-due` makes of it: the file in force is the old one or
the new one, the agent runs with it, nothing is on trial for good, and the history can be read.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from changing import DEAD, NEW, NEWER, OLD, TRIAL, Changing
from disks import memory, tmpfs
from faulty_disk import FaultyDisk

from agent.config.attempt import Ending
from agent.config.change import apply, confirm, give_up
from agent.config.going_back import return_if_due
from agent.errors import StorageError

CHANGING = ("open", "pwrite", "fsync", "fchown", "fchmod", "replace", "rename", "unlink", "link")
DUE_S = 100_000.0
Step = Callable[[Changing], object]


class Killed(BaseException):
    """The process is gone: nothing that it would still do is done."""


class Killer:
    """Kills at the n-th operation that changes a file below a folder; 0 = never, only counts."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, at: int = 0) -> None:
        self.calls = 0
        self._root = root
        self._at = at
        for name in CHANGING:
            patch.setattr(os, name, self._watched(name, getattr(os, name)))

    def disarm(self) -> None:
        self._at = 0

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            if name != "open" or args[1] & os.O_CREAT:
                self.calls += 1
                if self._at and self.calls >= self._at:
                    raise Killed
            return call(*args, **options)

        return watched


def first_trial(here: Changing) -> None:
    apply(here.device, NEW, TRIAL)


def bad_trial(here: Changing) -> None:
    apply(here.device, DEAD, TRIAL)


def second_trial(here: Changing) -> None:
    apply(here.device, NEWER, TRIAL)


def confirmed(here: Changing) -> None:
    confirm(here.device, anyway=False)


def given_up(here: Changing) -> None:
    give_up(here.device)


def due(here: Changing) -> None:
    here.clock.sleep(700)
    return_if_due(here.device)


def edited_and_due(here: Changing) -> None:
    here.site.write_bytes(NEWER)
    due(here)


def nothing(here: Changing) -> None:
    del here


# What came before, what is killed, and what may be in force in the end.
COURSES: list[tuple[Step, Step, set[bytes]]] = [
    (nothing, first_trial, {OLD}),
    (nothing, bad_trial, {OLD}),
    (first_trial, second_trial, {OLD}),
    (first_trial, confirmed, {OLD, NEW}),
    (first_trial, given_up, {OLD}),
    (first_trial, due, {OLD}),
    (first_trial, edited_and_due, {OLD}),
]
NAMES = ["first", "bad", "second", "confirm", "rollback", "due", "edited"]


def operations(before: Step, step: Step) -> int:
    """How many operations there are to kill at."""
    with memory() as folder, pytest.MonkeyPatch.context() as patch:
        here = Changing(folder / "etc")
        before(here)
        killer = Killer(folder, patch)
        step(here)
        return killer.calls


def check_the_end(here: Changing, allowed: set[bytes], at: int) -> None:
    """Runs of the timer come until long after the deadline: all is as promised."""
    assert here.in_force in {OLD, NEW, DEAD, NEWER}, at
    here.clock.sleep(30)
    return_if_due(here.device)
    here.clock.sleep(DUE_S)
    return_if_due(here.device)
    assert here.in_force in allowed, at
    assert here.agent.text == here.in_force, at
    assert not here.is_on_trial, at
    assert {line.number for line in here.revisions.lines()} <= {1, 2, 3}, at
    outcome = apply(here.device, here.in_force + b"# on we go\n", TRIAL)
    assert outcome.ending is Ending.LASTS, at
    assert not list(here.revisions.folder.glob("*.new")), at


@pytest.mark.parametrize(("before", "step", "allowed"), COURSES, ids=NAMES)
def test_killed_at_every_operation(before: Step, step: Step, allowed: set[bytes]) -> None:
    """Killed at each step, it leaves the old one or the new one, and the way back."""
    count = operations(before, step)
    assert count > 4
    for at in range(1, count + 1):
        with memory() as folder, pytest.MonkeyPatch.context() as patch:
            here = Changing(folder / "etc")
            before(here)
            killer = Killer(folder, patch, at)
            with pytest.raises(Killed):
                step(here)
            killer.disarm()
            check_the_end(here, allowed, at)


@pytest.mark.parametrize(("before", "step", "allowed"), COURSES, ids=NAMES)
def test_power_cut_at_every_operation(before: Step, step: Step, allowed: set[bytes]) -> None:
    """What was not synced is gone, and a reboot comes after it: the same holds."""
    count = operations(before, step)
    for at in range(1, count + 1):
        with memory() as folder, pytest.MonkeyPatch.context() as patch:
            disk = FaultyDisk(folder, patch)
            here = Changing(folder / "etc")
            sync(here.site)
            before(here)
            if step is edited_and_due:  # an editor that does not sync loses its file, not ours
                here.site.write_bytes(NEWER)
                sync(here.site)
            killer = Killer(folder, patch, at)
            with pytest.raises(Killed):
                step(here)
            killer.disarm()
            disk.cut_power()
            here.revisions.folder.mkdir(exist_ok=True)
            here.clock.reboot()
            here.agent.boot()
            check_the_end(here, allowed, at)
            disk.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize(("before", "step", "allowed"), COURSES, ids=NAMES)
def test_a_disk_that_takes_nothing_any_more(
    before: Step, step: Step, allowed: set[bytes], number: int
) -> None:
    """From any operation on: one clear error or a clear end, and later the same promises."""
    at = 0
    while True:
        with memory() as folder, pytest.MonkeyPatch.context() as patch:
            disk = FaultyDisk(folder, patch)
            here = Changing(folder / "etc")
            before(here)
            first = disk.calls
            wait_for(disk, at, number, patch)
            says = refusal(step, here)
            assert os.strerror(number) in says or not says
            calls = disk.calls - first
            disk.heal()
            patch.undo()
            check_the_end(here, allowed | {NEW} if step is confirmed else allowed, at)
            disk.close()
        if calls <= at:
            break
        at += 1
    assert at > 2


def refusal(step: Step, here: Changing) -> str:
    """What the command says where it fails; empty where it does not."""
    try:
        step(here)
    except StorageError as error:
        return str(error)
    return ""


def wait_for(disk: FaultyDisk, at: int, number: int, patch: pytest.MonkeyPatch) -> None:
    """Let so many operations pass, and refuse all others."""
    passed = disk.calls + at
    refuse = disk._refuse

    def refuse_later() -> None:
        if disk.calls >= passed:
            disk.fail(1, number)
        refuse()

    patch.setattr(disk, "_refuse", refuse_later)


def sync(path: Path) -> None:
    for each in (path, path.parent):
        fd = os.open(each, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_does_not_keep_the_old_one_away(tmp_path: Path) -> None:
    """With not a byte left on a real file system, the old configuration comes back in time."""
    with tmpfs(tmp_path / "d", "size=512k"):
        here = Changing(tmp_path / "d" / "etc")
        apply(here.device, NEW, TRIAL)
        fill_up(tmp_path / "d" / "ballast")
        with pytest.raises(StorageError, match=os.strerror(errno.ENOSPC)):
            apply(here.device, NEWER, TRIAL)
        assert here.in_force == NEW
        here.clock.sleep(700)
        outcome = return_if_due(here.device)
        assert outcome
        assert outcome.ending is Ending.RETURNED
        assert here.in_force == here.agent.text == OLD
        assert not here.is_on_trial
