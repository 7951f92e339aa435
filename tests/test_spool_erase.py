"""Documents that nobody may read again: emptied where they are done with, or deleted altogether."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import StorageError
from agent.store.spool import Spool

SIZES = {"segment_documents": 5, "segment_bytes": 4096, "reserve": 0}


def filled(folder: Path, count: int = 12) -> Spool:
    spool = Spool(folder, **SIZES)
    spool.extend([(n, b"secret-%02d" % n) for n in range(1, count + 1)])
    spool.sync()
    return spool


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def waiting(spool: Spool) -> list[int]:
    return [doc_id for doc_id, _ in spool.following(0)]


@pytest.mark.parametrize("done", [[2, 7], [12], [2, 3, 4, 5, 7, 11, 12], list(range(1, 13))])
def test_what_is_done_with_is_emptied(done: list[int], tmp_path: Path) -> None:
    """In sealed segments and in the newest; the rest stays, and ids go on."""
    spool = filled(tmp_path)
    left = [n for n in range(1, 13) if n not in done]
    spool.acknowledge(done)
    assert spool.scrub() <= len(done)
    found = bytes_in(tmp_path)
    assert [n for n in range(1, 13) if b"secret-%02d" % n in found] == left
    assert waiting(spool) == left
    assert spool.scrub() == 0
    spool.extend([(13, b"secret-13")])
    spool.close()
    again = Spool(tmp_path, **SIZES)
    assert waiting(again) == [*left, 13]
    assert again.next_id == 14
    assert again.damage.count == 0
    again.close()


def test_an_acknowledgement_that_is_lost_brings_nothing_back(tmp_path: Path) -> None:
    """It is not synced: the empty record says the same."""
    spool = filled(tmp_path)
    spool.acknowledge([2, 12])
    spool.scrub()
    spool.close()
    for path in tmp_path.glob("*.ack"):
        path.unlink()
    again = Spool(tmp_path, **SIZES)
    assert waiting(again) == [n for n in range(1, 13) if n not in {2, 12}]
    again.close()


def test_all_is_deleted(tmp_path: Path) -> None:
    """Also what waits; ids go on while it is open."""
    spool = filled(tmp_path)
    spool.acknowledge([1, 2])
    assert spool.erase() == 10
    assert b"secret" not in bytes_in(tmp_path)
    assert not list(tmp_path.glob("*.seg"))
    spool.extend([(13, b"new")])
    spool.close()
    again = Spool(tmp_path, **SIZES)
    assert waiting(again) == [13]
    again.close()


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    """Neither is half done in silence."""
    spool = filled(tmp_path)
    spool.acknowledge([2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.store.spool.create", _refuse)
        with pytest.raises(StorageError, match=r"000000000001\.seg: Read-only"):
            spool.scrub()
    assert b"secret-02" in bytes_in(tmp_path)
    assert waiting(spool) == [n for n in range(1, 13) if n != 2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.store.segment.Segment.remove", lambda _: False)
        with pytest.raises(StorageError, match="cannot be deleted"):
            spool.erase()
    spool.close()


def _refuse(*_: object) -> int:
    raise OSError(30, "Read-only file system")
