"""The agent in a virtual machine with a real systemd, real GPIO and a serial port.

python tests/vm/run.py [--pulls N] [--only STEP,STEP] [--image FOLDER] [--keep]

Builds the machine where it is missing (about 7 minutes, kept outside the tree), installs the agent,
and goes through the steps below, each with its time. Exit code 1 if one fails. Needs root.
"""

from __future__ import annotations

import argparse
import contextlib
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
from device import Hand, Water, install, is_whole, wait_status  # noqa: E402
from machine import Machine  # noqa: E402
from rig import Broker  # noqa: E402 - of tests/nemesis
from site_ import WIRES  # noqa: E402
from steps import STEPS, Guest  # noqa: E402

T = TypeVar("T")
RECIPE = ("image.sh", "gpio-sim-up", "gpio-sim.service")
IMAGE_S, WHEELS_S = 1800.0, 600.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pulls", type=int, default=1000, help="alarms whose latency is measured")
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
        wheels = timed("wheels", lambda: packed(folder / "wheels"))
        broker = Broker(folder / "broker").start()
        held.callback(broker.kill)
        consumer = Consumer(broker.port)
        held.callback(consumer.close)
        machine = Machine(image, folder)
        held.callback(machine.stop_hard)
        timed("boot", machine.start)
        guest = Guest(machine, broker, consumer, args.pulls)
        timed("install", lambda: install(machine, wheels, f"mqtt://10.0.2.2:{broker.port}"))
        guest.hand = Hand(machine)
        guest.water = Water(machine)
        held.callback(guest.let_go)
        timed("start", lambda: wait_status(machine, is_whole, 180.0))
        for wire in WIRES:  # a claimed line is pulled as the agent asks; from here on as we do
            guest.hand.pull(wire, is_on=False)
        return attempt(guest, only)


def attempt(guest: Guest, only: set[str]) -> int:
    """Go through the steps; a step that fails does not stop those after it."""
    failed = 0
    for step in STEPS:
        name = step.__name__
        if only and name not in only:
            continue
        begun = time.monotonic()
        try:
            said = step(guest)
        except Exception as error:  # noqa: BLE001 - told, and the next step is tried
            failed += 1
            said = f"FAILED: {type(error).__name__}: {error}"
        print(f"{name:12} {time.monotonic() - begun:6.1f} s  {said}", flush=True)
    print(f"{len(only) or len(STEPS)} steps, {failed} failed")
    return 1 if failed else 0


def timed(name: str, do: Callable[[], T]) -> T:
    """Do something and print how long it took."""
    begun = time.monotonic()
    found = do()
    print(f"{name:12} {time.monotonic() - begun:6.1f} s", flush=True)
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


def packed(folder: Path) -> Path:
    """Wheels of the agent and of all that it needs, for the guest's Python."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-cache-dir", "-w", str(folder)]
    subprocess.run([*pip, str(HERE.parents[1])], check=True, timeout=WHEELS_S)
    return folder


if __name__ == "__main__":
    sys.exit(main())
