"""Alarm latency: from a contact that closes to the broker's PUBACK at the agent.

python tests/bench/alarm_latency.py [--alarms N] [--link loopback|2g|loss] [--lines N] [--pause S]
    [--folder FOLDER]

The agent runs as a process of its own. Contacts are gpiozero's mock pins, closed by a thread in that
process; all else is real: six ptys bring 300 water levels a second, every event goes to disk first,
mosquitto answers. The time ends when the agent's deciding thread hears of the PUBACK.

| link     | what it is                                   | bar at p99 |
| -------- | -------------------------------------------- | ---------- |
| loopback | this machine                                 | 1 s        |
| 2g       | 0.3 s each way, 5 % loss, 20 kbit/s; root    | 10 s       |
| loss     | 30 % of all packets lost, both ways; root    | 10 s       |

An event of 1.5 kB takes 0.6 s at 20 kbit/s, so alarms come slower there, 3 s apart, and devices
share the work, each behind a bad link of its own: 10,000 from 25 devices take 20 minutes. Readings
do not go over the two bad links; from homes they do not by default. Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

# Behind this folder, which has a `rig` and an `outcome` of its own that are not used here.
sys.path.insert(0, str(Path(__file__).parents[1] / "nemesis"))

import latency
from link import LOSS_30, Link
from rig import Rig
from tun import GPRS

BAR_S = {"loopback": latency.LOOPBACK_BAR_S, "2g": latency.LINK_BAR_S, "loss": latency.LINK_BAR_S}
MAKE = {"2g": lambda draw: Link(GPRS, draw), "loss": lambda _: Link()}
RULE = {"2g": "", "loss": LOSS_30}
SHARES = (0.5, 0.9, 0.99, 0.999)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--alarms", type=int, help="in all; default: 10,000, over bad links 200")
    parser.add_argument("--lines", type=int, default=5, help="devices behind bad links")
    parser.add_argument("--link", choices=sorted(BAR_S), default="loopback")
    parser.add_argument("--pause", type=float, help="seconds between alarms, on average")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))  # noqa: S108 - a real disk
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    is_good = args.link == "loopback"
    alarms = args.alarms or (10_000 if is_good else 200)
    pause_s = args.pause or (latency.PAUSE_S if is_good else latency.SLOW_PAUSE_S)
    folder = Path(tempfile.mkdtemp(prefix="street-agent-bench-", dir=args.folder))
    load = os.getloadavg()[0]
    try:
        with Rig(folder) as rig:
            if is_good:
                figures = latency.measure(rig, alarms, pause_s)
            else:
                figures = latency.over_lines(
                    rig, random.Random(1), [alarms // args.lines] * args.lines, MAKE[args.link],
                    RULE[args.link], pause_s,
                )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    beside = (f"beside {latency.PORTS * latency.PORT_HZ:.0f} readings a second" if is_good
              else f"{args.lines} devices")  # fmt: skip
    print(f"{alarms} alarms over {args.link}, {pause_s:g} s apart, {beside}; "
          f"{os.cpu_count()} cores, load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")  # fmt: skip
    print("contact to PUBACK, s: "
          + ", ".join(f"p{100 * share:g} {figures.quantile(share):.3f}" for share in SHARES)
          + f", most {figures.quantile(1.0):.3f}; unanswered {figures.missing}")  # fmt: skip
    if figures.connects is not None:
        print(f"SYN that reached the broker's side: {figures.connects}")
    is_met = figures.quantile(0.99) <= BAR_S[args.link] and not figures.missing
    print(f"bar: p99 <= {BAR_S[args.link]:g} s: {'met' if is_met else 'missed'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
