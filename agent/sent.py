"""How far events were sent before the disk had them: a mark that outlives the agent, not the power.

What was sent from memory and never reached the disk is not known to the next start, which would
give the same numbers to other events. The mark stands in memory (`/run`), so that it can be set
while the disk refuses. When the power fails it is gone; after a boot numbers are left out anyway.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)


class SentMark:
    """Number of the newest event that was sent before it was on disk.

    Args:
        path: its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        try:
            self._number = int(path.read_text())
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("mark of what was sent is not readable file=%s error=%s", path, error)

    @property
    def number(self) -> int:
        """The event's number; 0 = none was sent so since the machine was started."""
        return self._number

    def reach(self, number: int) -> None:
        """Note that an event is sent now; what cannot be noted is sent all the same."""
        if number <= self._number:
            return
        self._number = number
        draft = self._path.with_suffix(".new")
        try:
            draft.write_text(str(number))
            draft.replace(self._path)
        except OSError as error:
            log.warning("mark of what is sent cannot be set file=%s error=%s", self._path, error)


def sent_mark(folder: Path) -> SentMark:
    """The mark that belongs to a state folder."""
    memory = os.environ.get("RUNTIME_DIRECTORY") or tempfile.gettempdir()
    name = hashlib.blake2s(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
    return SentMark(Path(memory) / f"sent-{name}")
