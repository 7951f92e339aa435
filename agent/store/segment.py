"""One file of a journal: `<first id, 12 digits>.seg`, and beside it `.ack`: what is done with.

A segment is filled with zeros when it is created and overwritten in place after that: its size does
not change, so that a sync writes one block and no file-system journal. When it is full it is cut to
what is used. Acknowledgements are appended without a sync: one that is lost makes a duplicate,
never a loss. Their records hold a bit mask in hex, shifted down by the record's place.
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.store.files import create, read_regular, set_aside, write_all
from agent.store.record import HEADER, OVERHEAD, encode, scan


@dataclass(slots=True)
class Contents:
    """What a segment file holds.

    Attributes:
        documents: id -> payload, in order.
        end: where the last whole record ends.
        size: length of the file.
        scraps: damaged pieces.
        is_torn: whether the last scrap lies behind the last record.
    """

    documents: dict[int, bytes] = field(default_factory=dict)
    end: int = 0
    size: int = 0
    scraps: list[bytes] = field(default_factory=list)
    is_torn: bool = False

    @property
    def is_useless(self) -> bool:
        """Whether this is no segment: neither zeros nor the beginning of a first record."""
        if self.documents or not self.scraps:
            return self.size == 0
        first = self.scraps[0]
        return len(first) >= OVERHEAD and HEADER.match(first) is None


class Segment:
    """A run of documents, from id `first` to before `stop`.

    Attributes:
        size: bytes that its file takes.
        acked: bit n is set when document `first + n` is acknowledged.
    """

    __slots__ = ("_acks_are_torn", "_folder", "acked", "first", "size", "stop")

    def __init__(self, folder: Path, first: int) -> None:
        self._folder = folder
        self.first = first
        self.stop = first
        self.size = 0
        self.acked = 0
        self._acks_are_torn = False

    @property
    def path(self) -> Path:
        """Where its documents are."""
        return self._folder / f"{self.first:012}.seg"

    @property
    def ack_path(self) -> Path:
        """Where its acknowledgements are."""
        return self._folder / f"{self.first:012}.ack"

    @property
    def everything(self) -> int:
        """The mask that has all documents in it."""
        return (1 << (self.stop - self.first)) - 1

    @property
    def waiting(self) -> int:
        """How many documents are not acknowledged."""
        return self.stop - self.first - self.acked.bit_count()

    def is_acked(self, doc_id: int) -> bool:
        """Whether a document of this segment is acknowledged."""
        return bool(self.acked >> (doc_id - self.first) & 1)

    def read(self, stop: int) -> Contents:
        """Read the documents below `stop`. Raise OSError."""
        data = read_regular(self.path)
        contents = Contents(size=len(data))
        last = -1
        for piece in scan(data):
            contents.is_torn = piece.payload is None
            if piece.payload is None:
                contents.scraps.append(data[piece.start : piece.stop])
                continue
            contents.end = piece.stop
            if last < piece.place < stop - self.first:
                last = piece.place
                contents.documents[self.first + last] = piece.payload
        return contents

    def mask(self, ids: Iterable[int]) -> int:
        """Build the mask of some documents of this segment."""
        mask = 0
        for doc_id in ids:
            mask |= 1 << (doc_id - self.first)
        return mask

    def load_acks(self) -> bool:
        """Read what is acknowledged; what cannot be read counts as not acknowledged.

        Returns:
            Whether it is a file that this release can read, be its end torn or not.
        """
        is_whole = is_usable = True
        try:
            for piece in scan(read_regular(self.ack_path)):
                if piece.payload is None:
                    is_whole = False
                else:
                    self.acked |= int(piece.payload, 16) << piece.place
        except (OSError, ValueError):
            is_whole = is_usable = False
        if not is_whole:  # what is appended to a torn record would be lost, or worse, complete it
            self._write_acks()
        return is_usable

    def acknowledge(self, mask: int, sync: bool = False) -> None:
        """Acknowledge the documents of a mask; a disk that refuses costs duplicates only."""
        mask &= ~self.acked
        if not mask:
            return
        self.acked |= mask
        if self._acks_are_torn:
            self._write_acks()
            return
        with suppress(OSError):
            fd = os.open(
                self.ack_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            try:
                record = _ack(mask)
                self._acks_are_torn = os.write(fd, record) < len(record)
                if sync:
                    os.fdatasync(fd)
            finally:
                os.close(fd)

    def end_at(self, stop: int) -> None:
        """Fix the end, and forget acknowledgements of documents that did not survive.

        Their ids are given out again, and the new documents are not acknowledged. Raise OSError.
        """
        self.stop = stop
        if self.acked & ~self.everything:
            self.acked &= self.everything
            self._write_acks()

    def _write_acks(self) -> None:
        self._acks_are_torn = False
        try:
            os.close(create(self.ack_path, _ack(self.acked) if self.acked else b""))
        except IsADirectoryError:
            with suppress(OSError):
                set_aside(self.ack_path)
        except OSError:  # nothing may be appended before it is written anew
            self._acks_are_torn = True

    def measure(self) -> None:
        """Look up how much the file takes."""
        with suppress(OSError):
            self.size = os.lstat(self.path).st_size

    def resume(self, contents: Contents) -> Writer:
        """Write the file anew, to go on behind its last record. Raise OSError.

        What the process before this one has written and not synced, or failed to sync, may be in
        the kernel's memory alone, and a sync of the same file need not bring it to disk.
        """
        records = read_regular(self.path)[: contents.end]
        fd = create(self.path, records + bytes(contents.size - contents.end))
        return Writer(fd, contents.end, contents.size)

    def remove(self) -> bool:
        """Delete both files, acknowledgements last; False if the documents are still there."""
        try:
            try:
                self.path.unlink(missing_ok=True)
            except OSError:  # a directory, perhaps
                set_aside(self.path)
        except OSError:
            return False
        with suppress(OSError):
            self.ack_path.unlink()
        return True


def _ack(mask: int) -> bytes:
    place = (mask & -mask).bit_length() - 1
    return encode(place, b"%x" % (mask >> place))


def _close(fd: int) -> None:
    if fd >= 0:
        os.close(fd)


class Writer:
    """The place in a segment file where the next record goes; closed for good by any error."""

    def __init__(self, fd: int, position: int, capacity: int) -> None:
        self._fd = fd
        self._closing = weakref.finalize(self, _close, fd)  # a dropped one keeps no file open
        self._position = position
        self._capacity = capacity

    @property
    def room(self) -> int:
        """Bytes that fit in what was filled with zeros; negative when it is closed."""
        return self._capacity - self._position

    def write(self, data: bytes) -> None:
        """Put records behind the last one. Raise OSError."""
        try:
            write_all(self._fd, data, self._position)
        except OSError:
            self.close()
            raise
        self._position += len(data)

    def sync(self) -> None:
        """Make what was written last. Raise OSError: then nobody knows what is on disk."""
        if self._fd < 0:
            raise OSError(errno.EBADF, "closed by an earlier error")
        try:
            os.fdatasync(self._fd)
        except OSError:
            self.close()
            raise

    def seal(self) -> None:
        """Give back the room that is not used, and close."""
        if self._fd >= 0:
            with suppress(OSError):
                os.ftruncate(self._fd, self._position)
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._closing()  # once at most
        self._fd = -1
        self._capacity = -1
        self._position = 0


def firsts(folder: Path) -> list[int]:
    """First ids of the segments in a folder, by number."""
    names = (entry.name for entry in os.scandir(folder))
    return sorted(
        int(n[:12]) for n in names if len(n) == 16 and n[:12].isdigit() and n[12:] == ".seg"
    )


def stored(folder: Path, after: int) -> Iterator[tuple[int, bytes]]:
    """Give the documents above an id from a folder that another process may be writing to.

    Nothing is changed; a segment that is removed meanwhile is passed over. Raise OSError if the
    folder cannot be read.
    """
    starts = firsts(folder)
    for first, stop in zip(starts, [*starts[1:], 10**12], strict=False):  # there may be none
        if stop <= after + 1:
            continue
        try:
            documents = Segment(folder, first).read(stop).documents
        except PermissionError:
            raise
        except OSError:
            continue
        yield from (item for item in documents.items() if item[0] > after and item[1])
