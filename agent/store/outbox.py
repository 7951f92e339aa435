"""Events on their way to the platform: on disk before anything is sent, never evicted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinydb.table import Document

from agent.events import Event, Kind
from agent.store.damage import Damage
from agent.store.files import failure
from agent.store.journal import Journal
from agent.store.segment import stored

TABLE = "events"
REFUSED = "refused"
RESERVE = 4  # segments: a full disk leaves room for some 700 more events
REFUSED_BYTES = 16 * 1024 * 1024  # refused events are for a technician; the oldest go


class Outbox:
    """The queue of events. One thread uses it. A document's id is the event's sequence.

    Args:
        folder: its own; made if it does not exist.
        history: segments of some 100 events that stay when the platform has had them.
    """

    def __init__(self, folder: Path, history: int = 0) -> None:
        self._journal = Journal(folder, reserve=RESERVE)
        self._table = self._journal.table(TABLE)
        self._table.spool.history = history
        self._refused = self._journal.table(REFUSED)
        newest = self._table.spool.last()
        self._last_mono: float | None = json.loads(newest or b"{}").get("m")

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest event ever put; 0 if there was none."""
        return self._table.spool.next_id - 1

    @property
    def last_mono(self) -> float | None:
        """Monotonic seconds of the newest event ever put; None if there was none."""
        return self._last_mono

    @property
    def waiting(self) -> int:
        """How many events are not acknowledged."""
        return len(self._table)

    @property
    def refused(self) -> int:
        """How many events the platform has refused."""
        return len(self._refused)

    @property
    def damage(self) -> Damage:
        """What was found wrong since it was opened."""
        return self._table.damage

    def prepare(self) -> bool:
        """Make a segment of the reserve ahead, if any is missing, when nothing else is to be done.

        Returns:
            Whether the reserve is whole; if the disk refuses, all goes on with what there is.
        """
        return self._table.spool.prepare()

    def put(self, events: Sequence[Event]) -> list[Event]:
        """Store events: one write, one sync, and on disk when this returns.

        Those that are there already are passed over, so that inputs may be run again after a crash.

        Returns:
            Those that are *not* stored, as `missing` says of them.

        Raises:
            StorageError: they are not safely on disk; putting them again is harmless.
        """
        last = self.last_sequence
        new = [event for event in events if event.sequence > last]
        clashes = self.missing(events)
        self._table.insert_multiple(Document(_document(e), doc_id=e.sequence) for e in new)
        if new:
            self._last_mono = new[-1].mono
        self._table.sync()  # also what an earlier call has written but not brought to disk
        return clashes

    def take(self, after: int, limit: int) -> list[Event]:
        """Give the oldest unacknowledged events above a sequence, in order."""
        events: list[Event] = []
        for event in self._events(after):
            events.append(event)
            if len(events) >= limit:
                break
        return events

    def acknowledge(self, sequences: Collection[int]) -> None:
        """Have done with events: the broker has them."""
        self._table.remove(doc_ids=sequences)

    def reject(self, sequence: int, reason: str) -> None:
        """Move an event that the platform will never take out of the queue. Raise StorageError."""
        document = self._table.get(doc_id=sequence)
        if document is None:
            return
        self._refused.insert({**document, "sequence": sequence, "reason": reason})
        self._refused.sync()
        self._table.remove(doc_ids=[sequence])
        while self._refused.spool.size_bytes > REFUSED_BYTES:
            if self._refused.spool.drop_oldest() is None:
                break

    def scrub(self) -> int:
        """Erase what the platform has acknowledged or refused; what waits stays.

        Returns:
            How many events were erased.

        Raises:
            StorageError: the disk refuses; what was erased by then is.
        """
        return self._table.spool.scrub() + self._refused.spool.erase()

    def close(self) -> None:
        """Sync and close. Raise StorageError."""
        self._journal.close()

    def missing(self, events: Sequence[Event]) -> list[Event]:
        """Find events whose number was given out before, but not to them.

        It belongs to an event of another id, as when snapshots were lost and the journal is run
        from its beginning, or the event's record is damaged. Such an event has to be put again
        under a higher number (`renumbered`), or it is lost. Asking for many at a time is best: if
        there are any, all that is on disk is read once, for those that have another number there.

        One that is not on disk any more cannot be compared. It counts as stored: an event goes only
        when the platform has had it.
        """
        spool = self._table.spool
        suspects: dict[str, Event] = {}
        for event in events:
            if event.sequence > self.last_sequence:
                continue
            payload = spool.find(event.sequence)
            if payload is None:
                is_missing = spool.is_lost(event.sequence)
            else:
                is_missing = _id(payload) != event.id
            if is_missing:
                suspects[event.id] = event
        if suspects:
            for _, payload in spool.following(spool.first_id - 1, acked=True):
                suspects.pop(_id(payload), None)
        return list(suspects.values())

    def _events(self, after: int) -> Iterator[Event]:
        for sequence, document, _ in self._table.following(after):
            try:
                event = _event(document, sequence)
            except (KeyError, TypeError, ValueError) as error:  # as of a later release
                self.reject(sequence, f"not known to this release: {error}")
            else:
                yield event


def recorded(folder: Path) -> Iterator[dict[str, Any]]:
    """Give the payloads in an outbox's folder that an agent may be using, oldest first.

    Those that the platform has acknowledged come too, as long as their segment is there, and those
    that it has refused. Nothing is changed, and what cannot be read is passed over. Raise
    StorageError.
    """
    found: dict[int, dict[str, Any]] = {}
    for table in (TABLE, REFUSED):
        path = folder / table
        if table == REFUSED and not path.is_dir():
            continue
        try:
            for number, text in stored(path, 0):
                try:
                    document = json.loads(text)
                    found[document.get("sequence", number)] = dict(document["p"])
                except (AttributeError, KeyError, TypeError, ValueError):
                    continue
        except OSError as error:
            raise failure(error, path) from error
    return (found[number] for number in sorted(found))


def renumbered(event: Event, sequence: int) -> Event:
    """Give the same event another number; its id does not come from the number, and stays."""
    payload = {**event.payload, "sequence": f"{sequence:012d}"}
    return replace(event, sequence=sequence, payload=payload)


def _id(payload: bytes) -> str:
    return str(json.loads(payload).get("p", {}).get("id", ""))


def _document(event: Event) -> dict[str, Any]:
    return {"m": event.mono, "k": event.kind, "p": event.payload}


def _event(document: Mapping[str, Any], sequence: int) -> Event:
    return Event(sequence, document["m"], Kind(document["k"]), document["p"])
