"""Too few sensors that can be believed, by the doubts alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sites import home, street, two_state

from agent.detectors import Setup
from agent.detectors.coverage import Config, State, due, start, step, subjects
from agent.detectors.levels import Doubt
from agent.detectors.presence import Home, Place
from agent.events import Finding, Kind, Tick, WarningLevel
from agent.site import Role
from drivers.reading import Quantity, Stamp

SITE = replace(
    home(),
    sensors={
        **home().sensors,
        "bedroom-2": two_state("bedroom-2", Role.BEDROOM, Quantity.PRESENCE),
        "hall-pir": two_state("hall-pir", Role.HALL, Quantity.MOTION),
    },
)  # bedroom twice, kitchen, living, hall; the cord in the bathroom sees nobody move
BEDS = ("bedroom-pir", "bedroom-2")


class Person:
    """A home, and the sensors that are not believed."""

    def __init__(self) -> None:
        self.setup = Setup(Config(), SITE, "home")
        self.state = start(self.setup, 0.0)
        self.said: list[Finding] = []

    def doubts(self, *names: str, why: Doubt = Doubt.STUCK, at: float = 100.0) -> Person:
        return self.sees(dict.fromkeys(names, why), at)

    def sees(self, doubts: dict[str, Doubt], at: float = 100.0) -> Person:
        seen = Home(Place.AWAKE, doubts=doubts)
        now = Tick(Stamp("test", at, at + 1_000_000, synced=True, sequence=1))
        self.state, found = step(self.setup, self.state, now, seen)
        self.said += [f for f in found if isinstance(f, Finding)]
        return self


def test_the_home_is_watched_where_a_room_sees_people_move() -> None:
    """Nothing is waited for."""
    assert set(subjects(SITE)) == {"home"}
    assert {"front-door", "hall-pir"} <= set(subjects(SITE)["home"])
    assert subjects(street()) == {}
    person = Person()
    assert person.state == State()
    assert due(person.setup, person.state, Home()) is None


@pytest.mark.parametrize(
    ("names", "reason", "rooms"),
    [
        ((), "", []),
        (("living-pir",), "", []),
        (("living-pir", "hall-pir"), "", []),  # half of the rooms
        (("living-pir", "hall-pir", "kitchen-pir"), "dark", ["kitchen", "living", "hall"]),
        (BEDS, "dark", ["bedroom"]),
        (("bedroom-pir",), "", []),  # the other sees it
        (("bedroom-2",), "", []),
        (("entry-pir", "front-door"), "", []),  # no rooms
        (("cord", "smoke"), "", []),
    ],
)
def test_too_little_is_seen_without_the_bedroom_or_half_of_the_rooms(
    names: tuple[str, ...], reason: str, rooms: list[str]
) -> None:
    """Yellow, with the rooms in which nobody is seen."""
    person = Person().doubts(*names)
    assert [f.evidence["reason"] for f in person.said] == ([reason] if reason else [])
    if reason:
        found = person.said[0]
        assert (found.kind, found.subject) == (Kind.DEGRADED, "home")
        assert (found.level, found.onset) == (WarningLevel.YELLOW, 100.0)
        assert found.sensors == tuple(sorted(names))
        assert found.evidence == {
            "reason": "dark", "rooms": rooms, "doubts": dict.fromkeys(sorted(names), "stuck"),
        }  # fmt: skip
        assert person.state == State(tuple(sorted(names)))


def test_one_blind_sensor_is_too_little() -> None:
    """Whichever it is, for all the others are asked instead; the rooms are told beside."""
    person = Person().doubts("hall-pir", why=Doubt.BLIND)
    assert person.said[0].evidence == {
        "reason": "blind", "rooms": ["hall"], "doubts": {"hall-pir": "blind"},
    }  # fmt: skip
    both = Person().sees({"kitchen-pir": Doubt.STUCK, "entry-pir": Doubt.BLIND})
    assert both.said[0].evidence["reason"] == "blind"
    assert both.said[0].evidence["rooms"] == ["kitchen"]
    assert list(both.said[0].evidence["doubts"]) == ["entry-pir", "kitchen-pir"]


def test_it_is_told_once_and_anew_when_other_sensors_are_not_believed() -> None:
    """Why they are not does not matter."""
    person = Person().doubts(*BEDS).doubts(*BEDS, at=200).doubts(*BEDS, why=Doubt.DOWN)
    assert len(person.said) == 1
    person.doubts(*BEDS, "entry-pir", at=300)
    assert [(f.level, f.onset) for f in person.said] == [
        (WarningLevel.YELLOW, 100.0),
        (WarningLevel.YELLOW, 300.0),
    ]


@pytest.mark.parametrize("left", [(), ("bedroom-2", "hall-pir")])
def test_it_ends_when_enough_is_seen_again(left: tuple[str, ...]) -> None:
    """Though some may still be doubted; and it can come again."""
    person = Person().doubts(*BEDS).doubts(*left, at=500)
    over: Any = person.said[1]
    assert (over.kind, over.subject, over.level, over.onset) == (
        Kind.DEGRADED,
        "home",
        None,
        500.0,
    )
    assert (over.sensors, over.evidence, person.state) == ((), {}, State())
    assert len(person.doubts(*left, at=600).said) == 2
    assert len(person.doubts(*BEDS, at=700).said) == 3
