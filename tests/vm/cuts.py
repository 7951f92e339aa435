"""Hard stops at random moments of an installation and of an upgrade.

After each the device boots with the old release or the new one, as whole as before, and a second run
of deploy.sh completes. Two machines work side by side, for there are two cores.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from device import status
from machine import DEPLOY_S, GuestError, Machine
from releases import name

SIDE_BY_SIDE = 2
SETTLED_S = 90.0  # after a boot, in an emulated guest beside another one
IN_FORCE = "readlink /opt/street-agent/current 2>/dev/null"
ACTIVE = "systemctl is-active street-agent"


@dataclass(frozen=True)
class Trial:
    """What is deployed onto what.

    Attributes:
        disk: the machine before; None = a blank one.
        old: the release in force before; empty = none.
        new: what is deployed.
        words: for deploy.sh.
        length_s: how long an undisturbed run takes.
    """

    disk: Path | None
    old: str
    new: str
    words: tuple[str, ...]
    length_s: float


def cut(image: Path, folder: Path, trials: list[Trial], count: int, seed: int) -> str:
    """Stop machines `count` times, each trial in turn. Raise GuestError at the first that is wrong."""
    chosen = random.Random(seed)
    moments = [chosen.uniform(0.02, 1.0) for _ in range(count)]
    gone_wrong = threading.Event()
    found: list[tuple[str, str]] = []

    def one(number: int) -> None:
        if gone_wrong.is_set():
            return
        trial = trials[number % len(trials)]
        where = folder / f"cut-{number}"
        try:
            found.append(_cut(Machine(image, where, trial.disk), trial, moments[number]))
        except GuestError as error:
            gone_wrong.set()
            raise GuestError(
                f"{trial.words[0]} stopped at {moments[number]:.0%}: {error}"
            ) from error
        finally:
            shutil.rmtree(where, ignore_errors=True)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as workers:
        for done in [workers.submit(one, number) for number in range(count)]:
            done.result()
    stages = [stage for _, stage in found]
    return (
        f"{count} hard stops: {sum(1 for which, _ in found if which == 'new')} times the new release "
        f"was in force afterwards; stopped while: "
        + ", ".join(f"{stage} {stages.count(stage)}" for stage in sorted(set(stages)))
        + "; every second run completed"
    )


def _cut(machine: Machine, trial: Trial, moment: float) -> tuple[str, str]:
    """Which release is in force after the boot, and what was going on when the power went."""
    try:
        machine.start()
        stage = _interrupted(machine, trial, moment * trial.length_s)
        machine.start()
        in_force = _whole(machine, trial)
        machine.deploy(*trial.words)
        _require(
            machine, lambda: _in_force(machine) == trial.new, "the second run did not complete"
        )
        _require(machine, lambda: status(machine) is not None, "no agent after the second run")
    finally:
        machine.stop_hard()
    return "new" if in_force == trial.new else "old", stage


def _interrupted(machine: Machine, trial: Trial, after_s: float) -> str:
    """Stop the machine hard in the middle of a run; the last thing that it had said."""
    process = subprocess.Popen(
        machine.deployment(*trial.words, "--retries", "0"), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    time.sleep(after_s)
    machine.stop_hard()
    try:
        said, _ = process.communicate(timeout=DEPLOY_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise GuestError("deploy.sh waits for a device that is gone") from None
    for words in ("starting", "building", "unpacking", "copying"):
        if f"\n{words}" in f"\n{said}":
            return words
    return "looking"


def _whole(machine: Machine, trial: Trial) -> str:
    """The release in force after the boot, with its agent in service; none is as good as before."""
    if not _in_force(machine):
        if trial.old:
            raise GuestError("no release is in force")
        active = machine.run(ACTIVE, check=False).strip()
        if active == "active":
            raise GuestError("an agent runs that is not in force")
        return ""
    _require(machine, lambda: _in_force(machine) in {trial.old, trial.new} - {""},
             f"{_in_force(machine)} is in force")  # fmt: skip
    _require(machine, lambda: status(machine) is not None, "no agent after the boot")
    if machine.run("ls -d /opt/street-agent/pending 2>/dev/null", check=False).strip():
        raise GuestError("the trial was not settled at boot")
    return _in_force(machine)


def _in_force(machine: Machine) -> str:
    return machine.run(IN_FORCE, check=False).strip().removeprefix("releases/")


def _require(machine: Machine, is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + SETTLED_S
    while not is_so():
        if time.monotonic() > end:
            log = machine.run(
                "journalctl -b --no-pager -n 40; ls -la /opt/street-agent", check=False
            )
            raise GuestError(f"{otherwise}\n{log}")
        time.sleep(1.0)


def trial(
    disk: Path | None, old: Path | None, new: Path, words: list[str], length_s: float
) -> Trial:
    """A trial, from packed releases."""
    return Trial(disk, name(old) if old else "", name(new), tuple(words), length_s)
