"""One record of a journal, and finding records among damaged bytes. Pure: no files.

    <crc32, 8 hex> <payload length, 5 hex> <place, 4 hex> <payload, compact JSON><newline>

The checksum covers everything after it, newline included. `place` is the document's id less the
id that its file is named after, so that ids stay right when a record between them is damaged.
Where a record is wrong, the next one is looked for where its length says (its newline may be what
was hit) and else after each newline (its length may be): a payload cannot contain one. So one bad
byte costs one record. Zero bytes at the end are room that has not been used yet.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

HEADER = re.compile(rb"([0-9a-f]{8}) ([0-9a-f]{5}) ([0-9a-f]{4}) ")
OVERHEAD = 21  # header and newline
MOST_BYTES = 0xFFFFF
MOST_PLACES = 0x10000


class Piece(NamedTuple):
    """A record, or bytes that are none (`payload` is None), from `start` to before `stop`."""

    start: int
    stop: int
    place: int
    payload: bytes | None


def encode(place: int, payload: bytes) -> bytes:
    """Build a record."""
    body = b"%05x %04x %b\n" % (len(payload), place, payload)
    return b"%08x %b" % (zlib.crc32(body), body)


def scan(data: bytes) -> Iterator[Piece]:
    """Give the records of a file in order, and the damaged pieces between and after them."""
    start, end = 0, len(data.rstrip(b"\0"))
    while start < end:
        piece = _record(data, start)
        if piece is None:
            piece = Piece(start, min(_next_record(data, start), end), -1, None)
        yield piece
        start = piece.stop


def _record(data: bytes, start: int) -> Piece | None:
    header = HEADER.match(data, start)
    if header is None:
        return None
    stop = start + OVERHEAD + int(header[2], 16)
    body = data[start + 9 : stop]
    if stop > len(data) or zlib.crc32(body) != int(header[1], 16):
        return None
    return Piece(start, stop, int(header[3], 16), body[11:-1])


def _next_record(data: bytes, start: int) -> int:
    header = HEADER.match(data, start)
    if header is not None:
        stop = start + OVERHEAD + int(header[2], 16)
        if _record(data, stop) is not None:
            return stop
    newline = data.find(b"\n", start)
    while newline >= 0:
        if _record(data, newline + 1) is not None:
            return newline + 1
        newline = data.find(b"\n", newline + 1)
    return len(data)
