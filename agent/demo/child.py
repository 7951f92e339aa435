"""A process that the demo has started, and that does not outlive it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

STOP_S = 8.0  # an agent ends within 5 s


class Child:
    """One process with its log. Start it from the main thread: with that thread it ends.

    It gets a session of its own, so that Ctrl-C reaches the demo alone; and even where the demo is
    killed and cannot clean up, the kernel ends it (PR_SET_PDEATHSIG, set by setpriv).
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        setpriv = shutil.which("setpriv")
        bound = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - a list, no shell
                [*bound, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def ask_to_end(self) -> None:
        """Send SIGTERM; harmless when it has ended."""
        self._process.terminate()

    def end(self) -> None:
        """End it, by force where asking does not help. Harmless when it has ended."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
