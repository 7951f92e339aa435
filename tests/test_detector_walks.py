"""Which sensor may be blind, by the walks past it; and that deadlines are met as they were set."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from routine import at, passing, stirring
from sites import Player, home

from agent.detectors import outing
from agent.detectors.hours import hour, next_at
from agent.detectors.walks import (
    ENOUGH,
    Walks,
    awaiting,
    blind,
    never_seen,
    suspected,
    visit,
)

# Rooms along a hall: whoever changes rooms passes it, and rests in one of three.
ROOMS = ("bedroom", "kitchen", "living")
PAUSE_S = 500.0
DOOR = frozenset({"door"})


def walk(count: int, seed: int, without: str = "") -> Iterator[str]:
    """Sensors that see somebody go from room to room, nine times of ten by way of the hall."""
    draw = random.Random(seed)
    before = ""
    while count:
        for name in ("hall", draw.choice(ROOMS)) if draw.random() < 0.9 else (draw.choice(ROOMS),):
            if name not in (before, without) and count:
                before, count = name, count - 1
                yield name


class Walker:
    """Walks in the making."""

    def __init__(self) -> None:
        self.walks, self.now = Walks(), 0.0

    def goes(self, name: str, after_s: float = PAUSE_S) -> None:
        """Somebody comes to a sensor so long after the last sign."""
        before = self.now if self.walks.at else None
        self.now += after_s
        self.walks = visit(self.walks, name, self.now, before)

    def walked(self, names: Iterator[str]) -> int | None:
        """How many visits it takes until the hall is suspected, and nobody else."""
        for number, name in enumerate(names, start=1):
            if name != self.walks.at:
                self.goes(name, 20 if self.walks.at == "hall" else 450)
            if found := self.blind():
                assert found == ["hall"]
                return number
        return None

    def blind(self) -> list[str]:
        return list(blind(self.walks, self.now))


@pytest.mark.parametrize("seed", range(5))
def test_a_sensor_past_which_people_walk_is_suspected_soon(seed: int) -> None:
    """Within a day's visits, half of it sooner; and nobody while all of them see."""
    walker = Walker()
    assert walker.walked(walk(3 * ENOUGH, seed)) is None
    number = walker.walked(walk(400, seed + 100, without="hall"))
    assert number is not None
    assert number <= 150
    assert list(suspected(walker.walks, walker.now)) == ["hall"]


def test_nobody_is_suspected_before_the_walks_are_known() -> None:
    """The first weeks say nothing."""
    walker = Walker()
    walker.walked(walk(ENOUGH // 2, 1))
    assert walker.walked(walk(ENOUGH // 2 - 10, 2, without="hall")) is None


def test_a_night_in_which_nobody_was_in_bed_speaks_against_the_bedroom() -> None:
    """Bathroom, eight hours, bathroom: one such night is half of what it takes, and two are all."""
    walker = Walker()
    for _ in range(60):
        for _ in range(10):
            walker.goes("living", 900)
            walker.goes("bathroom", 300)
        walker.goes("bedroom", 60)
        walker.goes("bedroom", 4 * 3600)
        walker.goes("bathroom", 30)
    keen = frozenset({"bedroom"})
    nights = 0
    while not list(blind(walker.walks, walker.now, keen)):
        for _ in range(10):
            walker.goes("living", 900)
            walker.goes("bathroom", 300)
        assert not list(blind(walker.walks, walker.now, keen))
        walker.goes("bathroom", 8 * 3600)
        nights += 1
    assert nights <= 2
    assert list(blind(walker.walks, walker.now, keen)) == ["bedroom"]


def test_who_stays_at_home_makes_no_door_look_blind() -> None:
    """Five times as many visits without an outing as ever are nothing."""
    walker = Walker()
    for n in range(600):
        for name in ("living", "hall", "kitchen", "hall"):
            walker.goes(name)
        if n % 12 == 0:
            walker.walks = visit(walker.walks, "door", walker.now + 9, walker.now, DOOR)
            walker.now += 9
    for _ in range(60):
        for name in ("living", "hall", "kitchen", "hall"):
            walker.now += PAUSE_S
            walker.walks = visit(walker.walks, name, walker.now, walker.now - PAUSE_S, DOOR)
            assert "door" not in blind(walker.walks, walker.now, door=DOOR)


def test_a_sensor_that_is_seldom_used_is_suspected_when_it_is_missed_for_long() -> None:
    """Walks say nothing about a dead end: two and a half times as many visits as ever do."""
    draw = random.Random(1)
    walker = Walker()
    for n in range(3000):
        walker.goes(("a", "b")[n % 2])
        if n % 100 == 99 and draw.random() < 0.9:
            walker.goes("larder")
    assert not walker.blind()
    most = max(walker.walks.missed["larder"])
    missed = walker.walks.visits - walker.walks.last["larder"]
    for n in range(most * 4):
        walker.goes(("a", "b")[n % 2])
        missed += 1
        assert "larder" in walker.blind() or missed <= 2.5 * most + 60
    assert walker.blind() == ["larder"]


def never(walker: Walker) -> list[str]:
    return list(never_seen(walker.walks, ("living", "study"), ("contact",), ("entry",)))


def test_a_motion_sensor_that_never_saw_anybody_is_told_after_a_day_of_life() -> None:
    """24 hours in which others saw somebody, from when it was fitted; never one that has."""
    walker = Walker()
    for number in range(60):
        if number in (0, 30):
            new = ("living", "study") if number else ("living",)
            walker.walks = awaiting(walker.walks, new)
        assert never(walker) == (["study"] if number >= 54 else [])
        walker.goes("living", 3600)


@pytest.mark.parametrize(("outings", "hours"), [(0, 100), (2, 100), (3, 24)])
def test_a_contact_that_never_moved_is_told_when_somebody_left(outings: int, hours: int) -> None:
    """After three silences between two signs at the entry; without them after a hundred hours."""
    walker = Walker()
    walker.walks = awaiting(walker.walks, ("living", "contact"))
    for number in range(120):
        assert never(walker) == (["contact"] if walker.walks.hours >= hours else [])
        if number < outings:
            walker.goes("entry", 600)
            walker.goes("entry", 3000)
        else:
            walker.goes("living", 3600)


@settings(max_examples=60, deadline=None)
@given(st.floats(2.0, 20.0))
@example(12.3457)
def test_a_deadline_is_met_at_its_moment(absent_h: float) -> None:
    """Whatever the numbers round to: too long away is told, once, and no detector stumbles."""
    player = Player(home(), outing=outing.Config(absent_h=absent_h))
    player.play(at(11), "front-door", 0)
    player.play_all(stirring(11.5, 11.6, "living-pir", 30))
    player.play_all(passing(11.75, out=True))
    told = player.until(at(11.75) + 26 * 3600)
    found = [(e.kind.value, e.payload["data"]["evidence"].get("reason")) for e in told]
    assert found == [("home.outing", "absent_long"), ("home.outing", "travelling")]
    assert told[0].mono == pytest.approx(at(11.75) + absent_h * 3600, abs=0.001)


BERLIN = "Europe/Berlin"


@given(st.floats(1_767_225_600, 1_798_761_600), st.floats(0.0, 23.99))
def test_the_next_time_of_day_is_the_next_that_clocks_show(wall: float, local_h: float) -> None:
    """Through 2026, with its days of 23 and 25 hours; an hour that is skipped comes as much later."""
    found = next_at(BERLIN, wall, local_h)
    assert 0 < found - wall <= 25 * 3600
    shown = hour(BERLIN, found)
    assert min(abs(shown - local_h), abs(shown - local_h - 1)) < 0.001
