"""The outbox: events on disk before anything is sent, none lost, none twice."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import StorageError
from agent.events import Event, Kind
from agent.store import outbox as module
from agent.store.outbox import RESERVE, Outbox, renumbered

MakeEvent = Callable[..., Event]


def sequences(events: list[Event]) -> list[int]:
    return [event.sequence for event in events]


def test_events_come_back_the_same(tmp_path: Path, make_event: MakeEvent) -> None:
    """What was put is taken in order, whole, also after a restart, until it is acknowledged."""
    box = Outbox(tmp_path)
    events = [make_event(i, kind, mono=i / 7) for i, kind in enumerate(Kind, 1)]
    box.put(events[:5])
    box.put(events[5:])
    for again in (box, Outbox(tmp_path)):
        assert again.take(0, 100) == events
        assert again.take(3, 2) == events[3:5]
        assert again.waiting == len(events)
    box.acknowledge([1, 2, 4])
    box.close()
    again = Outbox(tmp_path)
    assert sequences(again.take(0, 3)) == [3, 5, 6]
    assert again.waiting == len(events) - 3


def test_put_is_one_write_and_one_sync(
    tmp_path: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many events: one write, then one sync before put returns; none for nothing."""
    box = Outbox(tmp_path)
    box.put([make_event(1)])
    calls: list[str] = []
    for name in ("pwrite", "write", "fsync", "fdatasync"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, n=name, call=original: calls.append(n) or call(*args)
        )
    box.put([make_event(i) for i in range(2, 30)])
    assert calls == ["pwrite", "fdatasync"]
    box.put([])
    box.put([make_event(i) for i in range(2, 30)])
    assert calls == ["pwrite", "fdatasync"]


def test_running_again_puts_nothing_twice(tmp_path: Path, make_event: MakeEvent) -> None:
    """Events that were put before a crash are passed over, also when acknowledged since."""
    box = Outbox(tmp_path)
    box.put([make_event(i) for i in range(1, 6)])
    box.acknowledge([1, 2, 3])
    again = Outbox(tmp_path)
    again.put([make_event(i) for i in range(1, 8)])
    assert sequences(again.take(0, 99)) == [4, 5, 6, 7]
    assert again.last_sequence == 7


def test_the_last_moment_is_known_when_all_is_sent(tmp_path: Path, make_event: MakeEvent) -> None:
    """last_mono and last_sequence outlive acknowledgement, restart and segment changes."""
    box = Outbox(tmp_path)
    assert (box.last_sequence, box.last_mono) == (0, None)
    for i in range(1, 2502):
        box.put([make_event(i, mono=i / 4)]) if i % 100 == 1 else None
    assert box.last_mono == 2501 / 4
    box.acknowledge(range(1, 2502))
    again = Outbox(tmp_path)
    assert (again.last_sequence, again.last_mono, again.waiting) == (2501, 2501 / 4, 0)
    assert again.take(0, 9) == []
    again.put([make_event(2502, mono=700.5)])
    assert again.last_mono == 700.5


def test_refused_events_leave_the_queue_and_stay_on_disk(
    tmp_path: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rejected event is moved with its reason, in any order; what is kept of them is bounded."""
    box = Outbox(tmp_path)
    box.put([make_event(i) for i in range(1, 6)])
    box.reject(4, "0x99 payload format")
    box.reject(2, "0x87 not authorized")
    box.reject(2, "again")
    box.reject(99, "never heard of")
    again = Outbox(tmp_path)
    assert sequences(again.take(0, 9)) == [1, 3, 5]
    assert again.refused == 2
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("refused/*.seg"))
    assert b"0x87 not authorized" in kept
    monkeypatch.setattr(module, "REFUSED_BYTES", 600_000)
    again.put([make_event(i) for i in range(6, 2006)])
    for i in range(6, 2006):
        again.reject(i, "quota " * 100)
    assert sum(path.stat().st_size for path in tmp_path.glob("refused/*.seg")) <= 600_000
    assert sequences(again.take(0, 9)) == [1, 3, 5]


def test_an_event_of_a_later_release_is_set_aside(tmp_path: Path, make_event: MakeEvent) -> None:
    """A kind that this release does not know goes to the refused, and blocks nothing."""
    box = Outbox(tmp_path)
    box.put([make_event(1)])
    box._table.insert({"m": 1.0, "k": "home.teleport", "p": {"id": "x"}})
    box.put([make_event(3)])
    assert sequences(box.take(0, 9)) == [1, 3]
    assert box.refused == 1
    assert box.waiting == 2


@pytest.mark.parametrize("name", ["pwrite", "fdatasync", "fsync"])
def test_putting_again_after_an_error_is_safe(
    tmp_path: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """While the disk fails put raises; once it works, putting the same again stores it once."""
    box = Outbox(tmp_path)
    box.put([make_event(1)])
    events = [make_event(i) for i in range(2, 1200)]
    with monkeypatch.context() as patch:

        def fail(*_: object) -> int:
            raise OSError(errno.EIO, "Input/output error")

        patch.setattr(os, name, fail)
        for _ in range(3):
            with pytest.raises(StorageError, match="Input/output error"):
                box.put(events)
    syncs: list[int] = []
    original = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: syncs.append(fd) or original(fd))
    box.put(events)
    assert syncs, "what an earlier call left is brought to disk now"
    for again in (box, Outbox(tmp_path)):
        assert sequences(again.take(0, 9999)) == list(range(1, 1200))
        assert again.last_sequence == 1199


def test_stored_form_is_the_payload(tmp_path: Path, make_event: MakeEvent) -> None:
    """The payload on disk is the event's, character by character."""
    Outbox(tmp_path).put([make_event(1)])
    data = next(tmp_path.glob("events/*.seg")).read_bytes()
    document = json.loads(data[20 : data.index(b"\n")])
    assert document["p"] == make_event(1).payload
    assert document["k"] == "street.waterlogging"


def test_an_event_whose_number_is_taken_is_told(tmp_path: Path, make_event: MakeEvent) -> None:
    """Events run again under numbers of others are not skipped, and go in under higher ones."""
    box = Outbox(tmp_path)
    box.put([make_event(i) for i in range(1, 6)])
    box.acknowledge([1, 2])
    other = [replace(make_event(i + 100), sequence=i) for i in range(1, 4)]
    shifted = replace(make_event(5), sequence=4)  # it is there, under another number
    assert box.put([*other, shifted, make_event(5)]) == other
    assert sequences(box.take(0, 9)) == [3, 4, 5]
    again = [renumbered(event, number) for number, event in enumerate(other, 6)]
    assert box.put([*again, make_event(9)]) == []
    found = Outbox(tmp_path).take(5, 9)
    assert [event.id for event in found] == ["a101.1", "a102.1", "a103.1", "a9.1"]
    assert [event.payload["sequence"] for event in found[:3]] == [f"{n:012d}" for n in (6, 7, 8)]


def test_what_the_platform_has_had_counts_as_stored(tmp_path: Path, make_event: MakeEvent) -> None:
    """Acknowledged events, their segment deleted or not, and numbers passed over are not asked for."""
    box = Outbox(tmp_path)
    events = [make_event(i) for i in [*range(1, 2000), *range(2003, 4500)]]
    box.put(events)
    box.acknowledge(range(1, 4400))
    again = Outbox(tmp_path)
    assert again.missing([make_event(i) for i in range(1, 4600)]) == []
    assert again.put(events) == []


def test_a_damaged_event_is_asked_for(tmp_path: Path, make_event: MakeEvent) -> None:
    """An event whose record is damaged goes in again when its inputs are run again."""
    box = Outbox(tmp_path)
    events = [make_event(i) for i in range(1, 6)]
    box.put(events)
    box.close()
    file = next(tmp_path.glob("events/*.seg"))
    file.write_bytes(file.read_bytes().replace(b'"a3.1"', b'"a3_1"'))
    box = Outbox(tmp_path)
    assert box.put(events) == [events[2]]
    assert box.put([renumbered(events[2], 6)]) == []
    assert [event.id for event in Outbox(tmp_path).take(0, 9)] == [
        "a1.1", "a2.1", "a4.1", "a5.1", "a3.1",
    ]  # fmt: skip


def test_room_is_made_ahead(
    tmp_path: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new segment takes a rename and a sync of the folder when one was made ahead, else a file."""
    box = Outbox(tmp_path)
    box.put([make_event(1)])
    assert [box.prepare() for _ in range(RESERVE + 1)] == [False] * (RESERVE - 1) + [True] * 2
    calls: list[str] = []
    for name in ("pwrite", "fsync", "fdatasync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, n=name, call=original: calls.append(n) or call(*args)
        )
    assert box.prepare()
    assert calls == []
    box.put([make_event(i) for i in range(2, 1501)])
    assert calls == ["pwrite", "fdatasync", "replace", "fsync", "pwrite", "fdatasync"]
    assert Outbox(tmp_path).prepare(), "those left by an earlier run count"


def test_a_few_skipped_numbers_cost_no_segment(tmp_path: Path, make_event: MakeEvent) -> None:
    """Numbers that never came to the disk leave no hole, no wait and no damage."""
    box = Outbox(tmp_path)
    some = [2, 3, 9, 40, 41, 90]
    for number in some:
        box.put([make_event(number)])
    for path in tmp_path.glob("events/*.ack"):
        path.unlink()
    for again in (box, Outbox(tmp_path)):
        assert sequences(again.take(0, 99)) == some
        assert again.waiting == len(some)
        assert again.damage.count == 0
        assert again.last_mono == make_event(90).mono
    assert len(list(tmp_path.glob("events/*.seg"))) == 1


def test_events_that_the_platform_has_had_stay_for_a_while(
    tmp_path: Path, make_event: MakeEvent
) -> None:
    """For people to look back at; they are neither taken again nor counted as waiting."""
    box = Outbox(tmp_path, history=2)
    box.put([make_event(i) for i in range(1, 5001)])
    box.acknowledge(range(1, 5001))
    assert (box.waiting, box.take(0, 9)) == (0, [])
    kept = sorted(int(path.stem) for path in tmp_path.glob("events/*.seg"))
    assert len(kept) == 2
    assert kept[0] > 1
    box.scrub()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("events/*.seg"))
    assert b'"specversion"' not in left
