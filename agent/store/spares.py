"""Segment files made ahead: room that is there even when the disk is full.

A spare is a file of zeros, synced, under a name of its own; a new segment then takes one rename and
one sync of the folder. Its own name need not be synced: a power cut that takes it leaves no spare,
and a rename makes no new demand for room.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from agent.store.files import create, set_aside, sync_folder

SUFFIX = ".spare"


class Spares:
    """The spare files of a folder.

    Args:
        size: bytes of each.
        count: how many there are to be.
    """

    def __init__(self, folder: Path, size: int, count: int) -> None:
        self._folder = folder
        self._size = size
        self._names = [f"{number}{SUFFIX}" for number in range(count)]
        self._ready = self._find()

    @property
    def is_whole(self) -> bool:
        """Whether all are there."""
        return len(self._ready) == len(self._names)

    def prepare(self) -> None:
        """Make one that is missing. Raise OSError."""
        for name in self._names:
            path = self._folder / name
            if path not in self._ready:
                os.close(create(path, bytes(self._size), is_named_for_good=False))
                self._ready.append(path)
                return

    def take(self, path: Path) -> int | None:
        """Put a spare in place, on disk when this returns; its descriptor, or None without one.

        Raise OSError.
        """
        while self._ready:
            spare = self._ready.pop()
            try:
                fd = os.open(spare, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                spare.replace(path)
                sync_folder(self._folder)
            except OSError:
                os.close(fd)
                if spare.exists():
                    self._ready.append(spare)
                raise
            return fd
        return None

    def _find(self) -> list[Path]:
        """Keep what an earlier run has left and is of use, remove the rest."""
        kept: list[Path] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            with suppress(OSError):
                if path.is_symlink() or not path.is_file():
                    set_aside(path)
                elif path.stat().st_size == self._size and path.name in self._names:
                    kept.append(path)
                else:
                    path.unlink()
        return kept
