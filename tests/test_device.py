"""What the device says of itself: once when it begins, once when it ends, with what was lost."""

from __future__ import annotations

from typing import Any

import pytest
from sites import MONDAY, limits, street

from agent.clock import ManualClock
from agent.device import HELD_S, PEACE_S, QUIET_ROUNDS, Device
from agent.events import DeviceState
from agent.inbox import Inbox
from agent.keeping import Stock
from agent.pipeline.pipeline import Pipeline
from agent.store.buffer import Thinned
from agent.uplink.link import LinkDown, LinkUp

CONFLICT = "identity.conflict"


class Watch:
    """A Device, and what it has told."""

    def __init__(self) -> None:
        self.inbox = Inbox(ManualClock(5000.0, MONDAY))
        self.device = Device(self.inbox, Pipeline(street(), limits()))

    def told(self) -> list[tuple[str, bool]]:
        return [(item.part, bool(item.reason)) for item in self.states()]

    def states(self) -> list[DeviceState]:
        return [item for item in self.inbox.batch(0.0) if isinstance(item, DeviceState)]

    def stock(self, thinned: Thinned, waiting: int = 1, *, are_sent: bool = True) -> None:
        self.device.watch_stock(Stock(0, waiting, 0, 0, 0, thinned), readings_are_sent=are_sent)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def facts(of: DeviceState) -> dict[str, Any]:
    return dict(of.facts)


def test_a_conflict_is_told_once_and_ends_with_a_link_that_holds(watch: Watch) -> None:
    """Both devices get links in turn; only one that lasts for ten minutes is the end of it."""
    now = 0.0
    for link in range(1, 6):
        watch.device.watch_link(LinkUp(link, "b", "5", 20), now)
        watch.device.watch_peace(now + 60.0)
        down = LinkDown(link, "taken over", is_refused=True, part=CONFLICT)
        watch.device.watch_link(down, now + 60.0)
        now += 120.0
    assert watch.told() == [(CONFLICT, True)]
    watch.device.watch_peace(now + 10 * PEACE_S)  # without a link there is no peace
    watch.device.watch_link(LinkUp(9, "b", "5", 20), now)
    watch.device.watch_peace(now + PEACE_S)
    assert watch.told() == []
    watch.device.watch_peace(now + PEACE_S + 1)
    assert watch.told() == [(CONFLICT, False)]


def test_thinning_is_two_events_and_the_last_has_count_and_span(watch: Watch) -> None:
    """However often more is thinned; it ends when nothing waits."""
    for count in range(1000, 6000, 1000):
        watch.stock(Thinned(count, MONDAY, MONDAY + count))
    watch.stock(Thinned(5000, MONDAY, MONDAY + 5000), waiting=0)
    begin, end = watch.states()
    assert (begin.part, end.part, end.reason) == ("storage.thinned", "storage.thinned", "")
    assert facts(begin)["count"] == 1000
    assert facts(end) == {
        "count": 5000,
        "first": "2026-09-21T16:00:00.000Z",
        "last": "2026-09-21T17:23:20.000Z",
    }


def test_thinning_ends_after_an_hour_without_any(watch: Watch) -> None:
    """Even where there is no link and everything else still waits."""
    thinned = Thinned(1000, MONDAY, MONDAY + 60)
    for _ in range(QUIET_ROUNDS):
        watch.stock(thinned)
    assert watch.told() == [("storage.thinned", True)]
    watch.stock(thinned)
    assert watch.told() == [("storage.thinned", False)]


def test_readings_that_nobody_is_to_have_are_thinned_in_silence(watch: Watch) -> None:
    """In a home that sends none, room for them is no fault."""
    watch.stock(Thinned(1000, MONDAY, MONDAY + 60), are_sent=False)
    assert watch.told() == []


def test_a_disk_that_hangs_and_drops_is_told_of_each_once(watch: Watch) -> None:
    """The two do not take turns, an event for each; what was dropped is counted at the end."""
    watch.device.watch_disk(HELD_S - 1)
    assert watch.told() == []
    for _ in range(10):
        watch.device.watch_disk(HELD_S + 1)
        watch.device.count_dropped(5)
    watch.device.watch_disk(0.0)
    watch.stock(Thinned())
    watch.stock(Thinned())
    states = watch.states()
    assert [(item.part, bool(item.reason)) for item in states] == [
        ("storage.slow", True),
        ("storage.behind", True),
        ("storage.slow", False),
        ("storage.behind", False),
    ]
    assert facts(states[-1]) == {"count": 50}
