"""A disk that a power cut can be tried on: it knows what was brought to it, and may refuse."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHANGING = ("pwrite", "write", "ftruncate", "fsync", "fdatasync", "replace", "rename", "unlink")


class Disk:
    """Watches the calls that change files below a folder.

    What was synced is there after a cut; of anything else, any part may be: the caller chooses.
    After a failed sync the kernel calls pages clean that it has dropped, so nothing that such a
    file was given since its last good sync ever counts as brought to disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents: dict[int, bytes] = {}
        self._names: dict[Path, dict[str, int]] = {}
        self._spoiled: set[int] = set()
        self._failing: tuple[int, int, int] | None = None
        self.refused = 0
        self._patch = pytest.MonkeyPatch()
        for name in CHANGING:
            self._patch.setattr(os, name, self._watched(name, getattr(os, name)))
        self._open = os.open
        self._patch.setattr(os, "open", self._opened)

    def close(self) -> None:
        """Let the calls alone."""
        self._patch.undo()

    def fail(self, code: int, after: int, times: int) -> None:
        """Refuse some calls from now on; 0 times ends it."""
        self._failing = (code, after, times) if times else None

    def cut(self, keep: Callable[[int], int], keep_names: Callable[[], bool]) -> None:
        """Lose what was not synced.

        Args:
            keep: of how many bytes written, how many at the front were on disk.
            keep_names: whether the names of a folder were.
        """
        self.fail(0, 0, 0)
        found = {path: os.lstat(path).st_ino for path in self._files()}
        after: dict[Path, bytes] = {}
        for path, inode in found.items():
            now, synced = path.read_bytes(), self._contents.get(inode, b"")
            count = keep(len(now.rstrip(b"\0")) + 1) if now != synced else 0
            after[path] = now[:count] + synced[count:]
        for folder in sorted({path.parent for path in found} | set(self._names)):
            if not keep_names():
                for path in [path for path in after if path.parent == folder]:
                    del after[path]
                for name, inode in self._names.get(folder, {}).items():
                    after[folder / name] = self._contents.get(inode, b"")
        for path in found:
            path.unlink()
        self._contents.clear()
        self._names.clear()
        for path, content in after.items():
            path.write_bytes(content)
            inode = os.lstat(path).st_ino
            self._contents[inode] = content
            self._names.setdefault(path.parent, {})[path.name] = inode

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*") if path.is_file())

    def _opened(self, path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        fd = self._open(path, flags, *args, **kwargs)
        if flags & os.O_TRUNC:  # what it is given from here on is new to the kernel
            self._spoiled.discard(os.fstat(fd).st_ino)
        return fd

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            is_sync = name in {"fsync", "fdatasync"}
            if self._failing is not None:
                code, after, times = self._failing
                if after:
                    self._failing = code, after - 1, times
                else:
                    self._failing = (code, 0, times - 1) if times > 1 else None
                    self.refused += 1
                    if is_sync:
                        self._spoiled.add(os.fstat(args[0]).st_ino)
                    raise OSError(code, os.strerror(code))
            result = call(*args, **kwargs)
            if is_sync:
                self._synced(args[0])
            return result

        return watched

    def _synced(self, fd: int) -> None:
        status = os.fstat(fd)
        path = Path(f"/proc/self/fd/{fd}")
        if stat.S_ISDIR(status.st_mode):
            with os.scandir(path) as entries:
                names = {e.name: e.inode() for e in entries if e.is_file(follow_symlinks=False)}
            self._names[path.readlink()] = names
        elif status.st_ino not in self._spoiled:
            self._contents[status.st_ino] = path.read_bytes()
