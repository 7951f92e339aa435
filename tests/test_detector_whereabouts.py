"""Where the resident is, step by step: what each report, pause and failure changes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest
from routine import at
from sites import home, street, two_state

from agent.detectors import Now, presence
from agent.detectors.levels import Doubt
from agent.detectors.presence import (
    Door,
    Home,
    Place,
    Sign,
    due,
    listens,
    plan,
    start,
    step,
    unlearn,
)
from agent.detectors.walks import Walks
from agent.events import ClockStep, Gap, Tick
from agent.site import Role, Site
from drivers.reading import (
    GOOD,
    Grade,
    Quality,
    Quantity,
    Reading,
    SensorState,
    SensorStatus,
    Stamp,
)

HOME = home()
NO_CONTACT = replace(HOME, sensors={n: s for n, s in HOME.sensors.items() if n != "front-door"})
NOON = at(12) - 1_000_000  # monotonic
LEFT = [(-8, "entry-pir", 1), (-6, "front-door", 1), (-5, "entry-pir", 0), (0, "front-door", 0)]
SECONDS = tuple[float, str, float]


def stamp(seconds: float, boot: str = "test", *, synced: bool = True) -> Stamp:
    """Of seconds after noon."""
    moment = NOON + seconds
    return Stamp(boot, moment, moment + 1_000_000, synced=synced, sequence=1)


class House:
    """A home in which nobody has been seen; seconds count from noon."""

    def __init__(self, site: Site = HOME) -> None:
        known = plan(site)
        assert known is not None
        self.known, self.site, self.home = known, site, start(known, NOON)

    def take(self, now: Now) -> House:
        self.home = step(self.known, self.home, now)
        return self

    def hear(self, seconds: float, sensor: str, value: float, quality: Quality = GOOD) -> House:
        quantity = self.site.sensors[sensor].traits.quantities[0]
        return self.take(Reading(sensor, quantity, value, stamp(seconds), quality))

    def plays(self, *rows: SECONDS) -> House:
        for row in rows:
            self.hear(*row)
        return self

    def pulse(self, seconds: float, sensor: str) -> House:
        return self.plays((seconds, sensor, 1), (seconds + 2, sensor, 0))

    def tick(self, *seconds: float) -> House:
        for moment in seconds:
            self.take(Tick(stamp(moment)))
        return self

    def fails(self, seconds: float, sensor: str, status: SensorStatus) -> House:
        return self.take(SensorState(sensor, status, "gone", stamp(seconds)))

    @property
    def due(self) -> float | None:
        """Seconds after noon."""
        moment = due(self.known, self.home)
        return None if moment is None else round(moment - NOON, 1)

    @property
    def place(self) -> tuple[Place, float, str]:
        return self.home.place, round(self.home.since - NOON, 1), self.home.reason

    @property
    def sign(self) -> tuple[float, str] | None:
        sign = self.home.sign
        return None if sign is None else (round(sign.mono - NOON, 1), sign.sensor)


def lived(site: Site = HOME) -> House:
    """Somebody has been in the living room; all levels are known, the door is closed."""
    house = House(site)
    for sensor in house.known.roles:
        house.hear(-2000, sensor, 0)
    return house.pulse(-1000, "living-pir").tick(-400)


def left(*more: SECONDS) -> House:
    """Somebody has closed the door behind him at noon."""
    return lived().plays(*LEFT, *more)


def away(*rows: SECONDS) -> House:
    """He has been gone for an hour."""
    return left().tick(600, 1800).plays(*rows)


def test_the_sensors_that_can_show_life_are_heard() -> None:
    """A smoke alarm cannot; only a contact at the front door tells whether it is open."""
    cupboard = two_state("cupboard", Role.KITCHEN, Quantity.CONTACT)
    radar = two_state("radar", Role.FRONT_DOOR, Quantity.PRESENCE)
    site = replace(HOME, sensors={**HOME.sensors, "cupboard": cupboard, "radar": radar}, pets=True)
    known = plan(site)
    assert known is not None
    assert set(listens(known)) == set(site.sensors) - {"smoke"}
    assert known.roles["cord"] is Role.BATHROOM
    assert known.contacts == {"front-door"}
    assert known.motion == {"bedroom-pir", "kitchen-pir", "living-pir", "entry-pir"}
    assert (known.zone, known.pets) == ("Asia/Shanghai", True)
    assert start(known, 5.0) == Home(since=5.0)
    assert plan(street()) is None
    blind = {n: s for n, s in site.sensors.items() if s.role in presence.DOOR or n == "cupboard"}
    assert plan(replace(site, sensors=blind)) is None


def test_the_time_is_known_once_it_was_synchronised_in_this_boot() -> None:
    """A new boot has to see it anew; then it may be lost again."""
    house = House()
    seen = []
    for boot, synced in (("a", False), ("a", True), ("a", False), ("b", False), ("b", True)):
        house.take(Tick(stamp(1, boot, synced=synced)))
        seen.append((house.home.boot, house.home.timed, house.home.knows_the_time))
    assert seen == [("a", "", False), ("a", "a", True), ("a", "a", True), ("b", "a", False),
                    ("b", "b", True)]  # fmt: skip


def test_a_sign_is_told_with_the_one_before_it() -> None:
    """By both clocks; whatever else comes is none."""
    house = lived().hear(10, "kitchen-pir", 1)
    assert house.home.sign == Sign(NOON + 10, at(12) + 10, "kitchen-pir")
    before = Sign(NOON - 998, at(12) - 998, "living-pir")
    assert house.home.before == before
    assert house.hear(11, "entry-pir", 0).home.before == before
    others: list[Now] = [
        Tick(stamp(11)),
        SensorState("cord", SensorStatus.STARTING, "", stamp(11)),
        Gap(NOON + 10, stamp(11)),
        ClockStep(0.0, stamp(11)),
        Reading("smoke", Quantity.SMOKE, 1.0, stamp(11)),
        Reading("entry-pir", Quantity.MOTION, 0.0, stamp(11)),
    ]
    for other in others:
        assert house.hear(10, "kitchen-pir", 1).home.is_sign
        sign, before = house.home.sign, house.home.before
        assert not house.take(other).home.is_sign
        assert (house.home.sign, house.home.before) == (sign, before)


def test_what_is_bad_or_not_believed_is_no_sign() -> None:
    """Its level is followed all the same."""
    bad = lived().hear(10, "kitchen-pir", 1, Quality(Grade.BAD, ("range",)))
    assert (bad.sign, bad.home.lines["kitchen-pir"].value) == ((-998, "living-pir"), 1)
    suspect = lived().hear(10, "kitchen-pir", 1, Quality(Grade.SUSPECT, ("rate",)))
    assert suspect.sign == (10, "kitchen-pir")
    house = lived().hear(5, "kitchen-pir", 0)
    house.home = replace(house.home, doubts={"kitchen-pir": Doubt.CHATTER})
    assert house.hear(10, "kitchen-pir", 1).sign == (-998, "living-pir")


@pytest.mark.parametrize(
    ("hour", "sensor", "place"),
    [
        (20.99, "bedroom-pir", Place.AWAKE),
        (21.0, "bedroom-pir", Place.BED),
        (33.99, "bedroom-pir", Place.BED),
        (34.0, "bedroom-pir", Place.AWAKE),
        (22.0, "living-pir", Place.AWAKE),
    ],
)
def test_the_bedroom_is_bed_in_the_hours_of_sleep(hour: float, sensor: str, place: Place) -> None:
    """Since the first sign of it."""
    seconds = (hour - 12) * 3600
    house = House().hear(seconds, sensor, 1)
    assert house.place == (place, round(seconds, 1), "sign")
    assert house.hear(seconds + 5, sensor, 0).place == (place, round(seconds, 1), "sign")
    assert not house.home.is_out


def test_without_the_time_the_bedroom_is_bed_at_any_hour() -> None:
    """Nobody knows better."""
    house = House()
    house.take(Reading("bedroom-pir", Quantity.MOTION, 1.0, stamp(5, synced=False)))
    assert house.place == (Place.BED, 5, "sign")


def test_ten_minutes_after_the_door_nobody_is_inside() -> None:
    """Half an hour after it that is certain; both moments are asked for."""
    house = left().tick(592)  # when a pulse at the entry would have been too long
    assert (house.place[0], house.due) == (Place.AWAKE, 600)
    assert house.tick(599.9).place[0] is Place.AWAKE
    assert house.tick(600).place == (Place.MAYBE_AWAY, 0, "door")
    assert (house.home.is_out, house.due) == (True, 1800)
    assert house.tick(1799.9).place[0] is Place.MAYBE_AWAY
    assert house.tick(1800).place == (Place.AWAY, 0, "door")
    assert (house.home.is_out, house.due) == (True, None)
    assert left().tick(1800).place == (Place.AWAY, 0, "door")
    assert left().tick(1799.9).place == (Place.MAYBE_AWAY, 0, "door")


def test_a_door_that_stays_open_was_left_by_too() -> None:
    """Since it was opened; movements there are of the leaving."""
    house = lived().plays(*LEFT[:3]).hear(50, "entry-pir", 1)
    house.hear(52, "entry-pir", 0).tick(592)
    assert house.due == 652
    assert house.tick(652).place == (Place.MAYBE_AWAY, -6, "door_open")


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ([(2.9, "entry-pir", 1), (5, "entry-pir", 0)], True),
        ([(3.0, "entry-pir", 1), (5, "entry-pir", 0)], False),  # somebody inside
        ([(2, "living-pir", 1), (4, "living-pir", 0), (6, "bedroom-pir", 1)], False),
    ],
)
def test_who_moves_after_the_door_is_inside(rows: list[SECONDS], *, gone: bool) -> None:
    """Unless it begins within three seconds of the closing, and is the leaving."""
    house = left(*rows).tick(599)
    house.hear(599.5, "bedroom-pir", 0)
    assert house.tick(900).home.is_out is gone


@pytest.mark.parametrize(("last", "gone"), [(174, True), (174.1, False)])
def test_who_is_at_the_door_long_after_it_opened_has_not_left(last: float, *, gone: bool) -> None:
    """Three minutes after, who was seen inside meanwhile."""
    house = lived().plays(*LEFT[:3]).pulse(20, "living-pir").pulse(30, "kitchen-pir")
    house.plays((170, "entry-pir", 1), (last, "entry-pir", 0))
    assert house.tick(900).home.is_out is gone


def test_the_entry_alone_is_no_leaving_where_there_is_a_contact() -> None:
    """It has not moved, or nobody knows that it has."""
    assert lived().pulse(0, "entry-pir").tick(1000).place[0] is Place.AWAKE
    assert House().pulse(0, "living-pir").pulse(9, "entry-pir").tick(1000).place[0] is Place.AWAKE
    assert House().tick(1000).place[0] is Place.UNKNOWN


def test_without_a_contact_the_entry_is_the_last_that_is_heard() -> None:
    """And the first."""
    house = lived(NO_CONTACT).pulse(0, "entry-pir")
    assert house.due == 600  # or its pulse would be too long
    assert house.tick(601.9).place[0] is Place.AWAKE
    assert house.tick(602).place == (Place.MAYBE_AWAY, 2, "no_contact")
    house.pulse(3000, "living-pir")
    assert house.home.is_out
    assert house.hear(4000, "entry-pir", 1).place == (Place.AWAKE, 4000, "returned")


def test_a_contact_that_is_not_believed_is_none() -> None:
    """The entry tells then, both ways."""
    house = lived().fails(-500, "front-door", SensorStatus.LOST).pulse(0, "entry-pir")
    assert house.tick(602).place == (Place.MAYBE_AWAY, 2, "no_contact")
    moved = left().fails(5, "front-door", SensorStatus.LOST).pulse(20, "entry-pir").tick(622)
    assert moved.place == (Place.MAYBE_AWAY, 22, "no_contact")
    assert moved.hear(4000, "entry-pir", 1).place == (Place.AWAKE, 4000, "returned")


def test_the_door_brings_somebody_home_since_it_was_opened() -> None:
    """Closing it does not, nor does the entry."""
    house = away((4000, "entry-pir", 1), (4002, "entry-pir", 0))
    assert house.place == (Place.AWAY, 0, "door")
    house.hear(4003, "front-door", 1)
    assert house.place == (Place.AWAKE, 4000, "returned")
    late = away((4000, "entry-pir", 1), (4002, "entry-pir", 0), (4062.1, "front-door", 1))
    assert late.place == (Place.AWAKE, 4062.1, "returned")
    within = away((4000, "entry-pir", 1), (4002, "entry-pir", 0), (4062, "front-door", 1))
    assert within.place == (Place.AWAKE, 4000, "returned")
    opened = lived().plays(*LEFT[:3]).tick(600, 2000).hear(4000, "front-door", 0)
    assert opened.home.is_out
    strays = away().pulse(3990, "living-pir").hear(4000, "front-door", 1)
    assert strays.home.strays == ()


def test_the_first_report_of_the_door_says_how_it_stands() -> None:
    """Not that it moved; told again it says no more."""
    house = House().hear(0, "front-door", 1)
    door = Door(None, is_open=True, first=NOON, last=NOON, opened=1)
    assert house.home.door == door
    assert house.hear(30, "front-door", 1).home.door == door
    shut = House().hear(0, "front-door", 0).hear(30, "front-door", 0)
    assert shut.hear(40, "entry-pir", 0).home.door == Door()
    assert shut.hear(50, "front-door", 1).home.door.moved == NOON + 50
    seen = House().hear(0, "entry-pir", 1).hear(30, "entry-pir", 1)
    assert seen.home.door == Door(rise=NOON, first=NOON, last=NOON)


def test_who_has_come_in_has_not_gone_out_by_the_same_opening() -> None:
    """A second opening may be another leaving."""
    once = away((4000, "front-door", 1), (4006, "front-door", 0))
    assert once.due is None
    assert once.tick(5000).place == (Place.AWAKE, 4000, "returned")
    twice = away((4000, "front-door", 1), (4006, "front-door", 0))
    twice.plays((4030, "front-door", 1), (4036, "front-door", 0))
    assert twice.due == 4636
    assert twice.tick(4636).place == (Place.MAYBE_AWAY, 4036, "door")
    out = away((4000, "front-door", 1), (4006, "front-door", 0)).pulse(4010, "entry-pir")
    out.hear(4030, "front-door", 1)
    assert out.tick(4630).place == (Place.MAYBE_AWAY, 4030, "door_open")
    later = away((4000, "front-door", 1), (4006, "front-door", 0))
    later.plays((4100, "front-door", 1), (4106, "front-door", 0))
    assert later.due == 4706


@pytest.mark.parametrize(
    ("rows", "since"),
    [
        ([(4000, "living-pir")], None),
        ([(4000, "living-pir"), (4600, "living-pir")], None),
        ([(4000, "living-pir"), (4600, "kitchen-pir")], 4000),
        ([(4000, "living-pir"), (4600.1, "kitchen-pir")], None),
        ([(4000, "living-pir"), (4300, "living-pir"), (4600, "living-pir")], 4000),
        ([(4000, "living-pir"), (4300, "living-pir"), (4600.1, "living-pir")], None),
        ([(4000, "living-pir"), (4300, "entry-pir")], None),
    ],
)
def test_two_rooms_or_three_reports_in_ten_minutes_are_somebody(
    rows: list[tuple[float, str]], since: float | None
) -> None:
    """Since the first of them; ends of pulses and the entry do not count."""
    house = away()
    for seconds, sensor in rows:
        house.pulse(seconds, sensor)
    expected = (Place.AWAY, 0, "door") if since is None else (Place.AWAKE, since, "moved_inside")
    assert house.place == expected
    if since is not None:
        assert house.home.strays == ()


def test_the_end_of_a_pulse_is_no_stray() -> None:
    """Of a sensor that stood at 1 when the home was left."""
    house = away().hear(4000, "living-pir", 1)
    assert [(m - NOON, s) for m, s in house.home.strays] == [(4000, "living-pir")]
    house.hear(4002, "living-pir", 0)
    assert len(house.home.strays) == 1
    house.hear(4700, "living-pir", 1)
    assert [(m - NOON, s) for m, s in house.home.strays] == [(4700, "living-pir")]


def test_one_stray_after_the_leaving_refutes_nothing() -> None:
    """The ten minutes count from the leaving."""
    house = left().hear(100, "living-pir", 1)
    assert house.home.gone == Sign(NOON, at(12), "front-door")
    assert [(m - NOON, s) for m, s in house.home.strays] == [(100, "living-pir")]
    house.hear(102, "living-pir", 0).tick(592)
    assert house.due == 600
    assert house.tick(600).place == (Place.MAYBE_AWAY, 0, "door")
    assert (house.home.gone, house.home.strays) == (None, ())


@pytest.mark.parametrize("second", ["kitchen-pir", "entry-pir"])
def test_two_rooms_after_the_leaving_are_somebody_who_stayed(second: str) -> None:
    """A movement at the entry counts like one, a minute after the door."""
    house = left().pulse(100, "living-pir").pulse(200, second)
    assert (house.home.gone, house.home.strays) == (None, ())
    assert not house.tick(2000).home.is_out


def test_a_movement_at_the_entry_belongs_to_the_leaving_for_a_minute() -> None:
    """Then it is a stray like any."""
    near = left().hear(60, "entry-pir", 1)
    assert near.home.gone is None
    far = left().hear(60.1, "entry-pir", 1)
    assert far.home.gone == Sign(NOON, at(12), "front-door")
    assert far.hear(63, "entry-pir", 0).tick(600).home.is_out
    assert not near.hear(63, "entry-pir", 0).tick(700).home.is_out


def test_the_door_after_a_stray_makes_it_a_new_leaving() -> None:
    """Who had not left goes now."""
    house = left().pulse(100, "living-pir").hear(200, "front-door", 1)
    assert (house.home.gone, house.home.strays) == (None, ())
    house.hear(206, "front-door", 0)
    assert house.tick(806).place == (Place.MAYBE_AWAY, 206, "door")


def test_without_a_contact_a_movement_inside_refutes_the_leaving() -> None:
    """There is nothing to tell a stray by."""
    house = lived(NO_CONTACT).pulse(0, "entry-pir").pulse(100, "living-pir")
    assert house.home.gone is None
    assert not house.tick(2000).home.is_out


def test_a_movement_of_ten_minutes_was_no_sign() -> None:
    """The sign before it counts; after six hours the sensor is stuck."""
    house = lived().hear(0, "bedroom-pir", 1)
    assert (house.sign, house.due) == ((0, "bedroom-pir"), 600)
    assert house.tick(599.9).sign == (0, "bedroom-pir")
    house.tick(600)
    assert (house.sign, house.home.before) == ((-998, "living-pir"), None)
    assert house.due == 6 * 3600
    assert house.tick(6 * 3600 - 0.1).home.doubts == {}
    house.tick(6 * 3600)
    assert (house.home.doubts, house.due) == ({"bedroom-pir": Doubt.STUCK}, None)
    assert house.home.stuck_at == math.inf


def test_each_sensor_that_stands_at_1_has_its_own_moment() -> None:
    """The nearest is asked for; a sign of another sensor stays, and so does a doubt."""
    house = lived().hear(0, "bedroom-pir", 1).hear(100, "kitchen-pir", 1)
    house.hear(200, "kitchen-pir", 1)
    assert house.due == 600
    assert house.tick(600).sign == (200, "kitchen-pir")
    assert house.due == 700
    house.home = replace(house.home, doubts={"kitchen-pir": Doubt.CHATTER})
    house.tick(700)
    assert (house.due, house.sign) == (6 * 3600, (200, "kitchen-pir"))
    house.tick(6 * 3600)
    assert house.home.doubts == {"kitchen-pir": Doubt.CHATTER, "bedroom-pir": Doubt.STUCK}
    second = lived().hear(0, "kitchen-pir", 1).tick(600)
    assert second.sign == (-998, "living-pir")
    both = lived().hear(0, "kitchen-pir", 1).hear(0, "living-pir", 1).tick(6 * 3600)
    assert both.home.doubts == {"kitchen-pir": Doubt.STUCK, "living-pir": Doubt.STUCK}
    beside = lived().hear(0, "kitchen-pir", 1).pulse(50, "living-pir").tick(600)
    assert beside.home.before == Sign(NOON + 50, at(12) + 50, "living-pir")
    only = House().hear(0, "bedroom-pir", 1).tick(600)
    assert only.sign == (0, "bedroom-pir")
    radar = two_state("radar", Role.LIVING, Quantity.PRESENCE)
    still = House(replace(HOME, sensors={**HOME.sensors, "radar": radar}))
    assert still.hear(0, "radar", 1).due is None


def test_a_driver_that_fails_takes_its_sensor_away() -> None:
    """One that starts does not; the others stay doubted."""
    house = lived().fails(1, "cord", SensorStatus.STARTING)
    assert house.home.doubts == {}
    house.fails(2, "cord", SensorStatus.LOST).fails(3, "living-pir", SensorStatus.SILENT)
    assert house.home.doubts == {"cord": Doubt.DOWN, "living-pir": Doubt.DOWN}


@pytest.mark.parametrize(("length", "reset", "lost"), [
    (120, False, False), (121, True, False), (3600, True, False), (3601, True, True),
])  # fmt: skip
def test_a_gap_of_minutes_starts_levels_anew_and_one_of_an_hour_the_count(
    length: float, *, reset: bool, lost: bool
) -> None:
    """Nobody knows what happened meanwhile."""
    house = away().hear(4000, "living-pir", 1)
    before = house.home
    end = 4000 + length
    house.take(Gap(NOON + 4000, stamp(end)))
    line = house.home.lines["living-pir"]
    moment = NOON + (end if reset else 4000)
    assert (line.value, line.since, line.heard, line.minute) == (
        1, moment, moment, int(moment // 60)
    )  # fmt: skip
    assert (house.home.strays == ()) is reset
    assert house.home.place is Place.AWAY
    if lost:
        assert house.home.sign == Sign(NOON + end, at(12) + end, "living-pir")
        assert house.home.before is None
    else:
        assert (house.home.sign, house.home.before) == (before.sign, before.before)


def test_a_gap_before_anybody_was_seen_makes_no_sign() -> None:
    """There is nothing to count from."""
    house = House().take(Gap(NOON, stamp(9000)))
    assert house.home.sign is None


def test_a_clock_that_is_set_moves_the_signs_by_the_wall() -> None:
    """Not by the monotonic clock."""
    house = lived().hear(10, "kitchen-pir", 1).take(ClockStep(3600.0, stamp(11)))
    assert house.home.sign == Sign(NOON + 10, at(13) + 10, "kitchen-pir")
    assert house.home.before == Sign(NOON - 998, at(13) - 998, "living-pir")
    assert House().take(ClockStep(3600.0, stamp(11))).home.sign is None


def test_a_sensor_that_may_be_blind_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the visit that tells it; another doubt of it stays, as do the others."""
    monkeypatch.setattr(presence, "blind", lambda *_, **__: iter(["kitchen-pir", "cord"]))
    house = lived().fails(1, "cord", SensorStatus.LOST).hear(10, "bedroom-pir", 1)
    assert house.home.doubts == {"kitchen-pir": Doubt.BLIND, "cord": Doubt.DOWN}


def test_visits_are_counted_by_sensor() -> None:
    """One that comes to another sensor than before; what is no sign is no visit."""
    house = lived()
    visits = house.home.walks.visits
    house.pulse(10, "kitchen-pir").pulse(20, "kitchen-pir").pulse(30, "living-pir")
    assert (house.home.walks.at, house.home.walks.visits) == ("living-pir", visits + 2)


SPOKES = ("bedroom-pir", "kitchen-pir", "entry-pir")


@cache
def paced(*, pets: bool) -> House:
    """Somebody who has always crossed the living room between bedroom, kitchen and entry."""
    house = lived(replace(HOME, pets=pets))
    for n in range(350):
        house.pulse(40 * n, SPOKES[n % 3]).pulse(40 * n + 20, "living-pir")
    return house


def meets(apart_s: float, *, pets: bool = False, value: float = 1.0) -> House:
    """Two of them at once, three times."""
    known = paced(pets=pets)
    house = House(known.site)
    house.home = known.home
    for n in range(3):
        begin, one, other = 15_000 + 100 * n, SPOKES[n], SPOKES[(n + 1) % 3]
        house.hear(begin, one, 1).hear(begin + apart_s, other, value)
        house.hear(begin + 20, one, 0).hear(begin + 20, other, 0)
        house.pulse(begin + 50, "living-pir")
    return house


def test_two_rooms_at_once_are_two_people() -> None:
    """Whose steps are nobody's: the walks know where, and count none."""
    house = meets(4.9)
    assert house.home.company.is_here(NOON + 15_300)
    visits = house.home.walks.visits
    house.pulse(15_400, "kitchen-pir")
    assert (house.home.walks.at, house.home.walks.visits) == ("kitchen-pir", visits)


@pytest.mark.parametrize(
    ("apart_s", "pets", "value"), [(5.1, False, 1.0), (4.9, True, 1.0), (4.9, False, 0.0)]
)
def test_one_after_the_other_is_one_person(apart_s: float, *, pets: bool, value: float) -> None:
    """More than five seconds apart; and a pet makes such pairs all day."""
    house = meets(apart_s, pets=pets, value=value)
    assert not house.home.company.is_here(NOON + 15_300)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([(0, 1), (2, 0)], [(4, 1), (6, 0)]),  # the other begins when one has ended
        ([(30, 1), (40, 0)], [(0, 1), (32, 0)]),  # the other ends when one has begun
    ],
)
def test_the_end_of_a_pulse_makes_no_pair(
    one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    """Somebody has to be seen by both, and to have come to both just now."""
    known = paced(pets=False)
    house = House(known.site)
    house.home = known.home
    for n in range(3):
        begin, names = 15_000 + 100 * n, (SPOKES[n], SPOKES[(n + 1) % 3])
        rows = [(m, names[0], v) for m, v in one] + [(m, names[1], v) for m, v in other]
        for moment, name, value in sorted(rows):
            house.hear(begin + moment, name, value)
        house.pulse(begin + 50, "living-pir")
    assert house.home.company.apart == ()


def test_with_a_pet_one_movement_is_no_sign() -> None:
    """What pets.py takes for hers is; the weak one is kept."""
    house = House(replace(HOME, pets=True)).hear(0, "cord", 0).hear(5, "cord", 1)
    assert house.sign == (5, "cord")
    house.hear(10, "living-pir", 1)
    assert (house.sign, house.home.pet.weak, house.home.is_sign) == ((5, "cord"), NOON + 10, False)
    house.hear(40, "living-pir", 1).hear(70, "living-pir", 1)
    assert house.sign == (70, "living-pir")
    assert lived().pulse(10, "kitchen-pir").home.pet.reports == {}


def test_who_is_forgotten_is_where_she_is() -> None:
    """How she walks is not known any more, nor how busy she is."""
    house = away().hear(4000, "living-pir", 1)
    kept = unlearn(house.home)
    assert (kept.before, kept.strays, kept.walks) == (None, (), Walks())
    assert (kept.place, kept.since, kept.sign) == (Place.AWAY, NOON, house.home.sign)
    assert kept.company.visits == (0,)
    assert (kept.lines, kept.door) == (house.home.lines, house.home.door)
