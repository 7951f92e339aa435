"""Files that hold a secret: used only where the file system keeps others from reading them.

The group may read: a file of root's that the agent's group reads cannot be changed by the agent.
"""

from __future__ import annotations

import shlex
import stat
from pathlib import Path


def openness(file: Path) -> str:
    """How to close a file that everybody can read or write; empty where it is closed.

    Raises:
        OSError: it cannot be looked at.
    """
    if file.stat().st_mode & stat.S_IRWXO:
        return f"open to others; fix: chmod o-rwx {shlex.quote(str(file))}"
    return ""


def check_closed(name: str) -> None:
    """Raise PermissionError, with the command that mends it, for a file that everybody can read."""
    if problem := openness(Path(name)):
        raise PermissionError(f"{name} is {problem}")


def read_password(name: str) -> str:
    """First line of a closed file. Raise OSError or ValueError."""
    check_closed(name)
    lines = Path(name).read_text().splitlines()
    return lines[0] if lines else ""
