"""Ends the wait of a thread in poll() from another thread."""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """One byte in a pair of sockets. It outlives connections, so that none is woken by mistake."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0.0)
        self._writer.settimeout(0.0)

    def wake(self) -> None:
        """Let poll() return, now or the next time; from any thread."""
        with contextlib.suppress(OSError):  # full: it will wake up; closed: nobody waits
            self._writer.send(b"\0")

    def drain(self) -> None:
        """Forget all calls of `wake` so far."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)

    def fileno(self) -> int:
        """For poll()."""
        return self._reader.fileno()

    def close(self) -> None:
        """Let go of the sockets, once nobody waits or wakes any more."""
        self._reader.close()
        self._writer.close()
