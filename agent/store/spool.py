"""Documents in a folder of segments, the writing side: put at the end, synced, rewritten on errors.

What is written survives the death of the process at once, and a power cut after `sync`. A write or
a sync that fails ends its segment: what it had not promised is written anew into the next one, and
ids from the name of that one on no longer count in the old one. A sync is never tried again on the
same file, because the kernel may call pages safe that it has dropped. For the same reason the
newest segment is written anew when a folder is opened: whoever had it may have died in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from agent.errors import StorageError
from agent.store.files import create, failure, is_refusing, is_unreadable, sync_folder
from agent.store.record import MOST_BYTES, MOST_PLACES, OVERHEAD, encode
from agent.store.segment import Contents, Segment, Writer
from agent.store.shelf import Shelf
from agent.store.spares import Spares

# Ids; beyond it a new segment begins, and the ids between are acknowledged. Numbers of events leap
# by 1,000 with each boot.
MOST_FILLED = 1024


class Spool(Shelf):
    """The documents of one table. One thread uses it.

    Args:
        folder: made if it does not exist.
        segment_bytes: size of a segment file.
        segment_documents: most documents in a segment.
        reserve: how many segments `prepare` makes ahead.

    Attributes:
        next_id: lowest id that the next document may have.
        begun: how many segments were begun since it was opened.
    """

    def __init__(
        self,
        folder: Path,
        segment_bytes: int = 256 * 1024,
        segment_documents: int = 2000,
        reserve: int = 1,
    ) -> None:
        self.next_id = 1
        self.begun = 0
        self._segment_bytes = segment_bytes
        self._segment_documents = min(segment_documents, MOST_PLACES)
        self._writer = Writer(-1, 0, -1)
        self._pending: list[tuple[int, bytes]] = []
        try:
            super().__init__(folder)
            self._spares = Spares(folder, segment_bytes, reserve)
            if self._segments:
                self._resume(self._segments[-1])
        except OSError as error:
            raise failure(error, folder) from error

    @property
    def unsynced(self) -> int:
        """How many documents a power cut would take."""
        return len(self._pending)

    def extend(self, documents: Sequence[tuple[int, bytes]]) -> None:
        """Write documents, in one go as far as they fit into one segment.

        Raises:
            ValueError: an id is not above those before it, or a document is too long.
            StorageError: what is below `next_id` is stored, the rest is not.
        """
        lowest = self.next_id
        for doc_id, payload in documents:
            if doc_id < lowest:
                raise ValueError(f"document id {doc_id}: {lowest} is the lowest that may follow")
            if len(payload) > MOST_BYTES:
                raise ValueError(f"document {doc_id} has {len(payload)} bytes, over {MOST_BYTES}")
            lowest = doc_id + 1
        is_gapless = lowest - self.next_id == len(documents)
        if not is_gapless:
            documents = self._filled(documents)
        start = 0
        while start < len(documents):
            stop = self._fitting(documents, start)
            if stop == start:
                self._roll(documents[start][0], _size(documents[start : start + 1]))
            else:
                self._append(documents[start:stop])
                if not is_gapless:
                    self._pass_over(self._segments[-1], dict(documents[start:stop]))
            start = stop

    def prepare(self) -> bool:
        """Make one segment ahead, if any is missing: for a moment when nothing else is to be done.

        Returns:
            Whether the reserve is whole now; if the disk refuses, all goes on without it.
        """
        if not self._spares.is_whole:
            with suppress(OSError):
                self._make_folder()
                self._spares.prepare()
        return self._spares.is_whole

    def sync(self) -> None:
        """Make everything written so far last through a power cut. Raise StorageError."""
        if not self._pending:
            return
        try:
            self._writer.sync()
        except OSError:
            self._rewrite()
        self._pending.clear()

    def scrub(self) -> int:
        """Empty the records of documents that are done with, so that nobody can read them again.

        A segment is replaced whole, so that a power cut leaves the old one or the new one.

        Returns:
            How many were emptied.

        Raises:
            StorageError: a segment cannot be replaced; those before it are.
        """
        self.sync()
        count = 0
        for segment in list(self._segments):
            documents = self._documents(segment)
            done = [i for i, payload in documents.items() if payload and segment.is_acked(i)]
            if done:
                self._replace(segment, {**documents, **dict.fromkeys(done, b"")})
                count += len(done)
        return count

    def erase(self) -> int:
        """Delete every document, those that wait too, the oldest first.

        Ids go on from where they are as long as this is open; whoever opens the folder again and
        does not count for himself finds them at 1.

        Returns:
            How many waited.

        Raises:
            StorageError: a segment cannot be deleted; those before it are.
        """
        waiting = len(self)
        self._writer.close()
        self._pending.clear()
        self._view = None
        try:
            while self._segments:
                if not self._segments[0].remove():
                    raise StorageError(f"{self._segments[0].path}: cannot be deleted")
                del self._segments[0]
            sync_folder(self._folder)
        except OSError as error:
            raise failure(error, self._folder) from error
        return waiting

    def close(self) -> None:
        """Sync and let go of the files."""
        try:
            self.sync()
        finally:
            self._writer.close()

    def _resume(self, newest: Segment) -> None:
        """Find the end of the newest segment, cut off what is torn, and go on behind it."""
        try:
            contents = newest.read(newest.first + MOST_PLACES)
        except OSError as error:
            if not is_unreadable(error):
                raise
            contents = Contents()
        newest.end_at(next(reversed(contents.documents), newest.first - 1) + 1)
        self.next_id = newest.stop
        if contents.is_useless:
            self._set_aside(newest)
        elif contents.is_torn:
            self._quarantine.count(torn=1)
            self._quarantine.keep(contents.scraps[-1])
        if not contents.documents and (contents.scraps or not contents.size):
            try:
                self._begin(newest.first, 0)
            except OSError as error:
                if not is_refusing(error):
                    raise
            return
        try:
            self._writer = newest.resume(contents)
        except OSError:  # readable only: all of it goes into a new segment with the next sync
            self._pending = list(contents.documents.items())
        if contents.is_torn:
            self._writer.seal()
            newest.measure()
        self._account(newest, contents)
        self._view = newest, contents.documents

    def _filled(self, documents: Sequence[tuple[int, bytes]]) -> Sequence[tuple[int, bytes]]:
        """Put an empty record in the place of each id that is skipped, if they are few."""
        filled: list[tuple[int, bytes]] = []
        follower = self._segments[-1].stop if self._segments else documents[0][0]
        for document in documents:
            if document[0] - follower <= MOST_FILLED:
                filled += [(doc_id, b"") for doc_id in range(follower, document[0])]
            filled.append(document)
            follower = document[0] + 1
        return filled

    def _fitting(self, documents: Sequence[tuple[int, bytes]], start: int) -> int:
        """Find the first document from `start` on that the newest segment cannot take."""
        room = self._writer.room
        if room < 0:
            return start
        doc_id = self._segments[-1].stop
        end = self._segments[-1].first + self._segment_documents
        for at in range(start, len(documents)):
            room -= OVERHEAD + len(documents[at][1])
            if room < 0 or documents[at][0] != doc_id or doc_id >= end:
                return at
            doc_id += 1
        return len(documents)

    def _append(self, batch: Sequence[tuple[int, bytes]]) -> None:
        try:
            self._write(batch)
        except OSError:
            self._quarantine.count(rewritten=not self._pending)  # else counted with those
            self._roll(batch[0][0], _size(batch))
            try:
                self._write(batch)
            except OSError as error:
                raise failure(error, self._folder) from error
        self._pending += batch
        self.next_id = batch[-1][0] + 1

    def _write(self, batch: Sequence[tuple[int, bytes]]) -> None:
        newest = self._segments[-1]
        first = newest.first
        self._writer.write(b"".join([encode(i - first, payload) for i, payload in batch]))
        newest.stop = batch[-1][0] + 1
        if self._view is not None and self._view[0] is newest:
            self._view[1].update(batch)

    def _roll(self, first: int, size: int) -> None:
        """Go on in a new segment."""
        self.sync()
        if self._segments:
            newest = self._segments[-1]
            self._writer.seal()
            newest.measure()
            if first > newest.stop:
                skipped = range(newest.stop, min(first, newest.first + MOST_PLACES))
                self.next_id = newest.stop = skipped.stop
                newest.acknowledge(newest.mask(skipped), sync=True)
        self._begin(first, size)

    def _begin(self, first: int, size: int) -> None:
        """Create a segment, in the place of one of the same name."""
        capacity = max(self._segment_bytes, size)
        same = bool(self._segments) and self._segments[-1].first == first
        segment = self._segments[-1] if same else Segment(self._folder, first)
        try:
            self._make_folder()
            if not same:
                segment.ack_path.unlink(missing_ok=True)
            fd = self._spares.take(segment.path) if capacity == self._segment_bytes else None
            if fd is None:
                fd = create(segment.path, bytes(capacity))
        except OSError as error:
            raise failure(error, segment.path) from error
        if not same:
            self._segments.append(segment)
        segment.size = capacity
        self._writer.close()
        self._writer = Writer(fd, 0, capacity)
        self._view = segment, {}
        self.begun += 1

    def _replace(self, segment: Segment, documents: Mapping[int, bytes]) -> None:
        """Put a file with other contents in the place of a segment's."""
        records = b"".join([encode(i - segment.first, p) for i, p in documents.items()])
        is_open = segment is self._segments[-1] and self._writer.room >= 0
        room = bytes(segment.size - len(records)) if is_open else b""
        try:
            fd = create(segment.path, records + room)
        except OSError as error:
            raise failure(error, segment.path) from error
        writer = Writer(fd, len(records), len(records + room))
        segment.measure()
        self._view = None
        if is_open:
            self._writer.close()
            self._writer = writer
        else:
            writer.close()

    def _rewrite(self) -> None:
        """Write what a failed sync has left in doubt into a new segment."""
        self._quarantine.count(rewritten=1)
        first = self._pending[0][0]
        old = self._segments[-1]
        acked = [i for i, _ in self._pending if i < old.stop and old.is_acked(i)]
        old.stop = first
        old.acked &= old.everything
        self._begin(first, _size(self._pending))
        try:
            self._write(self._pending)
            self._writer.sync()
        except OSError as error:
            raise failure(error, self._folder) from error
        self._segments[-1].acknowledge(self._segments[-1].mask(acked))


def _size(documents: Sequence[tuple[int, bytes]]) -> int:
    return sum(OVERHEAD + len(payload) for _, payload in documents)
