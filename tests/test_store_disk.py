"""The store on disks that are full, read-only or broken, and writable again: real file systems."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from disks import ext4, tmpfs

from agent.errors import StorageError, StorageFull
from agent.events import Event
from agent.store.buffer import Buffer
from agent.store.claim import claim
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from drivers.reading import Reading

MIB = 1 << 20

MakeEvent = Callable[..., Event]
MakeReading = Callable[..., Reading]
Record = Callable[[str, object], None]


def sequences(events: list[Event]) -> list[int]:
    return [event.sequence for event in events]


def fill_up(folder: Path) -> Path:
    """Take all the room there is."""
    path = folder / "ballast"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                write_forever(file, size)
    return path


def write_forever(file: IO[bytes], size: int) -> None:
    while True:
        file.write(bytes(size))


def keep(buffer: Buffer, item: Reading) -> None:
    if item.stamp.sequence > buffer.last_sequence:
        buffer.append(item)
    buffer.sync()


def put_until_full(box: Outbox, make_event: MakeEvent, most: int = 5000) -> int:
    """Put events one by one; how many were taken."""
    first = box.last_sequence + 1
    for sequence in range(first, first + most):
        try:
            box.put([make_event(sequence)])
        except StorageFull:
            return sequence - first
    return most


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_the_reserve_takes_events_on_a_full_disk(
    tmp_path: Path, make_event: MakeEvent, kind: str, record_property: Record
) -> None:
    """With no byte left events still go to disk, and again without reopening once there is room."""
    disk = tmpfs(tmp_path / "d", "size=8m") if kind == "tmpfs" else ext4(tmp_path / "d")
    with disk:
        folder = tmp_path / "d"
        box = Outbox(folder / "outbox")
        while not box.prepare():
            pass
        spares = len(list(folder.glob("outbox/events/*.spare")))
        box.put([make_event(1)])
        ballast = fill_up(folder)
        taken = put_until_full(box, make_event)
        assert taken > 1000 * (spares - 1)
        with pytest.raises(StorageFull):
            box.put([make_event(taken + 2)])
        assert not box.prepare()
        again = Outbox(folder / "outbox")
        assert sequences(again.take(0, 9999)) == list(range(1, taken + 2))
        ballast.unlink()
        box.put([make_event(taken + 2)])
        assert sequences(box.take(taken, 9)) == [taken + 1, taken + 2]
        while not box.prepare():
            pass
        box.close()
    record_property("injections", 2)


def test_without_a_reserve_a_full_disk_says_so(
    tmp_path: Path, make_event: MakeEvent, record_property: Record
) -> None:
    """Where nothing could be made ahead, put raises StorageFull, and stores again later."""
    for options in ("size=64k", "nr_inodes=5"):
        with tmpfs(tmp_path / "d", options) as folder:
            box = Outbox(folder)
            ballast = [folder / f"ballast{number}" for number in range(2)]
            for path in ballast:
                path.touch()
            for _ in range(3):
                with pytest.raises(StorageFull):
                    box.put([make_event(1)])
                assert not box.prepare()
            for path in ballast:
                path.unlink()
            subprocess.run(["mount", "-o", "remount,size=8m,nr_inodes=99", folder], check=True)
            box.put([make_event(1)])
            assert Outbox(folder).take(0, 9) == [make_event(1)]
            box.close()
        (tmp_path / "d").rmdir()
    record_property("injections", 6)


@pytest.mark.parametrize("limit", ["size=1200k", "nr_inodes=12"])
def test_readings_are_thinned_where_events_stay(
    tmp_path: Path,
    make_event: MakeEvent,
    make_reading: MakeReading,
    limit: str,
    record_property: Record,
) -> None:
    """On a full disk the oldest readings go and are counted; every event that was put is there."""
    with tmpfs(tmp_path / "d", limit) as folder:
        box = Outbox(folder / "o")
        box.put([make_event(1)])
        buffer = Buffer(folder / "r", 64 * MIB)
        for sequence in range(1, 24_001, 100):
            buffer.extend([make_reading(number) for number in range(sequence, sequence + 100)])
        buffer.sync()
        thinned = buffer.thinned
        assert thinned.count > 2000
        left = [item.stamp.sequence for item in buffer.take(0, 99_999)]
        assert left == list(range(thinned.count + 1, 24_001))
        assert thinned.first_wall == make_reading(1).stamp.wall
        assert thinned.last_wall == make_reading(thinned.count).stamp.wall
        assert Outbox(folder / "o").take(0, 9) == [make_event(1)]
        box.close()
        buffer.close()
    record_property("injections", 1)


def test_a_read_only_disk_opens(
    tmp_path: Path, make_event: MakeEvent, make_reading: MakeReading, record_property: Record
) -> None:
    """Read-only from the start: all that is stored is given, writes raise, and later they work."""
    with ext4(tmp_path / "d") as disk:
        folder = disk.at
        box, buffer = Outbox(folder / "o"), Buffer(folder / "r", MIB)
        box.put([make_event(number) for number in range(1, 10)])
        box.acknowledge([2])
        box.close()
        buffer.extend([make_reading(number) for number in range(1, 3000)])
        buffer.close()
        Snapshots(folder / "s").save("p", {"n": 1})
        disk.remount("ro")
        with claim(folder), pytest.raises(StorageError, match="in use by process"):
            claim(folder)
        for sub in ("", "new"):  # on a first start there are no folders yet
            box = Outbox(folder / sub / "o")
            buffer = Buffer(folder / sub / "r", MIB)
            snapshots = Snapshots(folder / sub / "s")
            assert snapshots.load("p") == (None if sub else {"n": 1})
            assert sequences(box.take(0, 99)) == ([] if sub else [1, 3, 4, 5, 6, 7, 8, 9])
            assert len(buffer.take(0, 9999)) == (0 if sub else 2999)
            assert box.damage.count == buffer.damage.count == 0
            for _ in range(2):
                with pytest.raises(StorageError, match="Read-only"):
                    box.put([make_event(10)])
                with pytest.raises(StorageError, match="Read-only"):
                    buffer.append(make_reading(3000))
                with pytest.raises(StorageError, match="Read-only"):
                    snapshots.save("p", {"n": 2})
                assert not box.prepare()
                assert not buffer.prepare()
            box.acknowledge([1])
            disk.remount("rw")
            box.put([make_event(10)])
            buffer.append(make_reading(3000))
            snapshots.save("p", {"n": 2})
            box.close()
            buffer.close()
            stored = sequences(Outbox(folder / sub / "o").take(1, 99))
            assert stored == ([10] if sub else [3, 4, 5, 6, 7, 8, 9, 10])
            assert Buffer(folder / sub / "r", MIB).last_sequence == 3000
            assert Snapshots(folder / sub / "s").load("p") == {"n": 2}
            disk.remount("ro")
    record_property("injections", 2)


def test_a_disk_that_turns_read_only(
    tmp_path: Path, make_event: MakeEvent, make_reading: MakeReading, record_property: Record
) -> None:
    """An error of the file system while running: reads go on, writes raise, nothing put is lost."""
    with ext4(tmp_path / "d") as disk:
        box, buffer = Outbox(disk.at / "o"), Buffer(disk.at / "r", MIB)
        box.put([make_event(number) for number in range(1, 10)])
        buffer.append(make_reading(1))
        buffer.sync()
        disk.break_down()
        for _ in range(3):
            with pytest.raises(StorageError):
                box.put([make_event(10)])
            with pytest.raises(StorageError):
                keep(buffer, make_reading(2))
        assert sequences(box.take(0, 99))[:9] == list(range(1, 10))
        assert buffer.take(0, 1) == [make_reading(1)]
        disk.unmount()
        disk.mount()
        box.put([make_event(10)])
        keep(buffer, make_reading(2))
        assert sequences(Outbox(disk.at / "o").take(0, 99)) == list(range(1, 11))
        assert [i.stamp.sequence for i in Buffer(disk.at / "r", MIB).since(0)] == [1, 2]
        box.close()
        buffer.close()
    record_property("injections", 1)


SECOND = """
import sys
from pathlib import Path
from agent.errors import StorageError
from agent.store.claim import claim
try:
    claim(Path(sys.argv[1]))
except StorageError as error:
    sys.exit(str(error))
"""


def test_a_second_agent_is_refused(tmp_path: Path, record_property: Record) -> None:
    """Another process is told who has the folder, and leaves everything in it as it was."""
    with claim(tmp_path):
        Snapshots(tmp_path / "s").save("p", {"n": 1})
        before = {path: path.stat() for path in sorted(tmp_path.rglob("*"))}
        command = [sys.executable, "-c", SECOND, str(tmp_path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 1
        assert f"{tmp_path}: in use by process {os.getpid()};" in done.stderr
        after = {path: path.stat() for path in sorted(tmp_path.rglob("*"))}
        assert [(p, s.st_mtime_ns) for p, s in after.items()] == [
            (p, s.st_mtime_ns) for p, s in before.items()
        ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    record_property("injections", 1)


def test_a_claim_needs_no_room(tmp_path: Path, record_property: Record) -> None:
    """A disk without a free inode is no reason to refuse a first agent, nor to let in a second."""
    with tmpfs(tmp_path / "d", "nr_inodes=2") as folder:
        (folder / "last").touch()
        with claim(folder), pytest.raises(StorageError, match="in use by process unknown"):
            claim(folder)
    record_property("injections", 1)
