"""What a journal found wrong, and the bytes of it for whoever wants to look."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agent.store.files import set_aside

QUARANTINE_BYTES = 256 * 1024
MOST_LOST = 10_000  # ids kept in memory


@dataclass(frozen=True, slots=True)
class Damage:
    """What has been found wrong since the journal was opened.

    Attributes:
        count: stored documents that cannot be read.
        first: lowest id of them.
        last: highest id of them.
        torn: unreadable ends cut off, as a power cut leaves them behind the last synced record.
        files: files that could not be used at all, moved to `*.damaged`.
        rewritten: failed writes or syncs that were made good in a new segment.
    """

    count: int = 0
    first: int | None = None
    last: int | None = None
    torn: int = 0
    files: int = 0
    rewritten: int = 0


class Quarantine:
    """Counts damage, and keeps the first 256 KiB of damaged bytes in a file named `damaged`.

    Attributes:
        found: what was counted.
        lost: ids of the first documents that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.found = Damage()
        self.lost: set[int] = set()
        self._path = folder / "damaged"

    def count(self, *, torn: int = 0, files: int = 0, rewritten: int = 0) -> None:
        """Count what loses no document that is known of."""
        self.found = replace(
            self.found,
            torn=self.found.torn + torn,
            files=self.found.files + files,
            rewritten=self.found.rewritten + rewritten,
        )

    def lose(self, ids: list[int]) -> None:
        """Count documents that cannot be read."""
        self.lost.update(ids[: MOST_LOST - len(self.lost)])
        known = [i for i in (self.found.first, self.found.last) if i is not None]
        self.found = replace(
            self.found,
            count=self.found.count + len(ids),
            first=min(ids + known),
            last=max(ids + known),
        )

    def keep(self, scrap: bytes) -> None:
        """Set damaged bytes aside, as far as there is room for them."""
        with suppress(OSError):
            if self._path.is_symlink() or (self._path.exists() and not self._path.is_file()):
                set_aside(self._path)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(self._path, flags, 0o600)
            try:
                room = QUARANTINE_BYTES - os.fstat(fd).st_size - 1
                if room > 0:
                    os.write(fd, scrap[:room] + b"\n")
            finally:
                os.close(fd)
