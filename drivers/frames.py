"""Bytes to frames without I/O: hunt for the header, measure, check, slide on by one byte.

Sensors talk without being asked, so a port is opened in the middle of a frame, and noise eats
single bytes. A checksum that fails therefore says only "no frame begins at this byte": exactly one
byte is dropped and the hunt goes on. Dropping a whole frame's length can stay out of step for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What a valid frame looks like.

    Attributes:
        header: how every frame begins; not empty.
        longest: bytes in the longest valid frame; bounds what a framer remembers.
        measure: told at most `longest` bytes that begin with the header, returns how many of them
            are a valid frame, 0 if none begins there, None if more bytes are needed to say.
        ignored: bytes that mean nothing wherever they stand.
    """

    header: bytes
    longest: int
    measure: Callable[[bytes], int | None]
    ignored: bytes = b""


class Framer:
    """Takes a stream in pieces of any size and returns the valid frames in it.

    Attributes:
        frames: valid frames so far.
        bad: headers so far behind which no valid frame stood.
        dropped: bytes so far that belong to no frame.
    """

    def __init__(self, shape: Shape) -> None:
        self.frames = 0
        self.bad = 0
        self.dropped = 0
        self._shape = shape
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the frames that they complete, oldest first."""
        shape = self._shape
        wanted = piece.translate(None, shape.ignored)
        self.dropped += len(piece) - len(wanted)
        stream = self._rest + wanted
        found = []
        at = self._hunt(stream, 0)
        while len(window := stream[at : at + shape.longest]) >= len(shape.header):
            length = shape.measure(window)
            if length is None and len(window) < shape.longest:
                break
            if length:
                found.append(window[:length])
            else:
                self.bad += 1
            at = self._hunt(stream, at + (length or 1))
        self._rest = stream[at:]
        self.frames += len(found)
        self.dropped += at - sum(map(len, found))
        return found

    def _hunt(self, stream: bytes, at: int) -> int:
        """Where the next header begins, or the first place where one may still come to stand."""
        start = stream.find(self._shape.header, at)
        return start if start >= 0 else max(at, len(stream) - len(self._shape.header) + 1)
