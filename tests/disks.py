"""Real file systems for tests: small, full, read-only; memory where lasting is not the claim."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it


@contextmanager
def memory() -> Iterator[Path]:
    """A folder where a sync costs nothing."""
    base = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as name:
        yield Path(name)


@contextmanager
def tmpfs(at: Path, options: str) -> Iterator[Path]:
    """A tmpfs with these mount options, such as `size=64k`."""
    at.mkdir()
    _mount("-t", "tmpfs", "-o", options, "tmpfs", at)
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)


class Ext4:
    """An ext4 in an image, mounted at a folder until it is closed."""

    def __init__(self, at: Path, mib: int = 16) -> None:
        self.at = at
        self._image = at.with_suffix(".image")
        at.mkdir()
        with self._image.open("wb") as file:
            file.truncate(mib << 20)
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", self._image], check=True)
        self.mount()

    def mount(self) -> None:
        """Make it writable; after an error of the file system, a second time over the first."""
        _mount("-o", "loop,errors=remount-ro", self._image, self.at)

    def remount(self, mode: str) -> None:
        """Make it `ro` or `rw`; no file may be open for writing."""
        _mount("-o", f"remount,{mode}", self.at)

    def break_down(self) -> None:
        """Let the kernel find an error: from here on it is read-only, files open or not."""
        source = ["findmnt", "-n", "-o", "SOURCE", "--mountpoint", self.at]
        device = subprocess.run(source, check=True, capture_output=True, text=True).stdout
        trigger = Path("/sys/fs/ext4") / Path(device.strip()).name / "trigger_fs_error"
        trigger.write_text("injected\n")

    def unmount(self) -> None:
        """Take it away, as it is; open files keep it alive until they are closed."""
        subprocess.run(["umount", "-l", self.at], check=True)


@contextmanager
def ext4(at: Path) -> Iterator[Ext4]:
    """An ext4 of its own."""
    disk = Ext4(at)
    try:
        yield disk
    finally:
        while os.path.ismount(disk.at):
            disk.unmount()


def _mount(*words: str | Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not injected: to mount a file system takes root")
    done = subprocess.run(["mount", *words], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"not injected: this machine does not mount: {done.stderr.strip()}")
