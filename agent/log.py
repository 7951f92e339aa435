"""Logging to stderr: for the journal without time and with syslog priorities, else readable.

No thread ever waits for the log, and no message floods it: see stderr.py and repeats.py. A record
with `extra={"always": True}` is never held back, nor is DEBUG, which somebody has asked for.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from agent.repeats import Held, Repeats
from agent.stderr import Writer

PRIORITY = {"DEBUG": "<7>", "INFO": "<6>", "WARNING": "<4>", "ERROR": "<3>", "CRITICAL": "<2>"}
STDERR = 2  # not sys.stderr: its lock, held in a write that blocks, would hold up the exit
FLUSH_S = 1.0
# A sensor or a broker must not steer the terminal of whoever reads the log.
CONTROLS = {n: "?" for n in [*range(32), *range(127, 160)] if chr(n) not in "\n\t"}

log = logging.getLogger(__name__)


class _Plain(logging.Formatter):
    """Text without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(CONTROLS)


class _Journal(_Plain):
    """`<priority>logger: message`, as sd-daemon(3) wants it."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", " | ")
        return f"{PRIORITY.get(record.levelname, '<6>')}{text}"


class Handler(logging.Handler):
    """Holds repetition back, and hands lines to a writer.

    The standard library's QueueHandler and QueueListener are not used: the listener's `stop` waits
    without a limit, and its queue does not count what it drops.
    """

    def __init__(self, fd: int, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._repeats = Repeats()
        self._writer = Writer(fd, self._idle)
        self._told_lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, hold it back, or count it as lost; never raise."""
        try:
            self._sum_up(self._repeats.due(self._now()))
            if self._is_admitted(record):
                self._put(record)
        except Exception:  # noqa: BLE001 - arguments that do not fit their template, say
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say where the message came from, rather than print a traceback."""
        text = f"cannot be logged: {record.msg!r} of {record.filename}:{record.lineno}"
        self._put(_record(record.name, logging.ERROR, text))

    def flush(self) -> None:
        """Wait a moment for what was said to be written."""
        self._writer.flush(FLUSH_S)

    def close(self) -> None:
        """Sum up what was held back, and flush."""
        self.acquire()
        try:
            self._sum_up(self._repeats.all(self._now()))
        finally:
            self.release()
        self.flush()
        super().close()

    def _is_admitted(self, record: logging.LogRecord) -> bool:
        if record.levelno <= logging.DEBUG or getattr(record, "always", False):
            return True
        return self._repeats.admit(
            str(record.msg), record.name, record.levelno, record.getMessage(), self._now()
        )

    def _put(self, record: logging.LogRecord) -> None:
        lost = self._writer.lost
        if lost > self._told_lost and self._writer.has_room:
            text = f"log lines were lost count={lost - self._told_lost}"
            self._told_lost = lost
            self._write(_record(__name__, logging.WARNING, text))
        self._write(record)

    def _write(self, record: logging.LogRecord) -> None:
        self._writer.put(f"{self.format(record)}\n".encode(errors="backslashreplace"))

    def _sum_up(self, sums: list[Held]) -> None:
        for held in sums:
            text = f"{held.text} ... repeated {held.count} times in {held.span_s:.0f} s"
            self._put(_record(held.logger, held.level, text))

    def _idle(self) -> None:
        lock = self.lock
        if lock and lock.acquire(blocking=False):  # else somebody is logging, who looks for himself
            try:
                self._sum_up(self._repeats.due(self._now()))
            finally:
                lock.release()


def set_up(*, verbose: bool) -> None:
    """Log everything from INFO on, or from DEBUG on; whatever dies is logged as one line."""
    handler = Handler(STDERR)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_Journal("%(name)s: %(message)s"))
    else:
        handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.captureWarnings(capture=True)
    sys.excepthook = _agent_died
    threading.excepthook = _thread_died
    sys.unraisablehook = _unraisable


def flush() -> None:
    """Wait a moment for what was said to be written, before something else is printed."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def _agent_died(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _tell("the agent died", error, trace)


def _thread_died(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "unknown"
    _tell(f"thread died thread={name}", args.exc_value or args.exc_type(), args.exc_traceback)


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    _tell(f"failed in passing where={args.object!r}", error, args.exc_traceback)


def _tell(what: str, error: BaseException, trace: TracebackType | None) -> None:
    frames = traceback.extract_tb(trace)[-4:]
    places = [f"{'/'.join(Path(f.filename).parts[-2:])}:{f.lineno}" for f in frames]
    log.error("%s error=%s: %s at=%s", what, type(error).__name__, error, " > ".join(places))
    log.debug("%s", what, exc_info=(type(error), error, trace))


def _record(logger: str, level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(logger, level, "", 0, text, None, None)
