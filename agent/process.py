"""The process as such: its standard streams, the signals that must not end it, crashes in C."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys

log = logging.getLogger(__name__)


def keep_streams() -> None:
    """Put /dev/null where a standard stream is closed.

    The next file to be opened would else take its number, and the log be written into the store.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def stand_fast() -> None:
    """Outlive a closed session, and leave a trace of a crash in a library written in C.

    SIGPIPE is ignored by Python itself: a reader that has gone is an error where it matters.
    """
    faulthandler.enable(file=2)
    signal.signal(signal.SIGHUP, _hang_up)


def _hang_up(number: int, frame: object) -> None:
    del number, frame
    log.info("SIGHUP ignored; a changed configuration is read at the next start")
