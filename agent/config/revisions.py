"""The configurations of a site on disk: the one in force, those before it, a trial under way.

| file in the folder | what                                                                        |
|--------------------|-----------------------------------------------------------------------------|
| 0001.toml ...      | revisions, as they were; the last ten, and those that are needed            |
| history.jsonl      | what was done to which (agent/config/history.py)                            |
| pending.json       | the trial under way (agent/config/trial.py); without it there is none       |
| return.toml        | what comes back, ready to be renamed: a full disk cannot keep it away       |

Each file is written beside its place, synced, renamed, and its folder synced: there is the old one
or the new one, never half of one. Nothing here decides anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.config.history import Line, line_from_json
from agent.config.trial import Pending, from_json
from agent.errors import StorageDamaged, StorageError, StreetAgentError
from agent.store.files import create, failure, read_regular, set_aside, sync_folder, write_all

FOLDER = "revisions"  # beside the configuration in force
KEPT = 10
LINES_KEPT = 200  # a revision has three lines or so; the file stays below 100 KiB
REVISION = re.compile(r"(\d{4,9})\.toml")


class Busy(StreetAgentError, BlockingIOError):
    """Another command is changing the configuration."""


def digest(data: bytes) -> str:
    """SHA-256 in hex, as the agent's status has it."""
    return hashlib.sha256(data).hexdigest()


class Revisions:
    """The store. Every method raises StorageError where the disk does not do what it should.

    Args:
        site: the configuration in force, such as /etc/street-agent/site.toml.
        folder: of the revisions; on the same file system.
    """

    def __init__(self, site: Path, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self._history = folder / "history.jsonl"
        self._pending = folder / "pending.json"
        self._return = folder / "return.toml"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from changing anything. Raise Busy.

        The lock is on the folder itself, and goes with the process that holds it.
        """
        with self._said(self.folder):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _take(fd)
            yield
        finally:
            os.close(fd)

    def in_force(self) -> bytes:
        """The text of the configuration in force."""
        with self._said(self.site):
            return read_regular(self.site)

    def in_force_if_any(self) -> bytes:
        """The same; empty where somebody has deleted it."""
        with self._said(self.site), suppress(FileNotFoundError):
            return read_regular(self.site)
        return b""

    def path(self, number: int) -> Path:
        """Where a revision is, or would be."""
        return self.folder / f"{number:04d}.toml"

    def kept(self) -> dict[int, str]:
        """Number -> digest of every revision that can be read."""
        found = {}
        for path in self._files():
            match = REVISION.fullmatch(path.name)
            if match:
                with suppress(OSError):
                    found[int(match[1])] = digest(read_regular(path))
        return dict(sorted(found.items()))

    def text(self, number: int) -> bytes:
        """The text of a revision."""
        with self._said(self.path(number)):
            return read_regular(self.path(number))

    def find(self, data: bytes) -> int | None:
        """The number of the revision that has this text; None = none has."""
        same = [number for number, its in self.kept().items() if its == digest(data)]
        return same[-1] if same else None

    def keep(self, data: bytes) -> int:
        """Keep a text as a revision, unless it is one; its number."""
        known = self.find(data)
        if known is not None:
            return known
        number = self._next_number()
        self._write(self.path(number), data)
        return number

    def keep_in_force(self) -> int:
        """Give the file that is about to be replaced a number; it needs no room on the disk."""
        number = self._next_number()
        with self._said(self.path(number)):
            self.path(number).hardlink_to(self.site)
            sync_folder(self.folder)
        return number

    def put_in_force(self, data: bytes) -> None:
        """Replace the configuration in force; its owner and mode stay."""
        draft = self.site.with_name(self.site.name + ".new")
        with self._said(self.site):
            self._draft(draft, data)
            draft.replace(self.site)
            sync_folder(self.site.parent)

    def prepare_return(self, data: bytes) -> None:
        """Write what may have to come back, with owner and mode of the configuration in force."""
        draft = self._return.with_suffix(".toml.new")
        with self._said(self._return):
            self._draft(draft, data)
            draft.replace(self._return)
            sync_folder(self.folder)

    def put_back(self, pending: Pending) -> None:
        """Put the text into force that a trial goes back to; it needs no room on the disk."""
        with suppress(OSError):
            if digest(read_regular(self._return)) == pending.back_digest:
                self._return.replace(self.site)
                sync_folder(self.site.parent)
                return
        data = self.text(pending.back_to)
        if digest(data) != pending.back_digest:
            raise StorageDamaged(f"{self.path(pending.back_to)}: not what it was, not put back")
        self.put_in_force(data)

    def put_back_spare(self) -> bool:
        """Put back what stands ready, where nobody knows more; whether there was anything."""
        try:
            self._return.replace(self.site)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise failure(error, self.site) from error
        with self._said(self.site):
            sync_folder(self.site.parent)
        return True

    def pending(self) -> Pending | None:
        """The trial under way. Raise StorageDamaged where there is a note that says nothing."""
        try:
            return from_json(json.loads(read_regular(self._pending)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failure(error, self._pending) from error
        except (ValueError, RecursionError) as error:
            raise StorageDamaged(f"{self._pending}: {error}") from error

    def write_pending(self, pending: Pending) -> None:
        """Note a trial."""
        text = json.dumps(pending.to_json(), ensure_ascii=False, indent=1)
        self._write(self._pending, text.encode() + b"\n")

    def end_trial(self) -> None:
        """Take the note of a trial away, and what stood ready to come back."""
        with self._said(self._pending):
            self._pending.unlink(missing_ok=True)
            sync_folder(self.folder)
            self._return.unlink(missing_ok=True)

    def set_pending_aside(self) -> None:
        """Move a note that says nothing out of the way."""
        with self._said(self._pending):
            set_aside(self._pending)
            sync_folder(self.folder)

    def lines(self) -> list[Line]:
        """The history; what cannot be read of it is left out."""
        return self._read_history()[0]

    def record(self, *lines: Line) -> None:
        """Add to the history. One that is damaged is kept as history.jsonl.damaged."""
        known, is_damaged = self._read_history()
        if is_damaged:
            with self._said(self._history):
                set_aside(self._history)
        kept = [*known, *lines][-LINES_KEPT:]
        text = "".join(json.dumps(line.to_json(), ensure_ascii=False) + "\n" for line in kept)
        self._write(self._history, text.encode())

    def prune(self, needed: Collection[int]) -> None:
        """Delete all but the last ten revisions and those needed, and broken-off drafts."""
        spare = [number for number in list(self.kept())[:-KEPT] if number not in needed]
        drafts = [path for path in self._files() if path.suffix == ".new"]
        with self._said(self.folder):
            for path in [*map(self.path, spare), *drafts]:
                path.unlink(missing_ok=True)

    def _next_number(self) -> int:
        matches = [REVISION.fullmatch(path.name) for path in self._files()]
        named = [int(match[1]) for match in matches if match]
        return max([0, *named, *(line.number for line in self.lines())]) + 1

    def _files(self) -> list[Path]:
        with self._said(self.folder), suppress(FileNotFoundError):
            return list(self.folder.iterdir())
        return []

    def _read_history(self) -> tuple[list[Line], bool]:
        """The lines, and whether there is more than these."""
        try:
            data = read_regular(self._history)
        except FileNotFoundError:
            return [], False
        except PermissionError as error:
            raise failure(error, self._history) from error
        except OSError:
            return [], True
        lines, is_damaged = [], False
        for raw in data.split(b"\n"):
            try:
                lines += [line_from_json(json.loads(raw))] if raw else []
            except (ValueError, RecursionError):
                is_damaged = True
        return lines, is_damaged

    def _draft(self, draft: Path, data: bytes) -> None:
        """Write a file with owner and mode of the configuration in force, and sync it."""
        like = self.site.stat()
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(draft, flags, 0o600)
        try:
            os.fchown(fd, like.st_uid, like.st_gid)
            os.fchmod(fd, like.st_mode & 0o777)
            write_all(fd, data, 0)
            os.fsync(fd)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise
        finally:
            os.close(fd)

    def _write(self, path: Path, data: bytes) -> None:
        with self._said(path):
            os.close(create(path, data))

    @contextmanager
    def _said(self, path: Path) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except OSError as error:
            raise failure(error, path) from error


def _take(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Busy(
            "another street-agent config is changing the configuration; try again once it has ended"
        ) from error
