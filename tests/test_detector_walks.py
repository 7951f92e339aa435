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
from agent.detectors.walks import ENOUGH, Walks, blind, visit

# Rooms along a hall: whoever changes rooms passes it, and rests in one of three.
ROOMS = ("bedroom", "kitchen", "living")


def walk(count: int, seed: int, without: str = "") -> Iterator[str]:
    """Sensors that see somebody go from room to room, nine times of ten by way of the hall."""
    draw = random.Random(seed)
    before = ""
    while count:
        for name in ("hall", draw.choice(ROOMS)) if draw.random() < 0.9 else (draw.choice(ROOMS),):
            if name not in (before, without) and count:
                before, count = name, count - 1
                yield name


def walked(walks: Walks, names: Iterator[str]) -> tuple[Walks, int | None]:
    """The walks after these visits, and how many it took until a sensor was suspected."""
    for number, name in enumerate(names, start=1):
        if name != walks.at:
            walks = visit(walks, name)
        if found := list(blind(walks)):
            assert found == ["hall"]
            return walks, number
    return walks, None


@pytest.mark.parametrize("seed", range(5))
def test_a_sensor_past_which_people_walk_is_suspected_soon(seed: int) -> None:
    """Within a day's visits; and nobody while all of them see."""
    walks, suspected = walked(Walks(), walk(3 * ENOUGH, seed))
    assert suspected is None
    _, suspected = walked(walks, walk(400, seed + 100, without="hall"))
    assert suspected is not None
    assert suspected <= 150


def test_nobody_is_suspected_before_the_walks_are_known() -> None:
    """The first weeks say nothing."""
    walks, _ = walked(Walks(), walk(ENOUGH // 2, 1))
    _, suspected = walked(walks, walk(ENOUGH // 2 - 10, 2, without="hall"))
    assert suspected is None


def test_a_sensor_that_is_seldom_used_is_suspected_when_it_is_missed_for_long() -> None:
    """Walks say nothing about a dead end: two and a half times as many visits as ever do."""
    draw = random.Random(1)
    walks = Walks()
    for n in range(3000):
        walks = visit(walks, ("a", "b")[n % 2])
        if n % 100 == 99 and draw.random() < 0.9:
            walks = visit(walks, "larder")
    assert not list(blind(walks))
    most = max(walks.missed["larder"])
    missed = walks.visits - walks.last["larder"]
    for n in range(most * 4):
        walks = visit(walks, ("a", "b")[n % 2])
        missed += 1
        assert list(blind(walks)) == (["larder"] if missed > 2.5 * most + 60 else [])


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
