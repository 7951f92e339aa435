"""Power cuts at random moments of an installation and of an upgrade.

While deploy.sh works, the machine is made to stand still again and again, and its disk is copied: so
a hard stop at that moment would leave it. From each copy a machine is booted: it has to be in service
with the old release or the new one, and a second run of deploy.sh has to complete. Two work side by
side, for there are two cores.
"""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from device import status
from machine import DEPLOY_S, GuestError, Machine

SIDE_BY_SIDE = 2
EVERY_S = 1.5  # between two copies, on average; each stage then has some
SETTLED_S = 120.0  # after a boot, in an emulated guest beside another one
IN_FORCE = "readlink /opt/street-agent/current 2>/dev/null"
STAGES = ("copying", "unpacking", "building", "starting")


@dataclass(frozen=True)
class Trial:
    """What is deployed onto what.

    Attributes:
        disk: the machine before; None = a blank one.
        old: the release in force before; empty = none.
        new: what is deployed.
        words: for deploy.sh.
    """

    disk: Path | None
    old: str
    new: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """A disk as a power cut has left it.

    Attributes:
        stage: the last thing that the deployment had said it was doing.
        at: which part of the run was over.
    """

    trial: Trial
    disk: Path
    stage: str
    at: float


def cut(image: Path, folder: Path, trials: list[Trial], count: int, seed: int) -> str:
    """Cut the power `count` times in all. Raise GuestError if a device does not come back."""
    chosen = random.Random(seed)
    gone_wrong = threading.Event()
    each = count // len(trials)

    def look(one: Cut) -> str:
        if gone_wrong.is_set():
            return ""
        try:
            return _afterwards(
                Machine(image, one.disk.with_suffix(".d"), one.disk, cores=1), one.trial
            )
        except GuestError as error:
            gone_wrong.set()
            raise GuestError(
                f"{one.trial.words[0]}, cut at {one.at:.0%} ({one.stage}): {error}"
            ) from error
        finally:
            one.disk.unlink()

    found: list[tuple[str, str]] = []
    for trial in trials:
        cuts = _cuts(Machine(image, folder / trial.words[0], trial.disk), trial, each, chosen)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as workers:
            found += zip([one.stage for one in cuts], list(workers.map(look, cuts)), strict=True)
    stages = Counter(stage for stage, _ in found)
    outcomes = Counter(outcome for _, outcome in found)
    return (f"{len(found)} power cuts, while: {_told(stages)}; in force after the boot: "
            f"{_told(outcomes)}; each second run completed")  # fmt: skip


def _told(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counter.most_common())


def _cuts(machine: Machine, trial: Trial, count: int, chosen: random.Random) -> list[Cut]:
    """Run deploy.sh, and keep `count` of the disks that were copied at random moments of it."""
    kept: list[tuple[Path, str, float]] = []
    copies = 0
    due = begun = 0.0

    def look(said: Path) -> None:
        nonlocal copies, due
        now = time.monotonic()
        if now < due:
            return
        due = now + chosen.uniform(0.0, 2.0 * EVERY_S)
        copies += 1  # each of the copies is equally likely to be kept: Vitter's algorithm R
        place = len(kept) if len(kept) < count else chosen.randrange(copies)
        if place >= count:
            return
        disk = machine.folder / f"{place}.qcow2"
        machine.copy_disk(disk)
        words = said.read_text()
        stage = next((x for x in reversed(STAGES) if f"\n{x} " in f"\n{words}"), "looking")
        kept[place : place + 1] = [(disk, stage, now - begun)]

    try:
        machine.start()
        begun = time.monotonic()
        _run(machine, trial, look)
        length_s = time.monotonic() - begun
    finally:
        machine.stop_hard()
    if len(kept) < count:
        raise GuestError(f"{len(kept)} cuts were made, not {count}")
    return [Cut(trial, disk, stage, after_s / length_s) for disk, stage, after_s in kept]


def _run(machine: Machine, trial: Trial, look: Callable[[Path], None]) -> None:
    """Run deploy.sh to its end, and look at it again and again."""
    said = machine.folder / "said"
    with said.open("w") as out:
        process = subprocess.Popen(machine.deployment(*trial.words), stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=subprocess.STDOUT)  # fmt: skip
    end = time.monotonic() + DEPLOY_S
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
            raise GuestError(f"deploy.sh does not end: {said.read_text()}")
        look(said)
        time.sleep(0.05)
    if process.returncode:
        raise GuestError(f"deploy.sh: exit {process.returncode}\n{said.read_text()}")


def _afterwards(machine: Machine, trial: Trial) -> str:
    """What is in force after the boot, in words; then a second run completes."""
    try:
        machine.start()
        machine.run("systemctl is-system-running --wait", check=False)  # SSH answers before that
        in_force = _in_force(machine)
        if in_force not in {trial.old, trial.new}:
            raise GuestError(f"{in_force or 'no release'} is in force")
        if in_force:
            _require(machine, lambda: status(machine) is not None, "no agent after the boot")
            _require(machine, lambda: not _pending(machine), "the trial was not settled at boot")
        elif machine.run("systemctl is-active street-agent", check=False).strip() == "active":
            raise GuestError("an agent runs and no release is in force")
        machine.deploy(*trial.words)
        if _in_force(machine) != trial.new or _pending(machine) or status(machine) is None:
            raise GuestError("the second run did not complete")
    finally:
        machine.stop_hard()
    return (
        "the new one"
        if in_force == trial.new
        else "the old one"
        if trial.old
        else "none, as before"
    )


def _in_force(machine: Machine) -> str:
    return machine.run(IN_FORCE, check=False).strip().removeprefix("releases/")


def _pending(machine: Machine) -> bool:
    return bool(machine.run("ls -d /opt/street-agent/pending 2>/dev/null", check=False).strip())


def _require(machine: Machine, is_so: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + SETTLED_S
    while not is_so():
        if time.monotonic() > end:
            log = machine.run(
                "journalctl -b --no-pager -n 40 -u 'street-agent*'; ls -la /opt/street-agent",
                check=False,
            )
            raise GuestError(f"{otherwise}\n{log}")
        time.sleep(1.0)
