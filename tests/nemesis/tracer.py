"""strace as an injector: kills, errors, short and slow calls in the real agent (KILLN, ERRN)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def why_not() -> str:
    """Why nothing can be injected here; empty if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(
        ["strace", "-D", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False
    )
    return "" if done.returncode == 0 else "ptrace is not allowed here"


def inject(calls: str, what: str, path: Path | None = None) -> list[str]:
    """The words before the agent's command.

    strace stands beside the process instead of above it (-D), so that signals reach the agent. It
    counts `when=` for each thread by itself.

    Args:
        calls: system calls, such as `fsync,fdatasync`.
        what: such as `signal=KILL:when=3`.
        path: only calls on this file or folder.
    """
    only = [] if path is None else ["-P", str(path)]
    return ["strace", "-D", "-f", "-qq", "-o", "/dev/null",
            "-e", f"trace={calls}", "-e", f"inject={calls}:{what}", *only]  # fmt: skip
