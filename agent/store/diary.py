"""What a resident did, on the device alone: one line a meal, a night, an outing.

A relative or a technician may read it there (`street-agent activities export`); nothing sends it.
A document's id is the activity's number, so that one that is concluded again after a restart is
passed over. When the bound is reached the oldest lines go, after some years.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinydb.table import Document

from agent.events import Activity
from agent.store.damage import Damage
from agent.store.files import failure
from agent.store.journal import Journal
from agent.store.segment import stored

TABLE = "activities"
BOUND_BYTES = 4 * 1024 * 1024  # some 25 lines a day of 150 bytes: three years

Numbered = tuple[int, Activity]


class Diary:
    """The journal of activities. One thread uses it.

    Args:
        folder: its own; made if it does not exist.
        bound_bytes: most that it may take on disk; beyond it the oldest lines go.
    """

    def __init__(self, folder: Path, bound_bytes: int = BOUND_BYTES) -> None:
        self._journal = Journal(folder)
        self._table = self._journal.table(TABLE)
        self._bound_bytes = bound_bytes

    @property
    def last_number(self) -> int:
        """Number of the newest activity ever put; 0 if there was none."""
        return self._table.spool.next_id - 1

    @property
    def damage(self) -> Damage:
        """What was found wrong since it was opened."""
        return self._table.damage

    def put(self, activities: Sequence[Numbered]) -> None:
        """Store activities; they are on disk when this returns. Raise StorageError.

        Those that are there already are passed over, so that inputs may be run again after a crash.
        """
        last = self.last_number
        new = [(number, activity) for number, activity in activities if number > last]
        self._table.insert_multiple(Document(a.document, doc_id=number) for number, a in new)
        self._table.sync()
        while self._table.spool.size_bytes > self._bound_bytes:
            if self._table.spool.drop_oldest() is None:
                break

    def erase(self) -> int:
        """Delete all of it; give how many lines there were. Raise StorageError."""
        return self._table.spool.erase()

    def close(self) -> None:
        """Sync and close. Raise StorageError."""
        self._journal.close()


def written(folder: Path, since: int = 0) -> Iterator[dict[str, Any]]:
    """Give the lines above a number from a diary's folder that an agent may be using.

    Nothing is changed, and what cannot be read is passed over. Raise StorageError.
    """
    try:
        for number, payload in stored(folder / TABLE, since):
            try:
                yield {**json.loads(payload), "number": number}
            except (TypeError, ValueError):
                continue
    except OSError as error:
        raise failure(error, folder / TABLE) from error
