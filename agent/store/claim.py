"""One agent a state folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.errors import StorageError
from agent.store.files import failure

HOLDER = "lock"


class Claim:
    """A state folder taken by this process; free again when it is closed, or the process dies."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def close(self) -> None:
        """Let go of the folder; twice is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def claim(folder: Path) -> Claim:
    """Take a state folder for this process.

    The lock is on the folder itself, so that a disk that takes no bytes is no hindrance; who holds
    it stands in a file, where that can be written.

    Raises:
        StorageError: another process has it, or the folder cannot be made or opened, or its owner
            does not let this process write.
    """
    fd = -1
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_holder(folder / HOLDER)
    except BlockingIOError as error:
        os.close(fd)
        raise StorageError(
            f"{folder}: in use by process {_holder(folder / HOLDER)}; "
            "stop that agent or choose another folder"
        ) from error
    except OSError as error:
        if fd >= 0:
            os.close(fd)
        raise failure(error, folder) from error
    return Claim(fd)


def _write_holder(path: Path) -> None:
    """Name this process, if the disk takes it. Raise PermissionError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o600)
        try:
            os.write(fd, b"%d\n" % os.getpid())
        finally:
            os.close(fd)
    except PermissionError:
        raise
    except OSError:  # full, read-only, broken: no reason to let a home go without an agent
        return


def _holder(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace").strip() or "unknown"
    return "unknown"
