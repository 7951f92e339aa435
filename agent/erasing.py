"""Everything that a device knows and holds is deleted: for when it is handed back.

What is deleted are files in places of the agent's own; of a state folder that was chosen, what
the agent has put there. Links are deleted, never followed: what they point to belongs to somebody
else. Each folder is synced after it; what cannot be deleted ends it with an error, and it may be
run again.

Files are deleted, not overwritten: on flash that proves nothing, since a card keeps old blocks to
itself. Who needs more destroys the card.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.errors import StorageError
from agent.store import layout
from agent.store.claim import HOLDER
from agent.store.files import failure, sync_folder

OWN = frozenset({
    layout.READINGS, layout.OUTBOX, layout.SNAPSHOTS, layout.DIARY, HOLDER, "agent.sock", "damaged",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was deleted at one place.

    Attributes:
        path: the place.
        files: how many files and links there were.
        size: their bytes.
        is_gone: whether nothing is there any more, as looked up afterwards.
    """

    path: Path
    files: int
    size: int
    is_gone: bool


def wipe(path: Path) -> Wiped:
    """Delete a file, or a folder with all that is in it. Raise StorageError."""
    try:
        files, size = _delete(path)
        if files or not path.exists():
            _sync(path.parent)
    except OSError as error:
        raise failure(error, path) from error
    return Wiped(path, files, size, not os.path.lexists(path))


def wipe_state(folder: Path) -> Wiped:
    """Delete what the agent keeps in its state folder, and the folder if that was all."""
    try:
        own = [p for p in folder.iterdir() if p.name in OWN or p.suffix == ".damaged"]
    except FileNotFoundError:
        own = []
    except OSError as error:
        raise failure(error, folder) from error
    found = [wipe(path) for path in own]
    with contextlib.suppress(OSError):  # there is something else in it
        folder.rmdir()
    files, size = sum(one.files for one in found), sum(one.size for one in found)
    return Wiped(folder, files, size, all(one.is_gone for one in found))


def wipe_all(state: Path, paths: Iterable[Path]) -> list[Wiped]:
    """Delete the state, then each in turn; have the kernel write it down. Raise StorageError."""
    found = [wipe_state(state), *(wipe(path) for path in paths)]
    os.sync()
    left = [str(one.path) for one in found if not one.is_gone]
    if left:
        raise StorageError(f"still there: {', '.join(left)}")
    return found


def _delete(path: Path) -> tuple[int, int]:
    """Delete, and count files and bytes; nothing there counts nothing."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return 0, 0
    if not stat.S_ISDIR(known.st_mode):
        path.unlink()
        return 1, known.st_size
    files = size = 0
    for inside in sorted(path.iterdir()):
        more_files, more_size = _delete(inside)
        files, size = files + more_files, size + more_size
    _sync(path)
    path.rmdir()
    return files, size


def _sync(folder: Path) -> None:
    if folder.is_dir():
        sync_folder(folder)
