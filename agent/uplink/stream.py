"""The bytes to and from a broker: an open socket, with TLS or without, behind a guard.

It is what paho takes for its socket. paho asks for one byte at a time where it does not know the
length; here they come from a buffer, which saves two system calls of three for each PUBACK.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

from agent.errors import NotConnected, Refused
from agent.uplink import tls
from agent.uplink.guard import Guard, NotMqtt

CHUNK = 4096
CLOSED = "the broker closed the connection"


class Stream:
    """A connected socket that is read through a guard. For one thread.

    Attributes:
        guard: what it knows of the packets so far.
        failure: why the stream has ended.
        is_quiet: whether it has ended without a word: closed by the peer, and no error.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.guard = Guard()
        self.failure: NotConnected | Refused | None = None
        self.is_quiet = False
        self._sock = sock
        self._chunk = b""
        self._at = 0

    def recv(self, size: int) -> bytes:
        """At most that many bytes; empty at the end.

        Raises:
            OSError: nothing there for now (what `socket` and `ssl` raise then), or no more ever.
        """
        if self._at == len(self._chunk):
            self._chunk, self._at = self._receive(), 0
        found = self._chunk[self._at : self._at + size]
        self._at += len(found)
        return found

    def send(self, data: bytes | bytearray) -> int:
        """Send what fits. Raise OSError: nothing for now, or no more ever."""
        try:
            return self._sock.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self._end(error)
            raise

    def pending(self) -> int:
        """Bytes that can be read though the socket may have none."""
        waiting = len(self._chunk) - self._at
        return waiting + self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else waiting

    def fileno(self) -> int:
        """For poll(); -1 once closed."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """Wait in `recv` and `send`, or raise."""
        self._sock.setblocking(flag)

    def close(self) -> None:
        """Hang up; may be called twice."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _receive(self) -> bytes:
        try:
            chunk = self._sock.recv(CHUNK)
            self.guard.check(chunk)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self._end(error)
            raise
        if not chunk and self.failure is None:
            self.failure, self.is_quiet = NotConnected(CLOSED), True
        return chunk

    def _end(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = _interpret(error)


def _interpret(error: OSError) -> NotConnected | Refused:
    match error:
        case NotMqtt():
            return NotConnected(str(error))
        case ConnectionError() | ssl.SSLEOFError():
            return NotConnected("the connection was reset")
        case TimeoutError():
            return NotConnected("the network no longer reaches the broker")
        case _:
            return tls.failure(error)
