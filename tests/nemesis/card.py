"""A memory card: an ext4 file system in a file, whose power can be cut (CUT in the catalogue)."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, u32)
NO_LOG_FLUSH = struct.pack("I", 2)  # the journal in memory is lost with the power
SIZE = 24 << 20
BUSY_S = 5.0


class Card:
    """One card and where it is mounted. Needs root.

    Attributes:
        path: its root folder.
    """

    def __init__(
        self, image: Path, path: Path, size: int = SIZE, inodes: int | None = None
    ) -> None:
        self.path = path
        self._image = image
        self._is_mounted = False
        with image.open("wb") as file:
            file.truncate(size)
        some = () if inodes is None else ("-N", str(inodes))
        _run("mkfs.ext4", "-q", *some, str(image))
        path.mkdir()
        self.mount()

    def mount(self, how: str = "rw") -> None:
        """Put it in; the file system recovers by itself."""
        _run("mount", "-o", f"loop,{how}", str(self._image), str(self.path))
        self._is_mounted = True

    def turn_read_only(self) -> None:
        """What the kernel does to a failing card: writes get EROFS, whoever has files open."""
        # A plain remount,ro is refused while files are open for writing.
        _run("mount", "-o", "remount,abort", str(self.path))

    def cut(self, freeze: Callable[[], None], kill: Callable[[], None]) -> None:
        """Cut the power of card and processor at one moment, and put the card in again.

        Args:
            freeze: stops the processor: nobody may act on what a dead card says.
            kill: ends what ran on it.
        """
        fd = os.open(self.path, os.O_RDONLY)
        try:
            freeze()
            fcntl.ioctl(fd, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(fd)
        kill()
        self.unmount()
        self.mount()

    def unmount(self) -> None:
        """Take it out; harmless when it is out."""
        end = time.monotonic() + BUSY_S
        while self._is_mounted:
            done = subprocess.run(["umount", str(self.path)], capture_output=True, check=False)
            if done.returncode == 0:
                self._is_mounted = False
            elif time.monotonic() > end:
                _run("umount", "-l", str(self.path))
                self._is_mounted = False
            else:
                time.sleep(0.01)

    def written_bytes(self) -> int:
        """What the file system has written to it so far, its journal included."""
        _run("sync", "-f", str(self.path))
        device = self.path.stat().st_dev
        path = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
        return 512 * int(path.read_text().split()[6])  # sectors, kernel: block/stat

    def close(self) -> None:
        """Take it out and throw it away."""
        self.unmount()
        self._image.unlink(missing_ok=True)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
