"""Small state that is replaced as a whole: detector states, identity. TinyDB on atomic files."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from agent.errors import StorageDamaged
from agent.store.files import create, failure, is_refusing, is_unreadable, read_regular, set_aside

TABLE = "snapshot"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class AtomicStorage(Storage):
    """TinyDB's tables in one file: old or new after a power cut, never half.

    The first line is the CRC-32 of the rest. The version before stays as `<name>.old`, and is read
    where the newer one is missing or damaged.

    Attributes:
        damaged: files that were set aside, as paths.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._old = path.with_name(path.name + ".old")
        self.damaged: list[str] = []

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Give the newest version that is whole; None if there is none. Raise StorageError."""
        for path in (self._path, self._old):
            try:
                return _parse(read_regular(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                if not is_unreadable(error):
                    raise failure(error, path) from error
                self.damaged.append(str(path))
                with suppress(OSError):  # where the disk takes nothing it stays
                    set_aside(path)
        return None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Put a version in place; it is on disk when this returns. Raise StorageError."""
        body = json.dumps(data, separators=(",", ":")).encode()
        try:
            os.close(create(self._path, b"%08x\n%b" % (zlib.crc32(body), body), keep=self._old))
        except OSError as error:
            raise failure(error, self._path) from error


def _parse(content: bytes) -> dict[str, dict[str, Any]]:
    crc, _, body = content.partition(b"\n")
    if crc != b"%08x" % zlib.crc32(body):
        raise StorageDamaged("the checksum is wrong")
    try:
        tables = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise StorageDamaged("not JSON, or of a later release") from error
    if not isinstance(tables, dict) or not isinstance(tables.get(TABLE), dict):
        raise StorageDamaged("not tables, or of a later release")
    return tables


def stored(folder: Path, name: str) -> dict[str, Any] | None:
    """Give the newest version that is whole from a folder that an agent may be using.

    Nothing is changed.

    Returns:
        None if there is none.

    Raises:
        StorageDamaged: there are files, and none of them is whole.
        StorageError: they may not be read.
    """
    damaged: OSError | None = None
    path = folder / f"{name}.json"
    for candidate in (path, path.with_name(path.name + ".old")):
        try:
            document = _parse(read_regular(candidate))[TABLE].get("1")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            raise failure(error, candidate) from error
        except OSError as error:
            damaged = damaged or error
            continue
        if isinstance(document, dict):
            return document
    if damaged is not None:
        raise StorageDamaged(f"{path}: {damaged.strerror or damaged}") from damaged
    return None


class Snapshots:
    """Named documents.

    Args:
        folder: its own; made if it does not exist.

    Attributes:
        damaged: files that were set aside, as paths.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.damaged: list[str] = []
        try:
            self._make_folder()
        except OSError as error:
            if not is_refusing(error):  # else it is made for the first snapshot
                raise failure(error, self._folder) from error

    def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Replace a document; it is on disk when this returns. Raise StorageError."""
        try:
            self._make_folder()
        except OSError as error:
            raise failure(error, self._folder) from error
        with self._open(name) as database:  # at once: an upsert would read and merge the old one
            database.storage.write({TABLE: {"1": dict(document)}})

    def load(self, name: str) -> dict[str, Any] | None:
        """Give the newest version that is whole; None if there is none."""
        with self._open(name) as database:
            document = database.table(TABLE).get(doc_id=1)
            self.damaged += database.storage.damaged
        return None if document is None else dict(document)

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            if os.path.lexists(self._folder):
                self.damaged.append(str(self._folder))
            set_aside(self._folder)
            self._folder.mkdir(parents=True, mode=0o700)

    def _open(self, name: str) -> TinyDB:
        if not NAME.fullmatch(name):
            raise ValueError(f"snapshot {name!r}: a name is lower-case letters, digits and . _ -")
        return TinyDB(self._folder / f"{name}.json", storage=AtomicStorage)
