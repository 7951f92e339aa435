"""What the deciding thread keeps in memory of the queues on disk, and what it asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agent import window
from agent.clock import ManualClock
from agent.events import Event
from agent.keeper import RETRY_S, Keeper
from agent.keeping import Kept, Lent, News, Queue, Trouble
from agent.recovery import Store
from agent.sent import SentMark
from agent.store.buffer import Buffer
from agent.store.diary import Diary
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from agent.window import PATIENCE_S, EventWindow, ReadingWindow
from drivers.reading import Reading

MakeEvent = Callable[..., Event]
MakeReading = Callable[..., Reading]


class Desk:
    """A keeper on a real folder and the windows before it; a test lets the disk work."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.news: deque[News] = deque()
        self.told: list[News] = []
        self.store = Store(
            Buffer(folder / "readings", 64 << 20),
            Outbox(folder / "outbox"),
            Snapshots(folder / "snapshots"),
            Diary(folder / "diary"),
        )
        self.keeper = Keeper(self.store, self.news.append, self.clock.mono)
        self.mark = SentMark(folder / "sent")
        self.events = EventWindow(
            self.keeper, self.store.outbox.last_sequence, self.clock.mono, self.mark
        )
        self.readings = ReadingWindow(self.keeper, self.store.buffer.last_sequence)

    def put(self, *events: Event) -> None:
        self.keeper.keep([], events)
        self.events.put(events)

    def read(self, *readings: Reading) -> None:
        self.keeper.keep(readings, [])
        self.readings.put(readings)

    def turn(self) -> None:
        """Let the disk work, and hear what it says."""
        self.keeper.turn(0.0)
        while self.news:
            news = self.news.popleft()
            self.told.append(news)
            match news:
                case Kept():
                    self.events.kept(news.sequence)
                case Lent(queue=Queue.EVENTS):
                    self.events.answer(news)
                case Lent():
                    self.readings.answer(news)

    def lent(self) -> int:
        return sum(isinstance(news, Lent) for news in self.told)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MOST_EVENTS", 4)
    monkeypatch.setattr(window, "MOST_READINGS", 4)
    monkeypatch.setattr(window, "TIDY", 2)


def numbers(found: Sequence[Event] | None) -> list[int]:
    assert found is not None
    return [event.sequence for event in found]


def test_an_event_waits_for_the_disk_and_no_longer_than_its_patience(
    desk: Desk, make_event: MakeEvent
) -> None:
    """With a hung disk it is given after 0.3 s, and not before."""
    desk.put(make_event(1))
    assert desk.events.take(0, 10) is None
    assert desk.events.not_before == pytest.approx(desk.clock.mono() + PATIENCE_S)
    desk.clock.advance(PATIENCE_S - 0.01)
    assert desk.events.take(0, 10) is None
    assert desk.mark.number == 0
    desk.clock.advance(0.02)
    assert numbers(desk.events.take(0, 10)) == [1]
    assert desk.events.unsaved == 1
    assert desk.mark.number == 1
    assert desk.events.not_before is None


def test_an_event_on_disk_is_given_at_once(desk: Desk, make_event: MakeEvent) -> None:
    """A healthy disk costs no patience, and what is live is never read back."""
    desk.put(make_event(1), make_event(2))
    desk.turn()
    assert numbers(desk.events.take(0, 10)) == [1, 2]
    assert numbers(desk.events.take(1, 10)) == [2]
    assert desk.lent() == 0
    assert desk.mark.number == 0


def test_no_event_overtakes_one_that_waits_for_the_disk(desk: Desk, make_event: MakeEvent) -> None:
    """What is given is everything up to the first that is not on disk yet."""
    desk.put(make_event(1))
    desk.turn()
    desk.put(make_event(2))
    assert numbers(desk.events.take(0, 10)) == [1]
    assert desk.events.take(1, 10) is None


def test_what_an_earlier_run_left_comes_from_the_disk(
    tmp_path: Path, make_event: MakeEvent
) -> None:
    """In order, before anything of this run, and only what is not acknowledged."""
    before = Desk(tmp_path)
    before.put(*(make_event(n) for n in range(1, 6)))
    before.turn()
    before.events.acknowledge([2])
    before.turn()
    desk = Desk(tmp_path)
    desk.put(make_event(6))
    assert desk.events.take(0, 10) is None
    desk.turn()
    assert numbers(desk.events.take(0, 10)) == [1, 3, 4, 5, 6]


def test_memory_is_bounded_and_nothing_leaves_it_before_the_disk_has_it(
    small: None, desk: Desk, make_event: MakeEvent
) -> None:
    """With a hung disk the window grows; once the disk works, the oldest are left to it."""
    for n in range(1, 41):
        desk.put(make_event(n))
    desk.clock.advance(1.0)
    assert numbers(desk.events.take(0, 100)) == list(range(1, 41))
    desk.turn()
    for n in range(41, 81):
        desk.put(make_event(n))
        desk.turn()
    given: list[int] = []
    for _ in range(60):
        given += numbers(desk.events.take(given[-1] if given else 0, 7) or [])
        desk.turn()
    assert given == list(range(1, 81))
    assert desk.lent() > 1


def test_what_cannot_be_read_is_asked_again_only_when_nudged(
    tmp_path: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing disk is not asked in a busy loop."""
    before = Desk(tmp_path)
    before.put(make_event(1))
    before.turn()
    desk = Desk(tmp_path)
    take = desk.store.outbox.take
    asked: list[int] = []

    def fail(after: int, limit: int) -> list[Event]:
        asked.append(after)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(desk.store.outbox, "take", fail)
    for _ in range(20):
        assert desk.events.take(0, 10) is None
        desk.turn()
    assert asked == [0]
    assert Trouble("storage.lent", "Input/output error") in desk.told
    monkeypatch.setattr(desk.store.outbox, "take", take)
    desk.events.nudge()
    desk.events.take(0, 10)
    desk.turn()
    assert numbers(desk.events.take(0, 10)) == [1]


def test_two_places_that_are_asked_for_in_turn_are_both_answered(
    tmp_path: Path, make_event: MakeEvent
) -> None:
    """An urgent event on disk and the oldest one: each is asked for once, not for ever in turn."""
    before = Desk(tmp_path)
    before.put(*(make_event(n) for n in range(1, 9)))
    before.turn()
    desk = Desk(tmp_path)
    for _ in range(20):
        found = [desk.events.take(6, 1), desk.events.take(4, 1), desk.events.take(0, 3)]
        desk.turn()
    assert [numbers(one) for one in found] == [[7], [5], [1, 2, 3]]
    assert desk.lent() == 3


def test_readings_are_given_in_order_from_disk_and_memory(
    small: None, desk: Desk, make_reading: MakeReading
) -> None:
    """Whatever was left to the disk comes first; what is acknowledged does not come again."""
    for n in range(1, 31):
        desk.read(make_reading(n))
        desk.turn()
    given: list[int] = []
    for _ in range(30):
        found = desk.readings.take(given[-1] if given else 0, 7) or []
        given += [reading.stamp.sequence for reading in found]
        desk.readings.acknowledge([reading.stamp.sequence for reading in found])
        desk.turn()
    assert given == list(range(1, 31))
    desk.keeper.flush()
    desk.turn()
    assert desk.store.buffer.waiting == 0


def test_a_repeat_after_a_lost_link_leaves_out_what_was_acknowledged(
    tmp_path: Path, make_reading: MakeReading
) -> None:
    """Also where the disk has not been told of it yet."""
    before = Desk(tmp_path)
    before.read(*(make_reading(n) for n in range(1, 5)))
    before.turn()
    desk = Desk(tmp_path)
    desk.readings.take(0, 2)
    desk.turn()
    desk.readings.acknowledge([1, 2])
    desk.readings.take(0, 4)
    desk.turn()
    found = desk.readings.take(0, 4) or []
    assert [reading.stamp.sequence for reading in found] == [3, 4]


def test_a_fault_of_the_disk_ends_although_no_event_waits_for_it(
    desk: Desk, make_event: MakeEvent, make_reading: MakeReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the platform had every event from memory, the next reading that is synced says so."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store.outbox, "put", fail)
        desk.put(make_event(1))
        desk.turn()
        desk.events.acknowledge([1])
        desk.turn()
    assert desk.told[-1] == Trouble("storage", "No space left on device")
    desk.clock.advance(RETRY_S + 1)
    desk.read(make_reading(2))
    desk.turn()
    assert Trouble("storage", "") in desk.told
