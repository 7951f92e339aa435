"""The disk's thread under everything that may happen to it, with real files and a virtual clock."""

from __future__ import annotations

import errno
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faulty_disk import FaultyDisk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import MONDAY, street
from test_loop import Life

from agent import keeper, window
from agent.clock import ManualClock
from agent.errors import StorageFull
from agent.events import DeviceState, Event, Input
from agent.inbox import Inbox
from agent.keeping import Stock
from agent.store.diary import Numbered
from agent.store.spool import Spool
from agent.uplink.link import Acked, LinkDown, LinkUp
from drivers.reading import Quantity, Reading, Stamp

ROUNDS = 200
WAIT_S = 10.0
MEMORY = {"MOST_EVENTS": 2, "MOST_READINGS": 4, "TIDY": 2}  # it is soon outgrown
SMALL = (2048, 12, 1)  # bytes, documents, reserve: so that a short life has several segments


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(mono=5000.0, wall=MONDAY)


class Acknowledged(logging.Handler):
    """Ids of the events that the agent has said are on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("event id="):
            self.ids.add(message.split()[1].removeprefix("id="))


class HardLife(Life):
    """A run of the agent whose disk may be slow to answer."""

    is_hung = False

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.link = 0
        self.answered = 0
        self.handed: set[str] = set()
        super().__init__(street(), folder, clock)

    def turn(self) -> None:
        """Let both threads work, or only the deciding one."""
        keep = self.keeper.keep

        def note(
            inputs: Sequence[Input], events: Sequence[Event], activities: Sequence[Numbered]
        ) -> int:
            self.handed |= {event.id for event in events}
            return keep(inputs, events, activities)

        self.keeper.keep = note  # type: ignore[method-assign]
        try:
            if self.is_hung:
                self.loop.turn(0.0)
            else:
                super().turn()
        finally:
            self.keeper.keep = keep  # type: ignore[method-assign]


class Story:
    """Lives on one folder, one after the other, and what the platform has had of them."""

    def __init__(self, folder: Path, disk: FaultyDisk) -> None:
        self.folder, self.disk = folder, disk
        self.clock = ManualClock(mono=5000.0, wall=MONDAY)
        self.taken: set[str] = set()
        self.life = HardLife(folder, self.clock)

    def step(self, what: str, value: float) -> None:  # noqa: C901, PLR0912 - a case for each thing
        """Let one thing happen."""
        life = self.life
        match what:
            case "read":
                life.feed("road-level", Quantity.DISTANCE_MM, 2700 - value, after_s=60.0)
            case "wait":
                self.clock.advance(value / 500)
                life.inbox.tick()
            case "kill":
                self.disk.heal()
                self.life = HardLife(self.folder, self.clock)
            case "power":
                self.disk.heal()
                self.disk.cut_power()
                self.life = HardLife(self.folder, self.clock)
            case "up":
                life.link += 1
                life.answered = len(life.session.sent)
                life.inbox.post(LinkUp(life.link, "b", "5", 20))
            case "down":
                life.inbox.post(LinkDown(life.link, "gone"))
            case "answer":
                self.answer()
            case "refuse":
                self.answer(0x97)
            case "fail":
                self.disk.fail(1 + int(value) % 7, errno.EIO)
            case "full":
                self.disk.fail(1 + int(value) % 40, errno.ENOSPC)
            case "heal":
                self.disk.heal()
            case "hang":
                life.is_hung = True
            case "go on":
                life.is_hung = False
            case "evict":
                life.store.buffer.thin()
        self.life.turn()

    def answer(self, code: int = 0) -> None:
        """The broker takes the oldest message of this link that it has not answered, or does not."""
        life = self.life
        if not life.link or life.answered >= len(life.session.sent):
            return
        message = life.session.sent[life.answered]
        life.answered += 1
        if "/event/" in message.topic and not code:
            self.taken.add(json.loads(message.payload)["id"])
        life.inbox.post(Acked(life.link, life.answered, code))

    def end(self) -> None:
        """Everything is well at last, and stays so."""
        self.disk.heal()
        self.life.is_hung = False
        self.step("up", 0.0)
        for _ in range(ROUNDS):
            self.clock.advance(1.0)
            self.life.inbox.tick()
            self.life.turn()
            while self.life.answered < len(self.life.session.sent):
                self.answer()
                self.life.turn()
            if self.life.delivery.is_idle and not self.life.store.outbox.waiting:
                return
        pytest.fail(f"{self.life.store.outbox.waiting} events wait for ever")


@contextmanager
def story(folder: Path) -> Iterator[tuple[Story, Acknowledged]]:
    log = logging.getLogger("agent.loop")
    heard, level = Acknowledged(), log.level
    log.addHandler(heard)
    log.setLevel(logging.INFO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool.__init__, "__defaults__", SMALL)
        for name, number in MEMORY.items():
            patch.setattr(window, name, number)
        disk = FaultyDisk(folder, patch)
        try:
            yield Story(folder, disk), heard
        finally:
            log.removeHandler(heard)
            log.setLevel(level)
            disk.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.floats(0, 520)),
        st.tuples(
            st.sampled_from(["kill", "power", "up", "down", "answer", "refuse", "heal", "hang", "go on", "evict"]),
            st.just(0.0),
        ),
        st.tuples(st.sampled_from(["wait", "fail", "full"]), st.floats(0, 500)),
    ),
    min_size=5,
    max_size=80,
)  # fmt: skip
SLOW = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(STEPS)
def test_no_fault_in_any_order_loses_an_event(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]
) -> None:
    """What was said to be on disk arrives, and so does all that the last life concluded."""
    with story(tmp_path_factory.mktemp("story")) as (told, heard):
        for what, value in steps:
            told.step(what, value)
        told.end()
        assert heard.ids <= told.taken
        assert told.life.handed <= told.taken


def played(folder: Path, depths: Sequence[float], kills: set[int]) -> list[tuple[Any, ...]]:
    with story(folder) as (told, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inbox, "gap", lambda *_: None)
        for number, depth in enumerate(depths):
            if number in kills:
                told.step("kill", 0.0)
            told.step("read", depth)
        events = told.life.stored()
        return [(e.id, e.sequence, e.payload["data"]["level"], e.payload["type"]) for e in events]


@SLOW
@given(st.lists(st.floats(0, 520), min_size=3, max_size=50), st.sets(st.integers(0, 49)))
def test_a_restart_at_any_point_equals_no_restart(
    tmp_path_factory: pytest.TempPathFactory, depths: list[float], kills: set[int]
) -> None:
    """But for the gap that it is told of, being killed any number of times changes no event."""
    whole = played(tmp_path_factory.mktemp("whole"), depths, set())
    assert played(tmp_path_factory.mktemp("killed"), depths, kills) == whole


@contextmanager
def hung(life: Life) -> Iterator[None]:
    """A disk whose sync does not return, under a thread of its own."""
    is_hung, may_go = threading.Event(), threading.Event()
    sync = life.store.buffer.sync

    def wait() -> None:
        is_hung.set()
        may_go.wait(WAIT_S)
        sync()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(life.store.buffer, "sync", wait)
        life.keeper.start()
        life.inbox.emitter("road-level")(Quantity.DISTANCE_MM, 2700.0)
        life.loop.turn(0.0)
        assert is_hung.wait(WAIT_S)
        yield
        may_go.set()
        assert life.keeper.stop(WAIT_S)


def test_a_stop_with_a_hung_disk_takes_no_longer_than_it_may(
    tmp_path: Path, clock: ManualClock
) -> None:
    """It says that the disk has not finished, and the agent ends all the same."""
    life = Life(street(), tmp_path, clock)
    with hung(life):
        begun = time.monotonic()
        assert not life.keeper.stop(0.2)
        assert time.monotonic() - begun < 1.0


def test_how_long_a_disk_has_not_answered_is_known(tmp_path: Path, clock: ManualClock) -> None:
    """While it hangs the time counts; while nothing is asked of it, there is none."""
    life = Life(street(), tmp_path, clock)
    assert life.keeper.held_s == 0
    with hung(life):
        clock.advance(12.0)
        assert life.keeper.held_s == pytest.approx(12.0)
    assert life.keeper.held_s == 0


def test_readings_that_a_disk_is_too_slow_for_are_counted_and_nothing_else_is_dropped(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound only readings go, each of them counted; what caught up is taken again."""
    monkeypatch.setattr(keeper, "MOST_INPUTS", 10)
    life = Life(street(), tmp_path, clock)
    stamps = [
        Stamp("test", clock.mono() + n, clock.wall() + n, synced=True, sequence=100 + n)
        for n in range(40)
    ]
    readings = [Reading("road-level", Quantity.DISTANCE_MM, 2700.0, stamp) for stamp in stamps]
    dropped = sum(life.keeper.keep([reading], []) for reading in readings[:30])
    assert dropped == 19
    fault = DeviceState("storage.slow", "slow", stamps[30])
    assert life.keeper.keep([fault], []) == 0
    life.keeper.turn(0.0)
    kept = [item for item in life.store.buffer.since(99) if item.stamp.sequence >= 100]
    assert kept == [*readings[:11], fault]
    assert life.keeper.keep([readings[31]], []) == 0


def refuse(*_: object) -> None:
    raise StorageFull(errno.ENOSPC, "No space left on device")


def test_readings_wait_in_memory_for_a_disk_that_refuses_them(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outgrown by the window they are lent from memory, and written once the disk takes them."""
    monkeypatch.setattr(window, "MOST_READINGS", 3)
    life = Life(street(), tmp_path, clock)
    with monkeypatch.context() as patch:
        patch.setattr(life.store.buffer, "extend", refuse)
        for depth in range(40):
            life.feed("road-level", Quantity.DISTANCE_MM, 2700.0 - depth, after_s=2.0)
        life.connect()
        sent = [entry["v"] for m in life.session.sent if "/reading/" in m.topic
                for entry in json.loads(m.payload)]  # fmt: skip
        assert sent == [2700.0 - depth for depth in range(40)]
        assert not [item for item in life.store.buffer.since(0) if isinstance(item, Reading)]
    clock.advance(2.0)
    life.inbox.tick()
    life.turn()
    written = [item for item in life.store.buffer.since(0) if isinstance(item, Reading)]
    assert [item.value for item in written] == sent


def test_readings_that_memory_has_no_room_for_are_counted_with_their_span(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that a refusing disk leaves in memory the oldest go; the sent ones are no loss."""
    monkeypatch.setattr(keeper, "MOST_UNWRITTEN", 10)
    life = Life(street(), tmp_path, clock)
    told: list[Stock] = []
    monkeypatch.setattr(life.keeper, "_post", told.append)
    begun = clock.wall()
    stamps = [
        Stamp("test", clock.mono() + n, begun + n, synced=True, sequence=100 + n) for n in range(30)
    ]
    with monkeypatch.context() as patch:
        patch.setattr(life.store.buffer, "extend", refuse)
        for stamp in stamps:
            life.keeper.keep([Reading("road-level", Quantity.DISTANCE_MM, 2700.0, stamp)], [])
            if stamp.sequence == 105:
                life.keeper.acknowledge_readings([100, 101])
                life.keeper.flush()
            clock.advance(2.0)
            life.keeper.turn(0.0)
    clock.advance(2.0)
    life.keeper.count()
    life.keeper.turn(0.0)
    stock = next(news for news in told if isinstance(news, Stock))
    assert (stock.thinned.count, stock.readings_waiting) == (18, 11)  # with the start
    assert (stock.thinned.first_wall, stock.thinned.last_wall) == (begun + 2, begun + 19)
    kept = [item.stamp.sequence for item in life.store.buffer.since(99)]
    assert kept == list(range(120, 130))


def test_a_failing_disk_is_asked_once_a_second(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the thread turns, events that cannot be put are put again every second."""
    life = Life(street(), tmp_path, clock)
    asked: list[float] = []

    def fail(events: Sequence[Event]) -> None:
        asked.append(clock.mono())
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(life.store.outbox, "put", fail)
    life.inbox.device_state("storage", "for a test")
    for _ in range(100):
        life.loop.turn(0.0)
        life.keeper.turn(0.0)
        clock.advance(0.1)
    assert 9 <= len(asked) <= 11
