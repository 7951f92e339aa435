"""Events on their way to the platform: on disk before anything is sent, never evicted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinydb.table import Document

from agent.events import Event, Kind
from agent.store.damage import Damage
from agent.store.journal import Journal

TABLE = "events"
REFUSED = "refused"
REFUSED_BYTES = 16 * 1024 * 1024  # refused events are for a technician; the oldest go


class Outbox:
    """The queue of events. One thread uses it. A document's id is the event's sequence.

    Args:
        folder: its own; made if it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder)
        self._table = self._journal.table(TABLE)
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

    def put(self, events: Sequence[Event]) -> None:
        """Store events: one write, one sync, and on disk when this returns.

        Those that are there already are passed over, so that inputs may be run again after a crash.

        Raises:
            StorageError: they are not safely on disk; putting them again is harmless.
        """
        new = [event for event in events if event.sequence > self.last_sequence]
        self._table.insert_multiple(Document(_document(e), doc_id=e.sequence) for e in new)
        if new:
            self._last_mono = new[-1].mono
        self._table.sync()  # also what an earlier call has written but not brought to disk

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

    def close(self) -> None:
        """Sync and close. Raise StorageError."""
        self._journal.close()

    def _events(self, after: int) -> Iterator[Event]:
        for sequence, document, _ in self._table.following(after):
            try:
                event = _event(document, sequence)
            except (KeyError, TypeError, ValueError) as error:  # as of a later release
                self.reject(sequence, f"not known to this release: {error}")
            else:
                yield event


def _document(event: Event) -> dict[str, Any]:
    return {"m": event.mono, "k": event.kind, "p": event.payload}


def _event(document: Mapping[str, Any], sequence: int) -> Event:
    return Event(sequence, document["m"], Kind(document["k"]), document["p"])
