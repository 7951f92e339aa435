"""Who types a command, for records that outlive the session; from which address is left out."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

from agent.config.wording import printable

LONGEST = 32


def who() -> str:
    """The user, behind sudo too, and whether it came over SSH."""
    name = os.environ.get("SUDO_USER", "")
    with suppress(OSError):
        name = name or os.getlogin()
    with suppress(KeyError):
        name = name or pwd.getpwuid(os.getuid()).pw_name
    name = printable(name)[:LONGEST] or f"#{os.getuid()}"
    is_remote = "SSH_CONNECTION" in os.environ or _is_below_sshd(os.getppid())
    return f"{name} (ssh)" if is_remote else name


def _is_below_sshd(pid: int) -> bool:
    """Whether a server of SSH is among the parents: sudo takes its variables away."""
    with suppress(OSError, ValueError, IndexError):
        while pid > 1:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
            if "(sshd" in name:
                return True
            pid = int(rest.split()[1])  # the fourth field, proc_pid_stat(5)
    return False
