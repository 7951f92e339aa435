"""A disk that fails, hangs or loses its power as told, under files that are real."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WRITING = ("pwrite", "write", "ftruncate")
SYNCING = ("fsync", "fdatasync")


class FaultyDisk:
    """Everything below one folder.

    A power cut leaves of a file what its last sync brought to disk, under the names that the last
    sync of its folder did: nothing that was promised, and nothing more.

    Args:
        root: the folder; empty.
        patch: puts this between the store and the operating system.

    Attributes:
        calls: how often the disk was asked to write or sync.
        failures: how many of these it refused.
    """

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.calls = self.failures = 0
        self._to_come = 0
        self._error = errno.EIO
        self._synced: dict[int, bytes] = {}
        self._named: dict[Path, dict[str, int]] = {}
        self._held: dict[int, int] = {}  # an open file's inode is not given to another one
        self._read, self._close = os.pread, os.close
        for name in WRITING:
            patch.setattr(os, name, self._writing(getattr(os, name)))
        for name in SYNCING:
            patch.setattr(os, name, self._syncing(getattr(os, name)))

    def fail(self, times: int, number: int = errno.EIO) -> None:
        """Refuse the next calls."""
        self._to_come, self._error = times, number

    def heal(self) -> None:
        """Take everything again."""
        self._to_come = 0

    def cut_power(self) -> None:
        """Forget what was not synced."""
        files = {
            folder / name: self._synced.get(inode, b"")
            for folder, names in self._named.items()
            for name, inode in names.items()
        }
        for file in [path for path in self.root.rglob("*") if path.is_file()]:
            file.unlink()
        self.close()
        for path, content in files.items():
            path.write_bytes(content)
            self._synced[path.stat().st_ino] = content
        for folder in self._named:
            self._named[folder] = {p.name: p.stat().st_ino for p in files if p.parent == folder}

    def close(self) -> None:
        """Let go of all files."""
        for fd in self._held.values():
            self._close(fd)
        self._held.clear()
        self._synced.clear()

    def _path(self, fd: int) -> Path | None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        return path if path.is_relative_to(self.root) else None

    def _refuse(self) -> None:
        self.calls += 1
        if self._to_come:
            self._to_come -= 1
            self.failures += 1
            raise OSError(self._error, os.strerror(self._error))

    def _writing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def write(fd: int, *args: Any) -> Any:
            if self._path(fd) is not None:
                self._refuse()
            return call(fd, *args)

        return write

    def _syncing(self, call: Callable[[int], None]) -> Callable[[int], None]:
        del call  # no power is cut here; a real sync would only take its time

        def sync(fd: int) -> None:
            path = self._path(fd)
            if path is None:
                return
            self._refuse()
            if path.is_dir():
                self._named[path] = {e.name: e.inode() for e in os.scandir(path) if e.is_file()}
                return
            status = os.fstat(fd)
            if status.st_ino not in self._held:
                self._held[status.st_ino] = os.dup(fd)
            self._synced[status.st_ino] = self._read(fd, status.st_size, 0)

        return sync
