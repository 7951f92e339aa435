"""Documents in a folder of segments, the reading side: found, read in order, removed in front.

Ids only rise. Memory does not grow with what waits: a bit a document, and the bytes of one segment
at most. Sealed segments are not read when the folder is opened: how many documents they hold
follows from their names, since ids that are skipped are acknowledged. So that this does not hang
on an acknowledgement alone, a few skipped ids have empty records as well.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

from agent.store.damage import Damage, Quarantine
from agent.store.files import failure, is_refusing, is_unreadable, set_aside
from agent.store.record import MOST_PLACES
from agent.store.segment import Contents, Segment, firsts


class Shelf:
    """What is stored.

    Attributes:
        keep_from: segments with this id or a higher one stay, although acknowledged.
        history: so many segments stay in any case, for people to look back at.
    """

    def __init__(self, folder: Path) -> None:
        self.keep_from = sys.maxsize
        self.history = 0
        self._folder = folder
        self._quarantine = Quarantine(folder)
        self._view: tuple[Segment, dict[int, bytes]] | None = None
        self._segments = self._find()

    @property
    def damage(self) -> Damage:
        """What was found wrong since it was opened."""
        return self._quarantine.found

    @property
    def size_bytes(self) -> int:
        """What the segment files take on disk."""
        return sum(segment.size for segment in self._segments)

    def __len__(self) -> int:
        """How many documents are not acknowledged."""
        return sum(segment.waiting for segment in self._segments)

    def __contains__(self, doc_id: int) -> bool:
        segment = self._segment_of(doc_id)
        return segment is not None and not segment.is_acked(doc_id)

    def get(self, doc_id: int) -> bytes | None:
        """Give one document; None if it is unknown or acknowledged."""
        segment = self._segment_of(doc_id)
        if segment is None or segment.is_acked(doc_id):
            return None
        return self._documents(segment).get(doc_id) or None

    def find(self, doc_id: int) -> bytes | None:
        """Give one document, acknowledged or not; None if it is not on disk."""
        segment = self._segment_of(doc_id)
        return None if segment is None else self._documents(segment).get(doc_id) or None

    def is_lost(self, doc_id: int) -> bool:
        """Whether a document was found damaged since it was opened, and nobody had had it."""
        return doc_id in self._quarantine.lost

    @property
    def first_id(self) -> int:
        """Lowest id that may be on disk."""
        return self._segments[0].first if self._segments else 1

    def following(self, after: int, acked: bool = False) -> Iterator[tuple[int, bytes]]:
        """Give the documents above an id in order; with `acked`, the acknowledged ones too.

        Documents may be added, acknowledged and removed meanwhile.
        """
        while (segment := self._next_segment(after, acked)) is not None:
            for doc_id, payload in list(self._documents(segment).items()):
                if doc_id > after and payload and (acked or not segment.is_acked(doc_id)):
                    yield doc_id, payload
            after = max(after, segment.stop - 1)

    def last(self) -> bytes | None:
        """Give the newest document, acknowledged or not; None if there is none."""
        for segment in reversed(self._segments[-2:]):
            for payload in reversed(self._documents(segment).values()):
                if payload:
                    return payload
        return None

    def acknowledge(self, ids: Iterable[int]) -> None:
        """Have done with documents; unknown ids are passed over."""
        done: dict[Segment, list[int]] = {}
        for doc_id in ids:
            segment = self._segment_of(doc_id)
            if segment is not None:
                done.setdefault(segment, []).append(doc_id)
        for segment, members in done.items():
            segment.acknowledge(segment.mask(members))
        self.reap()

    def clear(self) -> None:
        """Have done with all documents."""
        for segment in self._segments:
            segment.acknowledge(segment.everything)
        self.reap()

    def condemn(self, doc_id: int, payload: bytes) -> None:
        """Set aside a document that is whole but means nothing to this release."""
        self._quarantine.lose([doc_id])
        self._quarantine.keep(payload)
        self.acknowledge([doc_id])

    def reap(self) -> None:
        """Delete segments that are done with, oldest first."""
        while self._may_drop() and not self._segments[0].waiting:
            is_kept = self._segments[0].stop > self.keep_from
            if is_kept or len(self._segments) <= self.history or not self._drop():
                break

    def drop_oldest(self) -> list[tuple[int, bytes]] | None:
        """Delete the oldest segment; give what waited in it, or None if it has to stay."""
        if not self._may_drop():
            return None
        oldest = self._segments[0]
        documents = self._documents(oldest)
        waited = [item for item in documents.items() if not oldest.is_acked(item[0])]
        return waited if self._drop() else None

    def _make_folder(self) -> None:
        for folder in (self._folder.parent, self._folder):
            if not folder.is_dir():
                self._quarantine.count(files=os.path.lexists(folder))
                set_aside(folder)
                folder.mkdir(parents=True, mode=0o700)

    def _find(self) -> list[Segment]:
        try:
            self._make_folder()
        except OSError as error:
            if not is_refusing(error):
                raise
            return []  # it is made with the first segment, once the disk takes it
        segments = [Segment(self._folder, first) for first in firsts(self._folder)]
        for segment, follower in pairwise(segments):
            segment.stop = min(follower.first, segment.first + MOST_PLACES)
        owners = {segment.ack_path.name: segment for segment in segments}
        for path in self._folder.iterdir():
            if path.name in owners:
                self._quarantine.count(files=not owners[path.name].load_acks())
            elif path.suffix in {".ack", ".new"}:
                with suppress(OSError):
                    path.unlink()
        for segment in segments:
            segment.measure()
        for segment in segments[:-1]:
            segment.acked &= segment.everything
        return segments

    def _segment_of(self, doc_id: int) -> Segment | None:
        at = bisect_right(self._segments, doc_id, key=attrgetter("first")) - 1
        if at < 0 or doc_id >= self._segments[at].stop:
            return None
        return self._segments[at]

    def _next_segment(self, after: int, acked: bool) -> Segment | None:
        at = bisect_right(self._segments, after + 1, key=attrgetter("first")) - 1
        for segment in self._segments[max(at, 0) :]:
            if segment.stop > after + 1 and (acked or segment.waiting):
                return segment
        return None

    def _documents(self, segment: Segment) -> dict[int, bytes]:
        if self._view is None or self._view[0] is not segment:
            try:
                contents = segment.read(segment.stop)
                if contents.is_useless:
                    self._set_aside(segment)
            except OSError as error:
                if not is_unreadable(error) or segment is self._segments[-1]:
                    raise failure(error, segment.path) from error
                self._set_aside(segment)
                contents = Contents()
            self._account(segment, contents)
            self._view = segment, contents.documents
        return self._view[1]

    def _account(self, segment: Segment, contents: Contents) -> None:
        """Count what is missing, and acknowledge it: nothing waits for it or counts it again."""
        self._pass_over(segment, contents.documents)
        if len(contents.documents) == segment.stop - segment.first:
            return
        ids = range(segment.first, segment.stop)
        lost = [i for i in ids if i not in contents.documents and not segment.is_acked(i)]
        if lost:
            self._quarantine.lose(lost)
            for scrap in contents.scraps:
                self._quarantine.keep(scrap)
            segment.acknowledge(segment.mask(lost))

    def _pass_over(self, segment: Segment, documents: Mapping[int, bytes]) -> None:
        """Acknowledge empty records: they stand for ids that were never given to anything."""
        empty = [doc_id for doc_id, payload in documents.items() if not payload]
        if empty:
            segment.acknowledge(segment.mask(empty))

    def _set_aside(self, segment: Segment) -> None:
        self._quarantine.count(files=1)
        with suppress(OSError):  # where the disk takes nothing it stays, and is of no use there
            set_aside(segment.path)

    def _may_drop(self) -> bool:
        """Whether another segment holds a document: the newest one tells the next id."""
        newest_is_empty = bool(self._segments) and not self._segments[-1].everything
        return len(self._segments) > 1 + newest_is_empty

    def _drop(self) -> bool:
        """Delete the oldest segment. One that stays must stay in front: names tell the counts."""
        oldest = self._segments[0]
        if not oldest.remove():
            return False
        del self._segments[0]
        if self._view is not None and self._view[0] is oldest:
            self._view = None
        return True
