"""The journal under TinyDB: what it gives back after everything that can happen to its files."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from disks import memory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tinydb import where
from tinydb.table import Document

from agent.errors import StorageError, StorageFull
from agent.store.journal import Journal, JournalTable
from agent.store.record import encode, scan
from agent.store.segment import Segment, stored

CHANGING = ("pwrite", "write", "fsync", "fdatasync", "ftruncate", "replace", "rename", "unlink")


class Killed(BaseException):
    """The process ends here."""


Record = Callable[[str, object], None]


def open_table(folder: Path, name: str = "t", **sizes: int) -> JournalTable:
    return Journal(folder, **sizes).table(name)


def number(table: JournalTable, *ids: int) -> None:
    table.insert_multiple(Document({"n": doc_id}, doc_id=doc_id) for doc_id in ids)


def contents(table: JournalTable) -> dict[int, Any]:
    return {document.doc_id: dict(document) for document in table}


def numbered(*ids: int) -> dict[int, Any]:
    return {doc_id: {"n": doc_id} for doc_id in ids}


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("t/*.seg"))


def abandon(table: JournalTable) -> None:
    """Let go of a table as a dying process does: nothing is written."""
    table.spool._writer.close()


@pytest.fixture
def shm() -> Iterator[Path]:
    """Memory, for what asks a thousand times for a sync and never for a power cut."""
    with memory() as folder:
        yield folder


# TinyDB's public calls


def test_tinydb_calls_work_and_ids_survive(tmp_path: Path) -> None:
    """Insert, search, get, remove, truncate, len and iteration act as in TinyDB, over segments."""
    with Journal(tmp_path, segment_documents=4) as journal:
        table = journal.table("t")
        assert table.insert({"a": 1}) == 1
        assert table.insert_multiple({"a": a} for a in range(2, 11)) == list(range(2, 11))
        assert table.insert(Document({"a": 11}, doc_id=11)) == 11
        assert table.get(doc_id=7) == {"a": 7}
        assert table.get(doc_id=99) is None
        assert table.search(where("a") > 9) == [{"a": 10}, {"a": 11}]
        assert table.count(where("a") < 3) == 2
        assert table.contains(doc_id=11)
        assert not table.contains(where("a") == 99)
        assert table.remove(where("a") < 3) == [1, 2]
        assert table.remove(doc_ids=[4, 5, 99]) == [4, 5]
        assert len(table) == 7
        assert [document.doc_id for document in table] == [3, 6, 7, 8, 9, 10, 11]
        assert journal.tables() == {"t"}
    table = open_table(tmp_path, segment_documents=4)
    assert [document.doc_id for document in table.all()] == [3, 6, 7, 8, 9, 10, 11]
    table.truncate()
    assert len(table) == 0
    assert table.all() == []
    assert table.insert({"a": 12}) == 12
    assert contents(open_table(tmp_path)) == {12: {"a": 12}}


def test_documents_are_never_changed_nor_ids_reused(tmp_path: Path) -> None:
    """Updates, dropped tables, used ids and lower ids are refused with a reason."""
    journal = Journal(tmp_path)
    table = journal.table("t")
    number(table, 1, 2, 3)
    for change in (table.update, table.upsert, table.update_multiple):
        with pytest.raises(NotImplementedError, match="remove and insert"):
            change({"n": 0})
    with pytest.raises(NotImplementedError, match="truncate"):
        journal.drop_tables()
    with pytest.raises(ValueError, match="already exists"):
        number(table, 3)
    table.remove(doc_ids=[2])
    with pytest.raises(ValueError, match="4 is the lowest"):
        number(table, 2)
    with pytest.raises(ValueError, match="over 1048575"):
        table.insert({"long": "x" * 0x100000})
    assert contents(table) == numbered(1, 3)
    with pytest.raises(TypeError, match="JournalStorage"):
        JournalTable(Journal.default_storage_class(str(tmp_path / "x.json")), "t")


def test_next_id_is_known_when_all_is_removed(tmp_path: Path) -> None:
    """The newest segment stays, so ids go on after everything was removed and it was reopened."""
    table = open_table(tmp_path, segment_documents=3)
    number(table, *range(1, 8))
    table.remove(doc_ids=range(1, 8))
    assert [path.name for path in segments(tmp_path)] == ["000000000007.seg"]
    assert open_table(tmp_path).insert({}) == 8


def test_one_call_is_one_write_and_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """insert_multiple writes once without a sync, sync syncs once, and only if it must."""
    table = open_table(tmp_path)
    number(table, 1)
    calls: list[str] = []
    for name in CHANGING:
        spy(monkeypatch, name, calls.append)
    number(table, *range(2, 34))
    assert calls == ["pwrite"]
    assert table.spool.unsynced == 33
    table.sync()
    table.sync()
    assert calls == ["pwrite", "fdatasync"]
    assert table.spool.unsynced == 0


def test_a_document_longer_than_a_segment_fits(tmp_path: Path) -> None:
    """A segment grows to its only document."""
    table = open_table(tmp_path, segment_bytes=1000)
    table.insert_multiple([{"x": "a" * 5000}, {"x": "b"}, {"x": "萝\n\ud800" * 300}])
    found = open_table(tmp_path).all()
    assert [len(document["x"]) for document in found] == [5000, 1, 900]


def test_segments_go_by_number(tmp_path: Path, record_property: Record) -> None:
    """Order is by number, not by age; a jump in the ids is neither a document nor damage."""
    table = open_table(tmp_path, segment_documents=2)
    number(table, 8, 9, 10, 99, 100, 101, 200_000)
    for again in (table, open_table(tmp_path)):
        assert list(contents(again)) == [8, 9, 10, 99, 100, 101, 200_000]
        assert len(again) == 7
        assert again.damage.count == 0
    for age, path in enumerate(segments(tmp_path)):  # the clock went back while they were written
        os.utime(path, (1e9 - age, 1e9 - age))
    record_property("injections", age + 1)
    assert list(contents(open_table(tmp_path))) == [8, 9, 10, 99, 100, 101, 200_000]
    (tmp_path / "t" / "000000000010.ack").unlink()
    assert list(contents(open_table(tmp_path))) == [8, 9, 10, 99, 100, 101, 200_000]


def test_sealed_segments_are_not_read_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening reads the newest segment alone, and still knows how many documents wait."""
    table = open_table(tmp_path, segment_documents=5)
    number(table, *range(1, 98))
    table.remove(doc_ids=[1, 2, 50])
    read: list[int] = []
    original = Segment.read
    monkeypatch.setattr(
        Segment, "read", lambda self, stop: read.append(self.first) or original(self, stop)
    )
    again = open_table(tmp_path)
    assert len(again) == 94
    assert read == [96]


def test_documents_may_come_and_go_while_it_is_read(tmp_path: Path) -> None:
    """Removing what is read and adding more does not disturb the reader."""
    table = open_table(tmp_path, segment_documents=3)
    number(table, *range(1, 9))
    seen = []
    for document in table:
        seen.append(document.doc_id)
        table.remove(doc_ids=[document.doc_id])
        if document.doc_id < 5:
            table.insert({"n": 0})
    assert seen == list(range(1, 13))
    assert len(table) == 0


def test_another_process_may_read_along(tmp_path: Path) -> None:
    """Reading a folder that is in use gives what is there and changes no byte and no name."""
    table = open_table(tmp_path, segment_documents=3)
    number(table, *range(1, 9))
    table.remove(doc_ids=[4])
    with segments(tmp_path)[-1].open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"half a record")
    before = image(tmp_path)
    assert [doc_id for doc_id, _ in stored(tmp_path / "t", 2)] == [3, 4, 5, 6, 7, 8]
    assert image(tmp_path) == before


# Damage


@pytest.fixture
def ten(tmp_path: Path) -> Callable[[], tuple[Path, Path, list[tuple[int, int]]]]:
    """Make a table of ten documents; its folder, its only file, where its records lie."""

    def make() -> tuple[Path, Path, list[tuple[int, int]]]:
        folder = tmp_path / "ten"
        if not folder.exists():
            table = open_table(folder, segment_bytes=2000)
            number(table, *range(1, 11))
            table.sync()
        work = tmp_path / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(folder, work)
        file = work / "t" / "000000000001.seg"
        return work, file, [(piece.start, piece.stop) for piece in scan(file.read_bytes())]

    return make


def test_a_flipped_byte_loses_one_record(ten: Callable[..., Any], record_property: Record) -> None:
    """Whichever byte of a record is hit, that record is lost and counted, and no other."""
    start, stop = ten()[2][4]
    for at in range(start, stop):
        for flip in (0x01, 0x80, 0xFF, None):
            folder, file, _ = ten()
            data = bytearray(file.read_bytes())
            data[at] = 0x0A if flip is None else data[at] ^ flip
            if flip is None and at == stop - 1:
                continue
            file.write_bytes(data)
            table = open_table(folder)
            assert contents(table) == numbered(1, 2, 3, 4, 6, 7, 8, 9, 10), (at, flip)
            damage = table.damage
            assert (damage.count, damage.first, damage.last, damage.torn) == (1, 5, 5, 0)
            assert data[start:stop].rstrip(b"\n")[:8] in (folder / "t" / "damaged").read_bytes()
            number(table, 11)
            again = open_table(folder)
            assert list(contents(again)) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
            assert again.damage.count == 0, "it is told once"
    record_property("injections", 4 * (stop - start) - 1)


def test_a_cut_at_any_byte_loses_what_is_cut(
    ten: Callable[..., Any], record_property: Record
) -> None:
    """Cut or zeroed anywhere in its last three records, all earlier ones stay and it goes on."""
    places = ten()[2]
    for at in range(places[7][0], places[9][1]):
        for is_zeroed in (False, True):
            folder, file, _ = ten()
            whole = sum(stop <= at for _, stop in places)
            data = file.read_bytes()
            file.write_bytes(data[:at] + bytes(len(data) - at) * is_zeroed)
            table = open_table(folder)
            assert contents(table) == numbered(*range(1, whole + 1))
            assert table.damage.count == 0
            assert table.damage.torn == (at != places[whole][0])
            number(table, whole + 1, whole + 2)
            assert contents(open_table(folder)) == numbered(*range(1, whole + 3))
    record_property("injections", 2 * (places[9][1] - places[7][0]))


@pytest.mark.parametrize("filler", [b"\x00", b"\xff", b"\n", b"0"])
def test_a_lost_block_loses_what_it_covers(
    tmp_path: Path, filler: bytes, record_property: Record
) -> None:
    """4 KiB of anything in the middle: the records in it are counted, those behind it are there."""
    table = open_table(tmp_path)
    number(table, *range(1, 801))
    table.sync()
    file = segments(tmp_path)[0]
    data = bytearray(file.read_bytes())
    whole = [p for p in scan(bytes(data)) if p.stop <= 8192 or p.start > 12288]
    data[8192:12288] = filler * 4096
    file.write_bytes(data)
    again = open_table(tmp_path)
    assert len(contents(again)) in (len(whole), len(whole) + 1)
    assert list(contents(again))[-1] == 800
    assert again.damage.count == 800 - len(contents(again))
    record_property("injections", 1)


@given(data=st.binary(max_size=400), cut=st.integers(0, 60))
def test_no_bytes_are_taken_for_a_record(data: bytes, cut: int) -> None:
    """Whatever stands before a record, scanning never fails and gives only true records."""
    good = encode(7, b'{"n":7}')
    for stream in (data, data + b"\n" + good, good[cut:] + good):
        payloads = [piece.payload for piece in scan(stream) if piece.payload is not None]
        assert set(payloads) <= {b'{"n":7}'}
        assert stream.endswith(b"\n" + good) <= bool(payloads)


def test_a_record_within_a_document_is_no_record(tmp_path: Path) -> None:
    """Text that looks like a record is not delivered when the record around it is damaged."""
    table = open_table(tmp_path)
    evil = encode(1, b'{"n":666}').decode()
    table.insert_multiple([{"x": evil}, {"x": "good"}])
    table.sync()
    file = segments(tmp_path)[0]
    data = bytearray(file.read_bytes())
    for at in range(30):
        file.write_bytes(data[:at] + b"?" + data[at + 1 :])
        assert contents(open_table(tmp_path)) == {2: {"x": "good"}}
        (tmp_path / "t" / "000000000001.ack").unlink()


def directory(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


WRONG: dict[str, Callable[[Path], object]] = {
    "directory": directory,
    "empty": Path.touch,
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "link": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_of_another_kind_is_set_aside(
    tmp_path: Path, kind: str, record_property: Record
) -> None:
    """What stands in a segment's place never stops it: the rest is delivered and it goes on."""
    for victim in range(4):
        folder = tmp_path / str(victim)
        table = open_table(folder, segment_documents=3)
        number(table, *range(1, 12))
        table.sync()
        path = segments(folder)[victim]
        path.unlink()
        WRONG[kind](path)
        again = open_table(folder, segment_documents=3)
        rest = [i for i in range(1, 12) if (i - 1) // 3 != victim]
        assert list(contents(again)) == rest
        assert len(again) == len(rest)
        damage = again.damage
        assert damage.count == (3 if victim < 3 else 0)
        assert damage.files == 1
        again.insert({"n": "new"})
        again.remove(doc_ids=rest)
        assert again.all() == [{"n": "new"}]
        assert open_table(folder).all() == [{"n": "new"}]
    record_property("injections", 4)


def test_the_folder_may_be_a_file(tmp_path: Path) -> None:
    """A file in place of a table's folder is set aside."""
    (tmp_path / "t").write_text("what is this")
    table = open_table(tmp_path)
    number(table, 1)
    assert table.damage.files == 1
    assert (tmp_path / "t.damaged").read_text() == "what is this"


def test_a_disk_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that no new segment can mend are StorageError, StorageFull where there is no room."""
    table = open_table(tmp_path)
    for code, kind in ((errno.ENOSPC, StorageFull), (errno.EROFS, StorageError)):
        with monkeypatch.context() as patch:
            spy(patch, "pwrite", fail(code))
            with pytest.raises(kind, match=str(tmp_path)):
                number(table, 1)
    number(table, 1)
    assert contents(open_table(tmp_path)) == numbered(1)
    with monkeypatch.context() as patch:
        spy(patch, "open", fail(errno.EMFILE))
        with pytest.raises(StorageError, match="Too many open files"):
            open_table(tmp_path)
    assert contents(open_table(tmp_path)) == numbered(1)


# Dying and failing at every call


def image(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def spy(patch: pytest.MonkeyPatch, name: str, seen: Callable[[str], object]) -> None:
    original = getattr(os, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        seen(name)
        return original(*args, **kwargs)

    patch.setattr(os, name, call)


def fail(code: int) -> Callable[[str], None]:
    def raising(_: str) -> None:
        raise OSError(code, os.strerror(code))

    return raising


def at_call(when: int, error: BaseException) -> tuple[Callable[[str], None], list[str]]:
    """Raise at one call of those that change the disk, counted from 1."""
    calls: list[str] = []

    def seen(name: str) -> None:
        calls.append(name)
        if len(calls) == when:
            raise error

    return seen, calls


def life(table: JournalTable, promised: dict[int, Any], done: set[int]) -> None:
    """Add, sync, remove; note in `promised` what was promised, in `done` what was given back."""
    for first in range(1, 30, 3):
        table.spool.prepare()
        number(table, first, first + 1, first + 2)
        promised.update(numbered(first, first + 1, first + 2))
        table.sync()
        gone = [doc_id for doc_id in promised if doc_id <= first - 6]
        done.update(gone)
        table.remove(doc_ids=gone)


def test_killed_at_any_call(
    shm: Path, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    """Wherever the process ends, all it was promised is there, in order, and nothing else."""
    for when in range(1, 10_000):
        folder = shm / str(when)
        seen, calls = at_call(when, Killed())
        promised: dict[int, Any] = {}
        done: set[int] = set()
        table = open_table(folder, segment_documents=7)
        with monkeypatch.context() as patch:
            for name in CHANGING:
                spy(patch, name, seen)
            try:
                life(table, promised, done)
            except Killed:
                abandon(table)
            else:
                break
        again = open_table(folder, segment_documents=7)
        found = contents(again)
        assert list(found) == sorted(found)
        assert found.keys() >= promised.keys() - done, when
        assert found.items() <= numbered(*range(1, 31)).items()
        assert again.damage.count == again.damage.files == 0
        number(again, again.spool.next_id)
    assert when > 60, "it was killed at many places"
    assert len(calls) < when
    record_property("injections", when - 1)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_failing_at_any_call(
    shm: Path, monkeypatch: pytest.MonkeyPatch, code: int, record_property: Record
) -> None:
    """One failing call is made good or raised; what was promised is there, also after it."""
    for when in range(1, 10_000):
        folder = shm / str(when)
        seen, calls = at_call(when, OSError(code, "injected"))
        promised: dict[int, Any] = {}
        done: set[int] = set()
        table = open_table(folder, segment_documents=7)
        with monkeypatch.context() as patch:
            for name in CHANGING:
                spy(patch, name, seen)
            for _ in range(3):  # the caller tries again, as the agent does
                try:
                    life_from(table, promised, done)
                    break
                except StorageError:
                    continue
            else:
                pytest.fail("it did not recover")
        if len(calls) < when:
            break
        for again in (table, open_table(folder, segment_documents=7)):
            found = contents(again)
            assert list(found) == sorted(found)
            assert found.keys() >= promised.keys() - done, when
            assert again.damage.count == again.damage.files == 0
            assert list(found)[-1] == 30
    assert when > 60
    record_property("injections", when - 1)


def life_from(table: JournalTable, promised: dict[int, Any], done: set[int]) -> None:
    """Go on where `life` was stopped by an error."""
    for first in range(1, 30, 3):
        new = [i for i in (first, first + 1, first + 2) if i >= table.spool.next_id]
        table.spool.prepare()
        for doc_id in new:
            number(table, doc_id)
        table.sync()
        promised.update(numbered(first, first + 1, first + 2))
        gone = [doc_id for doc_id in promised if doc_id <= first - 6]
        done.update(gone)
        table.remove(doc_ids=gone)


def test_a_failed_sync_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed fsync the records stand in a new file, and what was acknowledged stays so."""
    table = open_table(tmp_path)
    number(table, 1, 2)
    table.sync()
    number(table, 3, 4, 5)
    table.remove(doc_ids=[4])
    with monkeypatch.context() as patch:
        seen, _ = at_call(1, OSError(errno.EIO, "injected"))
        spy(patch, "fdatasync", seen)
        table.sync()
    assert table.damage.rewritten == 1
    assert [path.name for path in segments(tmp_path)] == ["000000000001.seg", "000000000003.seg"]
    number(table, 6)
    for again in (table, open_table(tmp_path)):
        assert contents(again) == numbered(1, 2, 3, 5, 6)
        assert len(again) == 5


def test_short_writes_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    """A disk that takes one byte a call gets the same file."""
    original = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: original(fd, data[:7], at))
    table = open_table(tmp_path, segment_bytes=2000)
    number(table, *range(1, 20))
    record_property("injections", 2000 // 7)
    assert contents(open_table(tmp_path)) == numbered(*range(1, 20))
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with pytest.raises(StorageError, match="takes no bytes"):
        number(table, 20)


def test_an_acknowledgement_does_not_outlive_its_document(tmp_path: Path) -> None:
    """A power cut may keep an acknowledgement and lose its document: the next one is not lost."""
    table = open_table(tmp_path)
    number(table, 1, 2)
    table.sync()
    size = len(segments(tmp_path)[0].read_bytes().rstrip(b"\0"))
    number(table, 3, 4)
    table.remove(doc_ids=[2, 3, 4])
    abandon(table)
    with segments(tmp_path)[0].open("r+b") as file:
        file.seek(size)
        file.write(bytes(200))
    again = open_table(tmp_path)
    assert contents(again) == numbered(1)
    number(again, 3, 4)
    assert contents(again) == numbered(1, 3, 4)
    assert contents(open_table(tmp_path)) == numbered(1, 3, 4)


class Power(RuleBasedStateMachine):
    """Documents are added, synced and removed; the process dies, the power goes."""

    folder: Path
    runs: Iterator[int]

    def __init__(self) -> None:
        super().__init__()
        self.home = self.folder / str(next(self.runs))
        self.table = self.open()
        self.all: dict[int, Any] = {}
        self.ever: dict[int, Any] = {}
        self.safe: dict[Path, int] = {}
        self.done: set[int] = set()
        self.has_hole = False
        self.synced = 0
        self.end = 0
        self.count = 0

    def open(self) -> JournalTable:
        return open_table(self.home, segment_documents=5, segment_bytes=400)

    def newest(self) -> Path | None:
        return segments(self.home)[-1] if segments(self.home) else None

    @rule(sizes=st.lists(st.integers(0, 120), min_size=1, max_size=8), skip=st.integers(0, 1))
    def put(self, sizes: list[int], skip: int) -> None:
        """Add documents, some after a jump in the ids."""
        before = self.newest()
        first = self.table.spool.next_id + (skip and 3)
        documents = {}
        for doc_id, size in enumerate(sizes, first):
            self.count += 1
            documents[doc_id] = {"c": self.count, "x": "y" * size}
        self.table.insert_multiple(Document(d, doc_id=i) for i, d in documents.items())
        self.all |= documents
        self.ever |= documents
        if skip:  # skipped ids are acknowledged and synced
            self.safe = {path: path.stat().st_size for path in self.home.glob("t/*.ack")}
        if self.newest() != before:  # what is not in the newest file is synced
            self.end = 0
            self.synced = int(str(self.newest()).rpartition("/")[2][:12]) - 1

    @rule()
    def prepare(self) -> None:
        """Make a segment ahead."""
        assert self.table.spool.prepare()

    @rule()
    def sync(self) -> None:
        """Bring all to disk."""
        self.table.sync()
        self.synced = self.table.spool.next_id - 1
        newest = self.newest()
        self.end = len(newest.read_bytes().rstrip(b"\0")) if newest else 0

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Acknowledge some of the documents, in any order."""
        there = sorted(self.all.keys() - self.done)
        if there:
            ids = data.draw(st.lists(st.sampled_from(there), max_size=6))
            self.table.remove(doc_ids=ids)
            self.done |= set(ids)

    @rule(data=st.data(), is_zeroed=st.booleans())
    def cut_power(self, data: st.DataObject, is_zeroed: bool) -> None:
        """Lose any part of what was not synced, and of any acknowledgements."""
        abandon(self.table)
        newest = self.newest()
        if newest is not None:
            content = newest.read_bytes()
            used = len(content.rstrip(b"\0"))
            lost = sorted(data.draw(st.tuples(*[st.integers(self.end, max(self.end, used))] * 2)))
            if is_zeroed:
                self.has_hole = True
                content = content[: lost[0]] + bytes(lost[1] - lost[0]) + content[lost[1] :]
            else:
                content = content[: lost[0]] + bytes(len(content) - lost[0])
            newest.write_bytes(content)
        for path in sorted(self.home.glob("t/*.ack")):
            if data.draw(st.booleans()):
                content = path.read_bytes()
                safe = min(self.safe.get(path, 0), len(content))
                path.write_bytes(content[: data.draw(st.integers(safe, len(content)))])
        self.go_on()

    @rule()
    def kill(self) -> None:
        """Die: all that was written stays."""
        abandon(self.table)
        expected = self.all.keys() - self.done
        self.go_on()
        assert contents(self.table).keys() == expected

    @rule()
    def stop(self) -> None:
        """End in order."""
        self.table.spool.close()
        self.synced = self.table.spool.next_id - 1
        self.kill()

    def go_on(self) -> None:
        self.table = self.open()
        found = contents(self.table)
        needed = {i for i in self.all if i <= self.synced} - self.done
        assert found.keys() >= needed, "a synced document is lost"
        assert all(self.ever[i] == document for i, document in found.items()), (
            "a document is invented"
        )
        assert self.table.damage.count == 0 or self.has_hole
        self.all = found
        self.done = set()
        self.table.sync()
        self.end = 0
        self.synced = max(found, default=0)
        newest = self.newest()
        self.end = len(newest.read_bytes().rstrip(b"\0")) if newest else 0

    @invariant()
    def gives_what_was_put(self) -> None:
        """All that is not removed comes in order, and is counted."""
        there = {i: d for i, d in self.all.items() if i not in self.done}
        found = contents(self.table)
        assert list(found.items()) == sorted(there.items())
        assert len(self.table) == len(there)


def test_no_history_loses_or_invents(shm: Path) -> None:
    """Through any order of adding, syncing, removing, dying and power cuts, nothing synced is lost."""
    Power.folder, Power.runs = shm, iter(range(10**9))
    run_state_machine_as_test(
        Power,
        settings=settings(
            max_examples=80,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
