"""Lines to a descriptor, never waiting for it: the journal may be full, slow or gone.

Whoever has something to say appends to a bounded queue; a thread of its own writes. A line for
which there is no room, or which cannot be written, is counted.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from collections.abc import Callable

ROOM = 2000  # lines; half a MB at most, and more than a start or a crash has to say
PIECE = select.PIPE_BUF  # poll(2): of a pipe that is writable so much goes out without waiting
IDLE_S = 1.0
LOOK_S = 0.1


class Writer:
    """Writes lines in order. Safe from any thread and from signal handlers.

    Args:
        fd: where to; it is never set non-blocking, as the terminal may share that with a shell.
        idle: called on the writing thread when there has been nothing to write for a second.
        room: lines that may wait.
    """

    def __init__(self, fd: int, idle: Callable[[], None], room: int = ROOM) -> None:
        self._fd = fd
        self._idle = idle
        self._room = room
        self._waiting: queue.SimpleQueue[bytes | threading.Event] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._end = float("inf")
        self._refused = self._failed = 0  # one for each side, as += is not atomic
        self._ready = select.poll()
        self._ready.register(fd, select.POLLOUT)
        self._begin()  # now, as later all threads that the system grants may be taken

    @property
    def lost(self) -> int:
        """Lines that came to nothing, in all."""
        return self._refused + self._failed

    @property
    def has_room(self) -> bool:
        """Whether the queue has recovered from being full."""
        return 2 * self._waiting.qsize() <= self._room

    def put(self, line: bytes) -> None:
        """Have a line written, or count it."""
        if self._waiting.qsize() >= self._room:
            self._refused += 1
            return
        self._waiting.put(line)
        if not self._begin():
            self._write_now()

    def flush(self, within_s: float) -> None:
        """Wait until what was put before is written, or cannot be in that time."""
        is_written = threading.Event()
        self._end = time.monotonic() + within_s
        self._waiting.put(is_written)
        if self._begin():
            is_written.wait(within_s)
        self._end = float("inf")

    def _begin(self) -> bool:
        """Start the thread, or anew after it has ended; False where the system has none left."""
        if self._thread is None or not self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                thread = threading.Thread(target=self._work, name="log", daemon=True)
                thread.start()
                self._thread = thread
        return self._thread is not None and self._thread.is_alive()

    def _write_now(self) -> None:
        """Do without a thread: write what the descriptor takes at once, and count the rest."""
        self._end = time.monotonic()
        with contextlib.suppress(queue.Empty):
            while True:
                self._handle(self._waiting.get_nowait())

    def _work(self) -> None:
        self._end = float("inf")
        while True:
            try:
                self._handle(self._waiting.get(timeout=IDLE_S))
            except queue.Empty:
                self._idle()

    def _handle(self, item: bytes | threading.Event) -> None:
        if isinstance(item, threading.Event):
            item.set()
        elif not self._write(item):
            self._failed += 1

    def _write(self, line: bytes) -> bool:
        while line:
            left_s = self._end - time.monotonic()
            if not self._ready.poll(1000 * max(min(LOOK_S, left_s), 0.0)):
                if left_s <= 0:
                    return False
                continue
            try:
                line = line[os.write(self._fd, line[:PIECE]) :]
            except BlockingIOError:  # somebody else set it non-blocking, and was faster
                time.sleep(LOOK_S)
            except OSError:
                return False
        return True
