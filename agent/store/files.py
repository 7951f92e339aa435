"""What the store asks of the disk: writes completed, renames made safe, errors named."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from agent.errors import StorageDamaged, StorageError, StorageFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

REFUSING = FULL | {errno.EROFS, errno.EIO}

UNREADABLE = frozenset(
    {errno.EIO, errno.EISDIR, errno.ELOOP, errno.EACCES, errno.ENOENT, errno.ENXIO, errno.EBADMSG}
)


def is_unreadable(error: OSError) -> bool:
    """Whether a file is of no use later either; other errors (too many open files) pass."""
    return isinstance(error, StorageDamaged) or error.errno in UNREADABLE


def is_refusing(error: OSError) -> bool:
    """Whether the disk takes nothing for now: what is on it can be read all the same."""
    cause = error.__cause__ if isinstance(error, StorageError) else error
    return isinstance(cause, OSError) and cause.errno in REFUSING


def failure(error: OSError, path: Path) -> StorageError:
    """Say in the store's own words what the operating system said of a path."""
    if isinstance(error, StorageError):
        return error
    kind = StorageFull if error.errno in FULL else StorageError
    return kind(f"{path}: {error.strerror or error}")


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write at an offset; a short write is completed."""
    rest = memoryview(data)
    while rest:
        count = os.pwrite(fd, rest, offset)
        if count == 0:
            raise OSError(errno.EIO, "the disk takes no bytes")
        rest = rest[count:]
        offset += count


def read_regular(path: Path) -> bytes:
    """Read a file that must be one: neither a link nor a pipe is followed. Raise OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EISDIR, "not a regular file")
        return file.read()


def create(
    path: Path, data: bytes, keep: Path | None = None, *, is_named_for_good: bool = True
) -> int:
    """Put a file in place whole or not at all; it is on disk when this returns.

    A file that stood there before is moved to `keep`. The result is a descriptor, open for reading
    and writing. Without `is_named_for_good` a power cut may take the file. Raise OSError.
    """
    draft = path.with_name(path.name + ".new")
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(draft, flags, 0o600)
    try:
        write_all(fd, data, 0)
        os.fsync(fd)
        if keep is not None:
            with suppress(FileNotFoundError):
                path.replace(keep)
        draft.replace(path)
        if is_named_for_good:
            sync_folder(path.parent)
    except OSError:
        os.close(fd)
        with suppress(OSError):
            draft.unlink()
        raise
    return fd


def sync_folder(folder: Path) -> None:
    """Make names in a folder last: without it a new file may be gone after a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_set_aside(folder: Path) -> int:
    """Delete whatever was set aside as damaged, at any depth; give how many. Raise StorageError."""
    found = [p for p in folder.rglob("*") if p.name == "damaged" or p.suffix == ".damaged"]
    count = 0
    for path in found:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            sync_folder(path.parent)
            count += 1
        except FileNotFoundError:  # it lay in one that is gone
            continue
        except OSError as error:
            raise failure(error, path) from error
    return count


def set_aside(path: Path) -> None:
    """Move what cannot be used to `<name>.damaged`, over what was set aside there before."""
    target = path.with_name(path.name + ".damaged")
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            target.unlink()
    with suppress(FileNotFoundError):
        path.rename(target)
