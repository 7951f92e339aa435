"""Runs in the guest: pulls lines as it is told, one command a line, and answers each.

`LINE LEVEL`, such as `24 pull-up`: pulls the line, prints `ok`. End of input ends it.
"""

import pathlib
import sys

PULLS = pathlib.Path("/sys/devices/platform/gpio-sim.0/gpiochip0")

for command in sys.stdin:
    line, level = command.split()
    (PULLS / f"sim_gpio{line}" / "pull").write_text(level)
    print("ok", flush=True)
