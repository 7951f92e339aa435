"""Configurations that were in force, and the way back to one of them.

A change is made so that a device that nobody can reach any more returns by itself:

| step    | what is on disk after it                                                        |
|---------|---------------------------------------------------------------------------------|
| keep    | the old configuration and the new one, each as a revision                       |
| pend    | `pending.json`: until when, and to which revision to go back                    |
| replace | `site.toml` is the new one                                                      |
| confirm | `pending.json` is gone: it stays                                                |
| return  | `site.toml` is the old one again, then `pending.json` is gone                   |

Every step is one file, written beside its place, synced and renamed: whatever stops the machine,
`site.toml` is the old one or the new one, and while it may be the new one `pending.json` says so.
An unconfirmed change ends with its deadline, counted by the kernel's time since boot, and with a
reboot: a wall clock that is set meanwhile has no say.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.clock import BOOT_ID
from agent.errors import StreetAgentError

KEPT = 10
HISTORY, PENDING, LOCK = "history.jsonl", "pending.json", "lock"
MODE = 0o640


class RevisionError(StreetAgentError):
    """It cannot be done, or not now; the text says why."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that nobody has confirmed.

    Attributes:
        number: the new revision.
        back: the one to go back to.
        boot: id of the boot in which it was made.
        until: seconds since that boot.
    """

    number: int
    back: int
    boot: str
    until: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history.

    Attributes:
        number: which revision.
        step: found (before any change), edited (by hand), applied, rolled back, confirmed or
            returned.
        at: seconds since 1970, by the clock as it was.
        who: who did it; empty for the device itself.
        why: in his words, or why the device did it.
    """

    number: int
    step: str
    at: float
    who: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """The time, as a change counts it."""

    boot: str
    since_boot: float
    wall: float


def now() -> Now:
    """Ask the kernel."""
    return Now(BOOT_ID.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


@dataclass(frozen=True, slots=True)
class Revisions:
    """The configuration of a device and its revisions.

    Attributes:
        site: the file in force.
        folder: where revisions are kept; only root may look into it.
    """

    site: Path
    folder: Path = field(default=Path())

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold them against a second change at the same time. Raise RevisionError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RevisionError("the configuration is being changed just now") from error
            yield

    def pending(self) -> Pending | None:
        """The change that nobody has confirmed. Raise RevisionError where it cannot be read."""
        try:
            text = (self.folder / PENDING).read_text()
        except FileNotFoundError:
            return None
        try:
            return Pending(**json.loads(text))
        except (ValueError, TypeError) as error:  # it is renamed whole: only a bad card does this
            raise RevisionError(f"{self.folder / PENDING}: {error}") from error

    def in_force(self) -> int | None:
        """Number of the revision that is the same as the file in force; None for none."""
        try:
            digest = _digest(self.site.read_bytes())
        except OSError:
            return None
        same = [n for n in self.numbers() if _digest(self.content(n)) == digest]
        return same[-1] if same else None

    def numbers(self) -> list[int]:
        """Of all that are kept, in order."""
        return sorted(int(p.stem) for p in self.folder.glob("[0-9]*.toml") if p.stem.isdigit())

    def content(self, number: int) -> bytes:
        """A revision. Raise RevisionError where there is no such."""
        try:
            return self.file(number).read_bytes()
        except FileNotFoundError as error:
            known = ", ".join(map(str, self.numbers())) or "none"
            raise RevisionError(f"there is no revision {number}; there are: {known}") from error

    def history(self) -> list[Entry]:
        """What was done, the oldest first; lines that make no sense are left out."""
        found = []
        try:
            lines = (self.folder / HISTORY).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                found.append(Entry(**json.loads(line)))
        return found

    def keep(self, content: bytes) -> int:
        """Keep a configuration as a revision, if it is none yet; return its number."""
        digest = _digest(content)
        same = [n for n in self.numbers() if _digest(self.content(n)) == digest]
        if same:
            return same[-1]
        number = max(self.numbers(), default=0) + 1
        _write(self.file(number), content, 0o600)
        return number

    def keep_in_force(self, at: float) -> int | None:
        """Keep what is in force, which somebody may have edited; None where there is no file."""
        try:
            content = self.site.read_bytes()
        except FileNotFoundError:
            return None
        known = self.numbers()
        number = self.keep(content)
        if number not in known:
            self.note(Entry(number, "edited" if known else "found", at))
        return number

    def pend(self, number: int, back: int, time_: Now, within_s: float) -> None:
        """Write down that a revision is in force until it is confirmed or the time is over."""
        pending = Pending(number, back, time_.boot, time_.since_boot + within_s)
        _write(self.folder / PENDING, json.dumps(asdict(pending)).encode(), 0o600)

    def replace(self, number: int) -> None:
        """Make a revision the file in force; owner and mode stay."""
        _write(self.site, self.content(number), MODE, like=self.site)

    def settle(self) -> None:
        """Nothing is pending any more; what is too old is deleted."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / PENDING).unlink()
        _sync(self.folder)
        recent = [entry.number for entry in self.history()]
        needed = {self.in_force(), *recent[-1:]}
        for number in self.numbers()[:-KEPT]:
            if number not in needed:
                self.file(number).unlink(missing_ok=True)

    def note(self, entry: Entry) -> None:
        """Add a line to the history."""
        with (self.folder / HISTORY).open("a+b") as file:
            if file.tell() and not _ends_a_line(file):
                file.write(b"\n")  # after a power cut
            file.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def file(self, number: int) -> Path:
        """Where a revision is kept."""
        return self.folder / f"{number:04d}.toml"


def is_due(pending: Pending, time_: Now) -> bool:
    """Whether a change that nobody has confirmed is over: by its time, or by a reboot."""
    return pending.boot != time_.boot or time_.since_boot >= pending.until


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _write(path: Path, content: bytes, mode: int, like: Path | None = None) -> None:
    """Write a file whole or not at all; with owner and mode of another one where that is there."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like is not None and like.exists():
                known = like.stat()
                os.fchown(file.fileno(), known.st_uid, known.st_gid)
                os.fchmod(file.fileno(), known.st_mode & 0o7777)
            else:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
