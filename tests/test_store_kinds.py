"""What may stand in the place of the store's files and folders, and what may be missing."""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.errors import StorageError
from agent.events import Event
from agent.store.outbox import RESERVE, Outbox
from agent.store.snapshots import Snapshots

MakeEvent = Callable[..., Event]
Record = Callable[[str, object], None]
NOBODY = 65534


def directory(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


def from_the_future(path: Path) -> None:
    path.write_bytes(b"street-agent journal 9\n" + bytes(range(256)) * 20)


KINDS: dict[str, Callable[[Path], object]] = {
    "directory": directory,
    "empty": Path.touch,
    "future": from_the_future,
    "link": lambda path: path.symlink_to("/dev/zero"),
    "nowhere": lambda path: path.symlink_to("nowhere"),
    "pipe": os.mkfifo,
}


def sequences(events: list[Event]) -> list[int]:
    return [event.sequence for event in events]


@pytest.mark.parametrize("kind", KINDS)
def test_in_place_of_acknowledgements(
    tmp_path: Path, make_event: MakeEvent, kind: str, record_property: Record
) -> None:
    """What cannot be read costs duplicates only, is told, and the next acknowledgements last."""
    box = Outbox(tmp_path)
    box.put([make_event(number) for number in range(1, 6)])
    box.acknowledge([1, 2])
    box.close()
    path = next(tmp_path.glob("events/*.ack"))
    path.unlink()
    KINDS[kind](path)
    box = Outbox(tmp_path)
    assert sequences(box.take(0, 9)) == [1, 2, 3, 4, 5]
    assert box.damage.files == (kind not in {"empty", "future"})  # those are its torn ends
    box.acknowledge([1, 4])
    box.close()
    assert sequences(Outbox(tmp_path).take(0, 9)) == [2, 3, 5]
    record_property("injections", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_in_place_of_a_snapshot(tmp_path: Path, kind: str, record_property: Record) -> None:
    """The version before is loaded, the file is set aside and named, and saving goes on."""
    snapshots = Snapshots(tmp_path)
    snapshots.save("p", {"n": 1})
    snapshots.save("p", {"n": 2})
    path = tmp_path / "p.json"
    path.unlink()
    KINDS[kind](path)
    again = Snapshots(tmp_path)
    assert again.load("p") == {"n": 1}
    assert again.damaged == [str(path)]
    assert os.path.lexists(tmp_path / "p.json.damaged")
    again.save("p", {"n": 3})
    assert Snapshots(tmp_path).load("p") == {"n": 3}
    record_property("injections", 1)


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"other":{}}', b'{"snapshot":7}', b"[" * 99999])
def test_a_snapshot_of_a_later_release(tmp_path: Path, body: bytes) -> None:
    """A whole file with other contents is as useless as a damaged one, and as harmless."""
    (tmp_path / "p.json").write_bytes(b"%08x\n%b" % (zlib.crc32(body), body))
    snapshots = Snapshots(tmp_path)
    assert snapshots.load("p") is None
    assert snapshots.damaged == [str(tmp_path / "p.json")]


@pytest.mark.parametrize("kind", KINDS)
def test_in_place_of_the_quarantine(
    tmp_path: Path, make_event: MakeEvent, kind: str, record_property: Record
) -> None:
    """Damage is counted and the rest delivered, wherever the damaged bytes can be kept or not."""
    box = Outbox(tmp_path)
    box.put([make_event(number) for number in range(1, 6)])
    box.close()
    KINDS[kind](tmp_path / "events" / "damaged")
    segment = next(tmp_path.glob("events/*.seg"))
    data = segment.read_bytes()
    segment.write_bytes(data.replace(b'"a3.1"', b'"a3_1"', 1))
    box = Outbox(tmp_path)
    assert sequences(box.take(0, 9)) == [1, 2, 4, 5]
    assert (box.damage.count, box.damage.first, box.damage.last) == (1, 3, 3)
    assert b"a3_1" in (tmp_path / "events" / "damaged").read_bytes()
    record_property("injections", 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["o", "o/events", "s"])
def test_in_place_of_a_folder(
    tmp_path: Path, make_event: MakeEvent, kind: str, which: str, record_property: Record
) -> None:
    """What stands where a folder belongs is set aside and told; a new folder takes its place."""
    path = tmp_path / which
    path.parent.mkdir(exist_ok=True)
    KINDS[kind](path)
    if kind == "directory":  # it is one already, with something foreign in it
        path = path / "file"
    box, snapshots = Outbox(tmp_path / "o"), Snapshots(tmp_path / "s")
    box.put([make_event(1)])
    snapshots.save("p", {"n": 1})
    told = len(snapshots.damaged) if which == "s" else box.damage.files
    assert told == (kind != "directory")
    assert os.path.lexists(path if kind == "directory" else f"{path}.damaged")
    assert Outbox(tmp_path / "o").take(0, 9) == [make_event(1)]
    assert Snapshots(tmp_path / "s").load("p") == {"n": 1}
    record_property("injections", 1)


@pytest.mark.parametrize("kind", [*KINDS, "short"])
def test_in_place_of_a_spare(
    tmp_path: Path, make_event: MakeEvent, kind: str, record_property: Record
) -> None:
    """A spare that is none is not used, and is in nobody's way."""
    make = KINDS.get(kind, lambda path: path.write_bytes(bytes(100)))
    path = tmp_path / "events" / "0.spare"
    path.parent.mkdir()
    make(path)
    box = Outbox(tmp_path)
    box.put([make_event(1)])
    for _ in range(RESERVE - 1):
        assert not box.prepare()
    assert box.prepare()
    box.put([make_event(number) for number in range(2, 3000)])
    box.close()
    assert sequences(Outbox(tmp_path).take(0, 9999)) == list(range(1, 3000))
    record_property("injections", 1)


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder of a user without rights, as that user; root may read everything."""
    if os.geteuid() != 0:
        pytest.skip("not injected: it takes root to become another user")
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def test_files_that_may_not_be_read(make_event: MakeEvent, record_property: Record) -> None:
    """An unreadable file is set aside and told, and the store goes on; a folder is an error."""
    with as_nobody() as folder:
        for pattern in ("events/*.seg", "events/*.ack"):
            home = folder / pattern[-3:]
            box = Outbox(home)
            box.put([make_event(number) for number in range(1, 6)])
            box.acknowledge([1])
            box.close()
            next(home.glob(pattern)).chmod(0)
            box = Outbox(home)
            assert box.damage.files == 1
            first = box.last_sequence + 1
            box.put([make_event(first)])
            assert sequences(box.take(0, 9))[-1] == first
            box.close()
        snapshots = Snapshots(folder / "s")
        snapshots.save("p", {"n": 1})
        (folder / "s" / "p.json").chmod(0)
        assert snapshots.load("p") is None
        assert len(snapshots.damaged) == 1
        (folder / "seg" / "events").chmod(0)
        with pytest.raises(StorageError, match="Permission denied") as caught:
            Outbox(folder / "seg")
        assert isinstance(caught.value.__cause__, PermissionError)
        (folder / "seg" / "events").chmod(0o700)
    record_property("injections", 4)


def test_a_future_segment_is_kept_whole(tmp_path: Path, make_event: MakeEvent) -> None:
    """A downgrade deletes nothing: the file of a later release is there under another name."""
    box = Outbox(tmp_path)
    box.put([make_event(number) for number in range(1, 1500)])
    box.close()
    first = min(tmp_path.glob("events/*.seg"))
    from_the_future(first)
    box = Outbox(tmp_path)
    left = sequences(box.take(0, 9999))
    assert box.damage.files == 1
    assert box.damage.count == left[0] - 1
    box.acknowledge(left)
    box.close()
    kept = first.with_name(first.name + ".damaged").read_bytes()
    assert kept.startswith(b"street-agent journal 9")
    assert json.dumps(left) == json.dumps(list(range(left[0], 1500)))
