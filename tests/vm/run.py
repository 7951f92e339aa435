"""The agent in a virtual machine with a real systemd, real GPIO and a serial port.

python tests/vm/run.py [--pulls N] [--cuts N] [--only STEP,STEP] [--image FOLDER] [--seed N]

Builds the machine where it is missing (2 minutes, kept outside the tree), installs the agent with
deploy.sh over SSH, goes through the steps in steps.py, and then stops machines hard while they are
being deployed to (cuts.py). Prints the time of each step. Exit code 1 if one fails. Needs root.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "nemesis"), str(HERE.parent)]

from consumer import Consumer  # noqa: E402 - of tests/nemesis
from cuts import Trial, cut  # noqa: E402
from device import Hand, Water, configured, install, is_whole, wait_status  # noqa: E402
from machine import Machine  # noqa: E402
from releases import ENDS, name, release  # noqa: E402 - of tests
from rig import Broker  # noqa: E402 - of tests/nemesis
from site_ import WIRES  # noqa: E402
from steps import STEPS, Guest  # noqa: E402

T = TypeVar("T")
RECIPE = ("image.sh", "gpio-sim-up", "gpio-sim.service")
IMAGE_S = 1800.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pulls", type=int, default=1000, help="alarms whose latency is measured")
    parser.add_argument("--cuts", type=int, default=20, help="power cuts in deployments; 0 = none")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the power cuts")
    parser.add_argument("--only", default="", help="steps by their names")
    parser.add_argument("--image", type=Path, default=cache(), help="where the machine is kept")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("the virtual machine is built as root", file=sys.stderr)
        return 2
    only = {name for name in args.only.split(",") if name}
    folder = Path(tempfile.mkdtemp(prefix="street-agent-vm-", dir="/var/tmp"))
    with contextlib.ExitStack() as held:
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        image = timed("image", lambda: built(args.image))
        old, new, *broken = timed("releases", packed)
        broker = Broker(folder / "broker").start()
        held.callback(broker.kill)
        url = f"mqtt://10.0.2.2:{broker.port}"
        consumer = Consumer(broker.port)
        held.callback(consumer.close)
        machine = Machine(image, folder / "main")
        held.callback(machine.stop_hard)
        timed("boot", machine.start)
        guest = Guest(machine, broker, consumer, args.pulls, old, new, tuple(broken))
        timed("install", lambda: install(machine, old, url, folder))
        if args.cuts:
            machine.stop()
            disk = folder / "installed.qcow2"
            shutil.copy(machine.overlay, disk)
            timed("boot", machine.start)
        guest.hand = Hand(machine)
        guest.water = Water(machine)
        held.callback(guest.let_go)
        for wire in WIRES:  # a claimed line is pulled as the agent asks; from here on as we do
            guest.hand.pull(wire, is_on=False)
        timed("start", lambda: wait_status(machine, is_whole, 180.0))
        failed = attempt(guest, only)
        if not args.cuts:
            return failed
        guest.let_go()
        machine.stop_hard()
        broker.kill()  # two machines with one identity would push each other off it
        site = configured("mqtt://10.0.2.2:9", folder)
        trials = [
            Trial(None, "", name(old), ("install", "--archive", str(old), *site)),
            Trial(disk, name(old), name(new), ("upgrade", "--archive", str(new))),
        ]
        step = functools.partial(cut, image, folder, trials, args.cuts, args.seed)
        return failed | tried("cuts", step)


def attempt(guest: Guest, only: set[str]) -> int:
    """Go through the steps; a step that fails does not stop those after it. Exit code."""
    chosen = [step for step in STEPS if not only or step.__name__ in only]
    failed = sum(tried(step.__name__, functools.partial(step, guest)) for step in chosen)
    print(f"{len(chosen)} steps, {failed} failed", flush=True)
    return 1 if failed else 0


def tried(title: str, step: Callable[[], str]) -> int:
    """Do a step, and print its time and what it found; 1 = it failed."""
    begun = time.monotonic()
    failed = 0
    try:
        said = step()
    except Exception as error:  # noqa: BLE001 - told, and the next step is tried
        failed = 1
        said = f"FAILED: {type(error).__name__}: {error}"
    print(f"{title:12} {time.monotonic() - begun:6.1f} s  {said}", flush=True)
    return failed


def timed(title: str, do: Callable[[], T]) -> T:
    """Do something and print how long it took."""
    begun = time.monotonic()
    found = do()
    print(f"{title:12} {time.monotonic() - begun:6.1f} s", flush=True)
    return found


def cache() -> Path:
    """Where the machine is kept between runs."""
    folder = os.environ.get("XDG_CACHE_HOME") or "/var/tmp"  # noqa: S108 - only root writes there
    return Path(folder) / "street-agent-vm"


def built(folder: Path) -> Path:
    """The machine of this recipe; built where it is missing."""
    recipe = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in RECIPE))
    image = folder / recipe.hexdigest()[:12]
    if not (image / "disk.qcow2").exists():
        image.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(HERE / "image.sh"), str(image)], check=True, timeout=IMAGE_S)
    return image


def packed() -> list[Path]:
    """The release to install, the next one, one that reads no pin, and one that ends at once.

    The next one keeps its state in a form that the first has never seen.
    """
    return [
        release("1.0.0"),
        release("1.0.1", "agent/pipeline/memory.py", "FORMAT = 4", "FORMAT = 5"),
        release("1.0.2", "drivers/gpio.py", "self._emit(self._quantity, self._level())",
                'raise OSError("a release that reads no pin")'),
release("1.0.3", *ENDS),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
