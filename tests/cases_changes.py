"""Cases of changes in a home, in its device and in its clock: nothing false is told, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from cases import ROLES, case, over, told
from cases_told import DEGRADED, MEALS, SLEEP, STILL
from resident import Day, Life, on

BERLIN = "Europe/Berlin"


def collapse(life: Life, day: int) -> None:
    """Nobody moves in the living room from a quarter to twelve on."""
    life.silence(on(day, 11.7))
    life.stir(on(day, 11.6), on(day, 11.75), "living-pir", 2)


@case(
    "A sensor for the study is added: its evenings there are no event, and a collapse is told as ever.",
    must=(told(STILL, "orange", "line|day|hour", 19, 12.6, 14),),
    until=on(19, 14.5),
    roles={**ROLES, "work-pir": "work"},
)
def sensor_added(life: Life) -> None:
    life.live(range(16, 20))
    life.off(on(16, 8), on(16, 8.05))
    for day in range(16, 19):
        life.swap(on(day, 19), {"living-pir": "work-pir"}, on(day, 22.2))
    collapse(life, 19)


@case(
    "A sensor moves from the living room to the study, and the configuration says so: no event; a "
    "collapse is told by the hour.",
    must=(told(STILL, "orange", "line|day|hour", 19, 12.6, 14),),
    until=on(19, 14.5),
    roles={**ROLES, "living-pir": "work"},
)
def sensor_moved(life: Life) -> None:
    life.live(range(16, 20))
    life.off(on(16, 8), on(16, 8.05))
    collapse(life, 19)


@case(
    "Two sensors change places and nobody says so: nobody is sent for, and a collapse is still told.",
    must=(told(STILL, "orange", "", 19, 12.6, 15.6),),
    may=(told(STILL, "red", "ceiling", 19, 15.6, 16),),
    beside={STILL: "yellow", SLEEP: "blue", MEALS: "blue", DEGRADED: "yellow"},
    until=on(19, 16),
)
def sensors_exchanged_unknown(life: Life) -> None:
    life.live(range(16, 20))
    collapse(life, 19)
    life.swap(on(16, 0), {"living-pir": "bathroom-pir", "bathroom-pir": "living-pir"})


@case(
    "A visitor for two hours on two days is no event and teaches nothing: a collapse is told as ever.",
    must=(told(STILL, "orange", "line|day|hour", 18, 12.6, 13.6),),
    until=on(18, 14.5),
)
def visitor(life: Life) -> None:
    life.live(range(16, 19))
    for day in (16, 17):
        visitors(life, on(day, 14), 2, 1)
    collapse(life, 18)


@case(
    "Three visitors for six hours on two days are no event: nothing is learned of them, and no "
    "sensor is blind where none of them goes.",
)
def house_full_of_visitors(life: Life) -> None:
    life.live(range(16, 18))
    for day in (16, 17):
        visitors(life, on(day, 14), 6, 3)


def visitors(life: Life, at: float, hours: float, count: int) -> None:
    """So many who come with her, and leave without her."""
    life.come(at)
    for room, every_min in (
        ("living-pir", 2),
        ("hall-pir", 6),
        ("bathroom-pir", 30),
        ("kitchen-pir", 7),
    ):
        life.stir(at + 0.1, at + hours, room, every_min / count)
    life.tell(at + hours, "front-door", 1)
    life.tell(at + hours + 0.003, "front-door", 0)
    life.stir(at + hours + 0.01, at + hours + 0.1, "living-pir", 2)


def _clock(ahead_h: float) -> Callable[[Life], None]:
    def lives(life: Life) -> None:
        life.live([16, 17])
        life.set_clock(on(16, 13.6), ahead_h)
        life.set_clock(on(16, 16.9), 0)
        collapse(life, 17)

    return lives


_AS_EVER = {
    "must": (told(STILL, "orange", "line|day|hour", 17, 12.6, 13.6),),
    "until": on(17, 14.5),
}


@case("A clock that goes eight hours ahead for three hours is no event; a collapse later is told.",
      **_AS_EVER)  # fmt: skip
def clock_eight_hours_ahead(life: Life) -> None:
    _clock(8)(life)


@case("A clock that goes eight hours behind for three hours is no event; a collapse later is told.",
      **_AS_EVER)  # fmt: skip
def clock_eight_hours_behind(life: Life) -> None:
    _clock(-8)(life)


@case(
    "Dinner is had while the clock goes wrong: nobody knows, and none was missed.",
    keeps="a slot of which the agent has not seen the beginning",
)
def dinner_under_a_wrong_clock(life: Life) -> None:
    life.live([16])
    life.set_clock(on(16, 16.9), 8)
    life.set_clock(on(16, 19.9), 0)


@case(
    "Dinner is had during a power cut: nobody knows, and none was missed.",
    keeps="a slot of which the agent has not seen the beginning",
)
def dinner_during_a_power_cut(life: Life) -> None:
    life.live([16])
    life.off(on(16, 17.5), on(16, 19.1), boots=True)


@case(
    "The clock is set eight hours ahead in the middle of a collapse: told within the ceiling.",
    must=(told(STILL, "orange", "", 16, 12.5, 15.8),),
    may=(told(STILL, "red", "", 16, 13.5, 24),),
    beside={MEALS: "yellow"},
)
def clock_set_while_nobody_moves(life: Life) -> None:
    life.live([16])
    collapse(life, 16)
    life.repeat(on(16, 12.2), on(16, 12.3), "smoke", 0, 60)
    life.set_clock(on(16, 12.21), 8)
    life.repeat(on(16, 12.3), on(16, 24), "smoke", 0, 60)


@case(
    "A reboot of three minutes in the middle of a collapse: told half an hour later at most.",
    must=(told(STILL, "orange", "line|day|hour", 16, 12.6, 13.3),),
    until=on(16, 14),
)
def reboot_while_nobody_moves(life: Life) -> None:
    life.live([16])
    collapse(life, 16)
    life.off(on(16, 12.6), on(16, 12.65), boots=True)


@case(
    "A collapse that was found after four hours is no habit: half again the limit that held is "
    "learned, and the next is told after three hours.",
    must=(told(STILL, "orange", "line|day|hour", 16, 12.6, 13.6), over(STILL, 16, 15.5, 15.6),
          told(STILL, "orange", "line", 17, 12.6, 14.75)),
    keeps="no more of one than half again the limit that held",
    beside={MEALS: "yellow"},
    until=on(17, 15),
)  # fmt: skip
def incident_is_no_habit(life: Life) -> None:
    life.live([16, 17])
    life.silence(on(16, 11.7), on(16, 15.5))
    life.stir(on(16, 11.6), on(16, 11.75), "living-pir", 2)
    life.stir(on(16, 15.5), on(16, 15.6), "living-pir", 2)
    collapse(life, 17)


# Nothing is done at night between two and four, of which an hour is missing or comes twice.
BERLIN_DAY = Day(exits=(4.2,))
SPRING = {"zone": BERLIN, "first": date(2026, 3, 13)}  # summer time begins on day 16
AUTUMN = {"zone": BERLIN, "first": date(2026, 10, 9)}  # summer time ends on day 16


def _fortnight(life: Life) -> None:
    life.live(range(16), BERLIN_DAY)
    life.silence(0, on(0, 9.8))


@case("An ordinary fortnight before summer time.", follows="", **SPRING)
def berlin_in_spring(life: Life) -> None:
    _fortnight(life)


@case("An ordinary fortnight at the end of summer time.", follows="", **AUTUMN)
def berlin_in_autumn(life: Life) -> None:
    _fortnight(life)


@case("Summer time begins: no event, for two days.", follows="berlin-in-spring", **SPRING)
def summer_time_begins(life: Life) -> None:
    life.live([16, 17], BERLIN_DAY)


@case(
    "Summer time ends: no event, for two days.",
    follows="berlin-in-autumn",
    **AUTUMN,
)
def summer_time_ends(life: Life) -> None:
    life.live([16, 17], BERLIN_DAY)


_NOT_UP = {
    "must": (told(STILL, "orange", "not_up", 18, 7.8, 8.7), told(SLEEP, "yellow", "late_rising", 18, 7.8, 8.7)),
    "until": on(18, 9),
}  # fmt: skip


def _not_up(life: Life) -> None:
    life.live([16, 17, 18], BERLIN_DAY)
    life.silence(on(18, 6))
    life.stir(on(18, 6.2), on(18, 6.25), "bedroom-pir", 1)


@case("Two days after summer time began who does not get up is missed by the new time.",
      follows="berlin-in-spring", **SPRING, **_NOT_UP)  # fmt: skip
def not_up_after_summer_time_began(life: Life) -> None:
    _not_up(life)


@case("Two days after summer time ended who does not get up is missed by the new time.",
      follows="berlin-in-autumn", **AUTUMN, **_NOT_UP)  # fmt: skip
def not_up_after_summer_time_ended(life: Life) -> None:
    _not_up(life)


@case(
    "Four reports from next door in a night, each before she turns in bed: no restless night.",
    keeps="One report of one other sensor is no exit: the bed may be seen from next door",
)
def stray_reports_at_night(life: Life) -> None:
    life.live([16, 17])
    for hour in (0.8, 1.7, 4.2, 5.1):
        life.stir(on(17, hour), on(17, hour + 0.001), "living-pir", 1)
        life.stir(on(17, hour + 0.1), on(17, hour + 0.11), "bedroom-pir", 1)


@case(
    "A cat that shows itself in one room at a time all night is nobody who gets up.",
)
def pet_at_night(life: Life) -> None:
    life.live([16, 17, 18])
    for day in (17, 18):
        for n, hour in enumerate((0.2, 0.9, 1.5, 2.1, 4.1, 4.8, 5.4)):
            sensor = ("living-pir", "kitchen-pir", "hall-pir")[n % 3]
            life.stir(on(day, hour), on(day, hour) + 0.001, sensor, 1)


@case("Visitors come early, and everybody leaves with the resident: out, and no more.")
def visitors_leave_with_the_resident(life: Life) -> None:
    life.live([16], Day(out=()))
    life.stir(on(16, 8.2), on(16, 9.1), "living-pir", 0.7)
    life.stir(on(16, 8.2), on(16, 9.1), "hall-pir", 1.5)
    life.go(on(16, 9.2), on(16, 11))
