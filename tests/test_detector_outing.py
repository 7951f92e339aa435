"""Outings, by what is perceived alone: when each is told, at what level, and what is learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from routine import at
from sites import home

from agent.detectors import Conclusion, Setup
from agent.detectors.company import Company
from agent.detectors.levels import Doubt
from agent.detectors.outing import Config, Outing, State, due, start, step, subjects, unlearn
from agent.detectors.presence import Door, Home, Place
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role
from drivers.reading import Quantity, Reading, Stamp

BLUE, YELLOW = WarningLevel.BLUE, WarningLevel.YELLOW
DAY = int(at(9) // 86_400)
WEEK = (18,) * 7  # seven leavings at nine
NOON = 12.0


class Person:
    """A home of which is known where its resident is; its clocks differ."""

    def __init__(self, state: State = State(), **limits: float) -> None:  # noqa: B008
        self.setup = Setup(Config(**limits), home(), "home", frozenset(limits))
        self.state, self.seen = state, Home(Place.AWAKE)
        self.said: list[Finding] = []
        self.journal: list[Activity] = []

    def take(self, now: Any) -> None:
        self.state, found = step(self.setup, self.state, now, self.seen)
        self.sort(found)

    def sort(self, found: tuple[Conclusion, ...]) -> None:
        self.said += [f for f in found if isinstance(f, Finding)]
        self.journal += [f for f in found if isinstance(f, Activity)]

    def until(self, hour: float) -> Person:
        """Time passes as the detector asks for it."""
        while (moment := due(self.setup, self.state, self.seen)) is not None and moment <= mono(
            hour
        ):
            before = self.state
            self.take(Tick(stamp(moment)))
            if self.state == before:
                break
        return self

    def leaves(self, hour: float, reason: str = "door") -> Person:
        """Known ten minutes later."""
        self.seen = Home(Place.AWAY, mono(hour), reason)
        self.take(Tick(stamp(mono(hour) + 600)))
        return self

    def returns(self, hour: float, reason: str = "returned", **seen: Any) -> Person:
        """Known a minute later."""
        self.seen = Home(Place.AWAKE, mono(hour), reason, **seen)
        self.take(Tick(stamp(mono(hour) + 60)))
        return self

    def has_no_contact(self) -> None:
        sensors = self.setup.site.sensors
        left = {name: s for name, s in sensors.items() if s.role is not Role.FRONT_DOOR}
        self.setup = replace(self.setup, site=replace(self.setup.site, sensors=left))

    def door(self, hour: float, value: float, sensor: str = "front-door") -> Person:
        self.take(Reading(sensor, Quantity.CONTACT, value, stamp(mono(hour))))
        return self

    @property
    def told(self) -> list[tuple[str, WarningLevel | None]]:
        return [(str(f.evidence.get("reason", "")), f.level) for f in self.said]


def mono(hour: float) -> float:
    """Monotonic second of an hour since the first midnight; `at` gives the wall's."""
    return at(hour) - 1_000_000


def stamp(moment: float) -> Stamp:
    """Of a monotonic second."""
    return Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)


def known(*minutes: float, hours: tuple[int, ...] = WEEK) -> State:
    return State(hours=hours, longest=tuple((m, DAY) for m in minutes))


def test_the_home_is_watched_where_something_watches_its_door() -> None:
    """Nothing at the door, or nobody seen indoors: no outings."""
    whole = home()
    assert set(subjects(whole)) == {"home"}
    assert {"front-door", "entry-pir", "living-pir"} <= set(subjects(whole)["home"])
    for without in ((Role.ENTRY, Role.FRONT_DOOR), (Role.BEDROOM, Role.LIVING, Role.KITCHEN)):
        left = {n: s for n, s in whole.sensors.items() if s.role not in without}
        bare = replace(whole, sensors=left)
        assert subjects(bare) == {}
    for without in (Role.ENTRY, Role.FRONT_DOOR):
        left = {n: s for n, s in whole.sensors.items() if s.role is not without}
        assert set(subjects(replace(whole, sensors=left))) == {"home"}
    assert start(Person().setup, 5.0) == State()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("absent_h", 2, 24),
        ("night_from_h", 0, 24),
        ("night_until_h", 0, 24),
        ("door_open_min", 1, 240),
    ],
)
def test_limits_have_limits(name: str, low: float, high: float) -> None:
    """Both ends are allowed, and what is outside is named."""
    for value in (low, high):
        assert getattr(Config(**{name: value}), name) == value
    for value in (low - 0.5, high + 0.5):
        with pytest.raises(ValueError, match=f"^{name}: {value} is outside {low} to {high}$"):
            Config(**{name: value})


def test_twelve_hours_are_too_long_until_a_week_of_outings_is_known() -> None:
    """At their moment, not a second before; what it rests on is said."""
    person = Person(known(60.0, hours=(18,) * 6)).leaves(9.0).until(20.999)
    assert person.told == []
    person.until(21.0)
    assert person.told == [("absent_long", YELLOW)]
    found = person.said[0]
    assert (found.kind, found.subject, found.onset) == (Kind.OUTING, "home", mono(9.0))
    assert found.sensors == ("entry-pir", "front-door")
    assert found.evidence == {
        "reason": "absent_long", "presence": "away", "for_s": 43_200, "limit": 720, "unit": "min",
        "limit_source": "default", "outings_learned": 6, "left_by": "door",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "hours"), [((480.0, 300.0), 12.0), ((100.0,), 6.0), ((1200.0, 30.0), 18.0)]
)
def test_half_again_as_long_as_ever_is_too_long(minutes: tuple[float, ...], hours: float) -> None:
    """Between six hours and eighteen."""
    person = Person(known(*minutes)).leaves(9.0).until(9 + hours - 0.001)
    assert person.told == []
    person.until(9 + hours)
    assert person.told == [("absent_long", YELLOW)]
    assert (person.said[0].evidence["limit"], person.said[0].evidence["limit_source"]) == (
        60 * hours,
        "learned",
    )


def test_what_was_long_a_year_ago_counts_less() -> None:
    """Ten hours then are five now, beside four of today: seven and a half."""
    long_ago = State(hours=WEEK, longest=((600.0, DAY - 346), (240.0, DAY)))
    person = Person(long_ago).leaves(9.0).until(16.45)
    assert person.told == []
    assert person.until(16.55).told == [("absent_long", YELLOW)]


def test_a_limit_from_the_configuration_is_called_so() -> None:
    """Four hours, while nothing is learned."""
    person = Person(absent_h=4.0).leaves(9.0).until(13.0)
    assert person.said[0].evidence["limit_source"] == "config"
    assert person.said[0].evidence["limit"] == 240


def test_a_day_away_is_a_journey_and_nothing_more_is_told() -> None:
    """Then no time is waited for until somebody is back; that is too long to learn of."""
    person = Person().leaves(9.0).until(32.99)
    assert person.told == [("absent_long", YELLOW)]
    person.until(200.0)
    assert person.told[1:] == [("travelling", BLUE)]
    assert person.said[1].onset == mono(9.0)
    assert due(person.setup, person.state, person.seen) is None
    person.returns(81.0)
    assert person.told[2:] == [("returned", None)]
    assert person.said[2].evidence["for_s"] == 72 * 3600
    assert person.state.hours == ()
    assert len(person.journal) == 1


@pytest.mark.parametrize(
    ("hour", "told"),
    [(23.0, True), (22.99, False), (28.99, True), (29.0, False), (26.0, True)],
)
def test_leaving_at_night_is_told(hour: float, *, told: bool) -> None:
    """Between 23:00 and 05:00, as soon as it is known."""
    person = Person().leaves(hour)
    assert person.told == ([("night_exit", YELLOW)] if told else [])
    assert [found.onset for found in person.said] == [mono(hour)] * told


@pytest.mark.parametrize(
    ("hour", "count", "told"),
    [(10.0, 7, False), (10.5, 7, True), (8.0, 7, False), (7.99, 7, True), (15.0, 6, False)],
)
def test_an_hour_at_which_nobody_left_is_unusual(hour: float, count: int, *, told: bool) -> None:
    """Within an hour of nine, by half-hours; once seven outings are known."""
    person = Person(known(60.0, hours=(18,) * count)).leaves(hour)
    assert person.told == ([("unusual_hour", BLUE)] if told else [])
    assert [found.onset for found in person.said] == [mono(hour)] * told


def test_half_past_twelve_at_night_is_near_half_past_eleven() -> None:
    """The day is a ring."""
    person = Person(known(60.0, hours=(47,) * 7), night_from_h=3.0)
    assert person.leaves(24.5).told == []


def test_without_a_clock_no_hour_is_unusual() -> None:
    """Nothing has told the time since the device started."""
    person = Person(known(60.0))
    person.seen = Home(Place.AWAY, mono(15.0), "door", timed="", boot="second")
    person.take(Tick(stamp(mono(15.0) + 600)))
    assert person.told == []


def test_an_outing_is_written_down_with_when_it_was_known() -> None:
    """From nine to half past ten; the alarm about the hour ends with the return."""
    person = Person(known(60.0, hours=(30,) * 7)).leaves(9.0).returns(10.5)
    assert person.told == [("unusual_hour", BLUE), ("returned", None)]
    assert person.said[1].onset == mono(10.5) + 60
    assert person.said[1].evidence == {"reason": "returned", "for_s": 5400}
    assert (person.said[1].kind, person.said[1].subject) == (Kind.OUTING, "home")
    assert person.journal == [
        Activity("outing", at(9.0), at(9.0) + 600, at(10.5), at(10.5) + 60)
    ]  # fmt: skip
    assert person.state.hours == (30,) * 7 + (18,)
    assert person.state.longest == ((90.0, DAY), (60.0, DAY))
    assert (person.state.out, person.state.told) == (None, "")


@pytest.mark.parametrize(("minutes", "lines"), [(10.0, 1), (9.9, 0)])
def test_less_than_ten_minutes_are_no_outing(minutes: float, lines: int) -> None:
    """Nobody can tell them from somebody who sits by the door."""
    person = Person().leaves(9.0).returns(9.0 + minutes / 60)
    assert (len(person.journal), len(person.state.hours)) == (lines, lines)


def test_a_dead_contact_makes_no_exit_of_a_pass_by_the_door() -> None:
    """At night, too; it is an outing all the same, and told when it lasts."""
    person = Person().leaves(23.5, "no_contact")
    assert person.told == []
    person.until(23.5 + 12.1)
    assert person.told == [("absent_long", YELLOW)]


@pytest.mark.parametrize(
    ("left", "back", "lines"),
    [("no_contact", "moved_inside", 1), ("door", "moved_inside", 0), ("door", "sign", 0)],
)
def test_who_is_seen_indoors_never_left(left: str, back: str, lines: int) -> None:
    """Unless there is no contact at the door that could have told the return."""
    person = Person()
    if lines:
        person.has_no_contact()
    person.leaves(23.5, left).returns(25.0, back)
    assert len(person.journal) == lines
    assert person.told[-1] == ("returned" if lines else back, None)


def test_nothing_is_learned_beside_a_sensor_that_is_not_believed() -> None:
    """It is written down all the same."""
    person = Person().leaves(9.0).returns(11.0, doubts={"entry-pir": Doubt.STUCK})
    assert (len(person.journal), person.state.hours) == (1, ())


@pytest.mark.parametrize(("until", "learned"), [(9.0, 1), (9.01, 0)])
def test_nothing_is_learned_of_an_outing_that_began_in_company(until: float, learned: int) -> None:
    """Somebody else may have left; it is written down all the same."""
    person = Person().leaves(9.0).returns(11.0, company=Company(until=mono(until)))
    assert (len(person.journal), len(person.state.hours)) == (1, learned)


def test_three_absences_stay_and_four_hundred_leavings() -> None:
    """The longest and the latest."""
    person = Person(known(300.0, 200.0, 100.0, hours=(18,) * 400)).leaves(10.0).returns(14.0)
    assert person.state.longest == ((300.0, DAY), (240.0, DAY), (200.0, DAY))
    assert person.state.hours == (18,) * 399 + (20,)
    old = State(longest=((300.0, DAY - 346), (140.0, DAY)))
    learned = Person(old).leaves(9.0).returns(9.0 + 160.04 / 60).state.longest
    assert learned == ((160.0, DAY), (300.0, DAY - 346), (140.0, DAY))


@pytest.mark.parametrize(
    ("hour", "level"),
    [(14.0, BLUE), (21.74, BLUE), (21.75, YELLOW), (29.74, YELLOW), (29.75, BLUE)],
)
def test_a_door_open_for_a_quarter_of_an_hour_is_told(hour: float, level: WarningLevel) -> None:
    """At night, from ten until six, it is yellow; closing it ends it."""
    person = Person().door(hour, 1).door(hour + 0.1, 1).until(hour + 0.249)
    assert person.told == []
    person.take(Tick(stamp(mono(hour + 0.249))))
    assert person.told == []
    person.until(hour + 0.25)
    assert person.told == [("door_left_open", level)]
    found = person.said[0]
    assert found.onset == mono(hour)
    assert found.evidence == {
        "reason": "door_left_open", "presence": "home_awake", "for_s": 900, "limit": 15.0,
        "unit": "min",
    }  # fmt: skip
    assert due(person.setup, person.state, person.seen) is None
    person.door(hour + 1, 0)
    assert person.told[1:] == [("", None)]
    over = person.said[1]
    assert (over.kind, over.subject, over.onset) == (Kind.OUTING, "home", mono(hour + 1))


def test_a_cupboard_is_no_front_door() -> None:
    """Only the contact at the front door counts; one that closes in time is no event."""
    person = Person()
    cupboard = person.setup.site.sensors["kitchen-pir"].name
    assert person.door(NOON, 1, cupboard).until(20.0).told == []
    assert person.door(NOON, 1).door(NOON + 0.2, 0).until(20.0).told == []


def test_a_pause_of_the_agent_tells_nothing_of_the_door() -> None:
    """Nobody knows how long it has stood open."""
    person = Person().door(NOON, 1)
    person.take(Gap(mono(NOON), stamp(mono(NOON + 5))))
    assert person.until(30.0).told == []


def test_the_door_that_was_left_open_is_the_one_that_is_left_by() -> None:
    """Out through it: its alarm ends; back, and it still stands open since the return."""
    person = Person().door(NOON, 1).until(13.0).leaves(14.0, "door_open")
    assert person.told == [("door_left_open", BLUE), ("", None)]
    person.returns(15.0, door=Door(is_open=True))
    assert due(person.setup, person.state, person.seen) == mono(15.25)
    person.leaves(16.0).returns(17.0)
    assert person.state.opened is None


def test_a_clock_that_is_set_moves_the_outing_under_way() -> None:
    """Its moments by the wall, not how long it has lasted."""
    person = Person().leaves(9.0)
    person.take(ClockStep(3600.0, stamp(mono(9.5))))
    assert person.state.out == Outing((mono(9.0), at(10.0)), at(10.0) + 600, "door")
    assert person.said == []


def test_who_is_forgotten_is_still_out() -> None:
    """What was learned goes; the outing under way stays."""
    person = Person(known(60.0)).leaves(9.0)
    left = unlearn(person.state)
    assert (left.hours, left.longest) == ((), ())
    assert left.out == person.state.out
