"""A name server for one name, which answers, refuses, lies, or keeps silent (UDP, RFC 1035)."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from enum import Enum

NAME = "broker.test"
A, AAAA = 1, 28
ANSWER, RECURSION = 0x8000, 0x0180  # flags of an answer; recursion desired and available
TTL_S = 0


class Mood(Enum):
    """How it answers; the value is the RCODE, or None for no answer at all."""

    WELL = 0
    SERVFAIL = 2
    NXDOMAIN = 3
    SILENT = None


class NameServer:
    """Answers on a thread of its own.

    Args:
        address: of this machine, where it listens on port 53.

    Attributes:
        mood: how it answers.
        addresses: of the name: IPv4, IPv6.
        asked: questions so far.
    """

    def __init__(self, address: str, addresses: tuple[str, ...]) -> None:
        self.mood = Mood.WELL
        self.addresses = addresses
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        threading.Thread(target=self._serve, name="names", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, asker = self._socket.recvfrom(512)
            except OSError:
                return
            if not question:  # shut down
                return
            self.asked += 1
            if self.mood is not Mood.SILENT:
                with contextlib.suppress(OSError):  # the way back may be cut
                    self._socket.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5  # name, type, class
        kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
        found = self._records(kind) if self.mood is Mood.WELL else []
        flags = ANSWER | RECURSION | (self.mood.value or 0)
        head = struct.pack("!6H", *struct.unpack("!H", question[:2]), flags, 1, len(found), 0, 0)
        body = b"".join(
            # The name by a pointer to the question; class IN.
            struct.pack("!HHHIH", 0xC00C, kind, 1, TTL_S, len(packed)) + packed
            for packed in found
        )
        return head + question[12:end] + body

    def _records(self, kind: int) -> list[bytes]:
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        return [
            socket.inet_pton(family, address)
            for address in self.addresses
            if family is not None and (":" in address) == (kind == AAAA)
        ]
