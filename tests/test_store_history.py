"""No order of putting, sending, refusing, failing disks and power cuts loses or invents an event."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from disks import memory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from power import Disk

from agent.errors import StorageError
from agent.events import Event, Kind
from agent.store.buffer import Buffer
from agent.store.outbox import Outbox
from drivers.reading import Quantity, Reading, Stamp

SEGMENT = 256 * 1024
BOUND = 3 * SEGMENT  # of readings: they are thinned soon
ALL = 10**6


def make(sequence: int, size: int) -> Event:
    payload = {
        "id": f"a{sequence}.1",
        "boot": "b",
        "time": "2026-11-24T00:00:00Z",
        "sequence": f"{sequence:012d}",
        "data": {"clock": "synced", "x": "y" * size},
    }
    return Event(sequence, sequence / 7, Kind.WATERLOGGING, payload)


def reading(sequence: int) -> Reading:
    stamp = Stamp("b", sequence / 7, 1e9 + sequence, synced=True, sequence=sequence)
    return Reading("road", Quantity.DEPTH_MM, 1.0, stamp)


class History(RuleBasedStateMachine):
    """The keeper's part of the agent on a disk that does its worst."""

    folder: Path
    runs: Iterator[int]
    refused = 0
    cuts = 0

    def __init__(self) -> None:
        super().__init__()
        self.home = self.folder / str(next(self.runs))
        self.disk = Disk(self.home)
        self.made: dict[int, Event] = {}  # all that were ever concluded
        self.pending: list[Event] = []  # not known to be on disk
        self.promised: set[int] = set()  # put() has returned for them
        self.done: set[int] = set()  # acknowledged or rejected
        self.rejected: set[int] = set()
        self.next = 1
        self.readings_synced = 0
        self.open()

    def open(self) -> None:
        self.box = Outbox(self.home / "o")
        self.buffer = Buffer(self.home / "r", BOUND)
        self.buffer.keep_from = ALL

    def teardown(self) -> None:
        self.disk.fail(0, 0, 0)
        self.box.close()
        self.buffer.close()
        self.disk.close()
        History.refused += self.disk.refused

    @rule(
        sizes=st.lists(st.integers(0, 90_000), max_size=4),
        skip=st.sampled_from([0, 0, 1, 2, 1000, 2000]),
    )
    def put(self, sizes: list[int], skip: int) -> None:
        """Conclude events; what could not be put before is put again with them."""
        for size in sizes:
            event = self.made[self.next] = make(self.next, size)
            self.pending.append(event)
            self.next += 1
        try:
            clashes = self.box.put(self.pending)
        except StorageError:
            return
        assert clashes == []
        self.promised |= {event.sequence for event in self.pending}
        self.pending.clear()
        self.next += skip

    @rule(count=st.integers(1, 900))
    def append(self, count: int) -> None:
        """Take in readings; a failing disk may cost some, a full buffer the oldest."""
        first = self.buffer.last_sequence + 1
        try:
            self.buffer.extend([reading(number) for number in range(first, first + count)])
            self.buffer.sync()
        except StorageError:
            return
        self.readings_synced = self.buffer.last_sequence

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """The platform has some."""
        there = sorted(self.promised - self.done)
        if there:
            some = data.draw(st.lists(st.sampled_from(there), max_size=8))
            self.box.acknowledge(some)
            self.done |= set(some)

    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        """The platform will never take one."""
        there = sorted(self.promised - self.done)
        if there:
            one = data.draw(st.sampled_from(there))
            self.rejected.add(one)
            try:
                self.box.reject(one, "no")
            except StorageError:
                return
            self.done.add(one)

    @rule(
        code=st.sampled_from([errno.EIO, errno.ENOSPC, errno.EROFS]),
        after=st.integers(0, 5),
        times=st.integers(1, 12),
        sizes=st.lists(st.integers(0, 90_000), min_size=1, max_size=4),
    )
    def break_disk(self, code: int, after: int, times: int, sizes: list[int]) -> None:
        """Let some of the next calls fail, while events are put."""
        self.disk.fail(code, after, times)
        self.put(sizes, 0)

    @rule()
    def mend_disk(self) -> None:
        """Let it work."""
        self.disk.fail(0, 0, 0)

    @rule()
    def prepare(self) -> None:
        """Make a segment ahead."""
        self.box.prepare()
        self.buffer.prepare()

    @rule()
    def kill(self) -> None:
        """Die, and start on what is there."""
        self.disk.fail(0, 0, 0)
        self.go_on()

    @rule(data=st.data())
    def cut_power(self, data: st.DataObject) -> None:
        """Lose what was not synced, or any part of it."""
        History.cuts += 1
        self.disk.cut(
            lambda count: data.draw(st.integers(0, count)), lambda: data.draw(st.booleans())
        )
        self.go_on()

    def go_on(self) -> None:
        """Start; the inputs since the last snapshot are run again and give the same events."""
        self.box._table.spool._writer.close()
        self.buffer._spool._writer.close()
        self.open()
        assert self.box.damage.count == self.buffer.damage.count == 0
        assert self.promised - self.done <= self.stored().keys()
        self.done -= self.stored().keys()  # an acknowledgement may be lost, that is harmless
        again = [self.made[sequence] for sequence in sorted(self.made)]
        assert self.box.put(again) == []
        refused = {document["sequence"] for document in self.box._refused}
        assert self.made.keys() - self.done <= self.stored().keys() | refused
        self.promised |= self.made.keys()
        self.pending.clear()
        assert self.buffer.last_sequence >= self.readings_synced
        self.readings_synced = self.buffer.last_sequence

    def stored(self) -> dict[int, Any]:
        return {event.sequence: event for event in self.box.take(0, ALL)}

    @invariant()
    def nothing_is_lost_or_invented(self) -> None:
        """Events come in order, as they were, all that was promised; readings without holes."""
        events = self.box.take(0, ALL)
        sequences = [event.sequence for event in events]
        assert sequences == sorted(set(sequences))
        assert all(self.made[event.sequence] == event for event in events)
        refused = {document["sequence"] for document in self.box._refused}
        assert refused <= self.rejected
        assert self.promised - self.done <= set(sequences) | refused
        readings = [item.stamp.sequence for item in self.buffer.take(0, ALL)]
        assert readings == list(range(min(readings, default=1), max(readings, default=0) + 1))
        assert max(readings, default=0) >= self.readings_synced
        assert self.buffer.size_bytes <= BOUND + SEGMENT


def test_no_history_loses_an_event(record_property: Any) -> None:
    """What put() has returned for is there until it is acknowledged or rejected, in order."""
    with memory() as folder:
        History.folder, History.runs = folder, iter(range(10**9))
        run_state_machine_as_test(
            History,
            settings=settings(
                max_examples=50,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert History.refused > 50
    assert History.cuts > 50
    record_property("injections", History.refused + History.cuts)
