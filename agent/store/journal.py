"""TinyDB on segments: each table is a folder of checksummed files instead of a part of one file.

TinyDB's own JSON storage rewrites its whole file in place for every change: a power cut at the
wrong moment loses all of it, and the cost grows with the file. Here its public calls stay, and an
insert or a removal appends to a `Spool`. Documents can be added and removed, not changed; ids rise
and are never given out twice, and `insert_multiple` is one write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from agent.store.damage import Damage
from agent.store.spool import Spool

_encode = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: no text is too odd for it


def to_json(document: Mapping[str, Any]) -> bytes:
    """Spell a document as it is stored."""
    return _encode(document).encode()


class Documents(Mapping[str, Mapping[str, Any]]):
    """A table as TinyDB reads it, one segment at a time."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def __getitem__(self, doc_id: str) -> Mapping[str, Any]:
        payload = self._spool.get(int(doc_id))
        if payload is None:
            raise KeyError(doc_id)
        return cast(Mapping[str, Any], json.loads(payload))

    def __iter__(self) -> Iterator[str]:
        return (str(doc_id) for doc_id, _ in self._spool.following(0))

    def __len__(self) -> int:
        return len(self._spool)

    def items(self) -> Any:
        """Give ids and documents in order."""
        return ((str(i), json.loads(payload)) for i, payload in self._spool.following(0))


class Change:
    """What TinyDB's updaters are given in place of a table's dict: it notes what they do."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.put: dict[int, bytes] = {}
        self.removed: list[int] = []
        self.is_cleared = False

    def __contains__(self, doc_id: int) -> bool:
        return doc_id in self.put or (doc_id < self._spool.next_id and doc_id in self._spool)

    def __getitem__(self, doc_id: int) -> Mapping[str, Any]:
        return Documents(self._spool)[str(doc_id)]

    def __setitem__(self, doc_id: int, document: Mapping[str, Any]) -> None:
        self.put[doc_id] = to_json(document)

    def __delitem__(self, doc_id: int) -> None:
        self.removed.append(doc_id)

    def pop(self, doc_id: int) -> None:
        """Remove a document."""
        self.removed.append(doc_id)

    def keys(self) -> Iterator[int]:
        """Give the ids in order."""
        return (doc_id for doc_id, _ in self._spool.following(0))

    def clear(self) -> None:
        """Remove all documents."""
        self.is_cleared = True

    def commit(self) -> None:
        """Do it. Raise ValueError for an id that is too low, StorageError."""
        if self.put:
            self._spool.extend(list(self.put.items()))
        if self.removed:
            self._spool.acknowledge(self.removed)
        if self.is_cleared:
            self._spool.clear()


class JournalStorage(Storage):
    """A folder with a folder for each table."""

    def __init__(self, folder: Path, **sizes: int) -> None:
        self._folder = folder
        self._sizes = sizes
        self._spools: dict[str, Spool] = {}

    def spool(self, name: str) -> Spool:
        """Open a table's files. Raise StorageError."""
        if name not in self._spools:
            self._spools[name] = Spool(self._folder / name, **self._sizes)
        return self._spools[name]

    def read(self) -> dict[str, dict[str, Any]]:
        """Give the tables on disk; their documents are read when they are looked at."""
        names = {path.parent.name for path in self._folder.glob("*/*.seg")}
        return {name: cast(dict[str, Any], Documents(self.spool(name))) for name in sorted(names)}

    def write(self, data: dict[str, dict[str, Any]]) -> NoReturn:
        """Refuse: tables write for themselves, and only `drop_table` comes here."""
        raise NotImplementedError("a journal's table cannot be dropped; truncate() empties it")

    def close(self) -> None:
        """Sync and close all tables."""
        for spool in self._spools.values():
            spool.close()


class JournalTable(Table):
    """A table whose changes are appended. The query cache is off: it would pin documents."""

    def __init__(self, storage: Storage, name: str) -> None:
        if not isinstance(storage, JournalStorage):
            raise TypeError(f"table {name}: a JournalTable needs a JournalStorage")
        super().__init__(storage, name, cache_size=0)
        self.spool = storage.spool(name)
        self._free_id = 0

    @property
    def damage(self) -> Damage:
        """What was found wrong since the table was opened."""
        return self.spool.damage

    def sync(self) -> None:
        """Make everything inserted so far last through a power cut. Raise StorageError."""
        self.spool.sync()

    def insert_encoded(self, documents: Sequence[tuple[int, bytes]]) -> None:
        """Insert documents that are JSON already, as one write.

        What `insert_multiple` does with a `Document` each, at a third of its cost. Raise
        ValueError for an id that is too low, StorageError: what is below `next_id` is stored then.
        """
        self.spool.extend(documents)

    def following(
        self, after: int, removed: bool = False
    ) -> Iterator[tuple[int, dict[str, Any], bytes]]:
        """Give id, document and its bytes above an id in order.

        With `removed`, also what was removed, as long as its segment is on disk.
        """
        for doc_id, payload in self.spool.following(after, acked=removed):
            yield doc_id, json.loads(payload), payload

    def update(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a document is not changed once it is written."""
        raise NotImplementedError("documents of a journal are not changed: remove and insert")

    update_multiple = update
    upsert = update

    def _get_next_id(self) -> int:
        self._free_id = max(self._free_id, self.spool.next_id) + 1
        return self._free_id - 1

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return cast(dict[str, Mapping[str, Any]], Documents(self.spool))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        change = Change(self.spool)
        try:
            updater(cast(dict[int, Mapping[str, Any]], change))
            change.commit()
        finally:
            self._free_id = 0


class Journal(TinyDB):
    """A TinyDB whose tables are journals.

    Args:
        folder: holds a folder for each table.
        segment_bytes: size of a segment file.
        segment_documents: most documents in a segment.
    """

    table_class: type[Table] = JournalTable

    def __init__(self, folder: Path, **sizes: int) -> None:
        super().__init__(folder, storage=JournalStorage, **sizes)

    def table(self, name: str, **kwargs: Any) -> JournalTable:
        """Open a table. Raise StorageError."""
        return cast(JournalTable, super().table(name, **kwargs))
