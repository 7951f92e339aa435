"""Files that a command writes for people."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from agent.errors import StorageError


def write_whole(path: Path, text: str) -> None:
    """Write beside the file and rename, so that it is never half there. Raise StorageError."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.resolve().parent, delete=False
        ) as file:
            file.write(text)
        os.replace(file.name, path)  # noqa: PTH105 - a name, not a path
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
