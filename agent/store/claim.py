"""One agent a state folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from agent.errors import StorageError
from agent.store.files import failure


def claim(folder: Path) -> IO[str]:
    """Take a state folder for this process; it is free again when the result is closed.

    The kernel frees it when the process dies, however that happens.

    Raises:
        StorageError: another process has it, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "lock"
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as error:
        raise failure(error, folder) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = file.read().strip() or "unknown"
        file.close()
        raise StorageError(
            f"{folder}: in use by process {holder}; stop that agent or choose another folder"
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
