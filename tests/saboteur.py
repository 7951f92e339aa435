"""The agent with a saboteur aboard: takes orders such as `hang disk` or `press 17` on stdin.

python tests/saboteur.py run --config SITE.toml ...

`hang NAME` makes that thread sleep where it is, `end NAME` throws it out of whatever it does, past
every `except Exception`; `press PIN` closes a contact of gpiozero's mock pins, `eat MIB` takes
memory. Threads are looked after with a patience of two seconds instead of thirty. A thread is hit
where threads hang in life, in what waits for a port, a disk or a network: not within the few
instructions for which it holds a lock that others need, where all would stop with it.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time

from gpiozero import Device

from agent import app
from agent.cli import main
from agent.health import Watched

PATIENCE_S = 2.0


# Code that holds a lock which other threads take as well.
LOCKING_FILES = ("agent/inbox.py", "logging/__init__.py", "paho/mqtt/client.py")
LOCKING_FUNCTIONS = ("_tell",)


class Hang(BaseException):
    """Sleeps in the thread in which it is raised."""

    def __init__(self) -> None:
        time.sleep(3600.0)


class End(BaseException):
    """Nobody expects it."""


def obey() -> None:
    """Carry out orders."""
    eaten: list[bytes] = []
    for line in sys.stdin:
        what, name = line.split()
        if what == "press":
            Device.pin_factory.pin(int(name)).drive_low()
            continue
        if what == "eat":
            eaten.append(b"x" * (int(name) << 20))
            continue
        thread = next(thread for thread in threading.enumerate() if thread.name == name)
        # Nobody else runs between this look and the throw, as this thread has the interpreter.
        while may_hold_a_lock(thread.ident):
            time.sleep(0.001)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object({"hang": Hang, "end": End}[what])
        )


def may_hold_a_lock(ident: int | None) -> bool:
    """Whether a thread is in code that holds a lock, or is about to."""
    frame = sys._current_frames().get(ident or 0)
    while frame is not None:
        code = frame.f_code
        if code.co_name in LOCKING_FUNCTIONS or code.co_filename.endswith(LOCKING_FILES):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    Watched.__init__.__defaults__ = (PATIENCE_S, None)
    app.DISK_PATIENCE_S = PATIENCE_S
    threading.Thread(target=obey, name="saboteur", daemon=True).start()
    sys.exit(main())
