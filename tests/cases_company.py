"""Cases of a resident who is not alone: visitors, and a cat."""

from __future__ import annotations

from cases import case, told
from cases_changes import collapse, visitors
from cases_told import MEALS, STILL
from resident import Day, Life, on

WITH_A_CAT = "fortnight-with-a-cat"
BUSY = Day(movements=3)  # somebody who does something is seen more than once
ROUND = ("living-pir", "hall-pir", "kitchen-pir", "bedroom-pir")


@case(
    "She is not seen any more when three visitors have left: told at yellow first, and at orange "
    "at the ceiling, for somebody may be there who sits.",
    must=(told(STILL, "yellow", "line|day|hour", 16, 17.5, 19.5),
          told(STILL, "orange", "ceiling|line|day|hour", 16, 20.1, 20.3)),
    beside={MEALS: "blue"},
    until=on(16, 20.5),
)  # fmt: skip
def still_after_visitors(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 16.15))
    visitors(life, on(16, 13), 3, 3)
    life.stir(on(16, 16.03), on(16, 16.1), "hall-pir", 2)
    life.stir(on(16, 16.1), on(16, 16.15), "living-pir", 1)


@case(
    "Somebody comes and sits with her: nobody can tell, and her own stillness afterwards is told "
    "at orange, as ever.",
    must=(told(STILL, "orange", "line|day|hour", 16, 12.6, 13.6),),
    keeps="a visitor who sits with the resident",
    until=on(16, 14),
)
def visitor_who_sits(life: Life) -> None:
    life.live([16])
    life.come(on(16, 10.8))
    collapse(life, 16)
    life.stir(on(16, 10.8), on(16, 11.7), "living-pir", 3)


def _cat(life: Life, days: range) -> None:
    """It goes from room to room by day and by night, and is seen once in each."""
    for day in days:
        for n in range(29):
            at = on(day, 0.4 + 0.8 * n)
            life.stir(at, at + 0.001, ROUND[n % 4], 1)
            life.stir(at + 0.01, at + 0.011, ROUND[(n + 1) % 4], 1)


@case(
    "Sixteen ordinary days with a cat: no event; others go on from here.",
    follows="",
    pets=True,
)
def fortnight_with_a_cat(life: Life) -> None:
    life.live(range(16), BUSY)
    _cat(life, range(16))
    life.silence(0, on(0, 9.8))


@case(
    "A cat that roams from room to room at night is nobody who gets up, and hides no night.",
    follows=WITH_A_CAT,
    pets=True,
)
def pet_roams_at_night(life: Life) -> None:
    life.live([16, 17, 18], BUSY)
    for day in (17, 18):
        for hour in (0.3, 1.2, 2.1, 4.2, 5.1):
            life.stir(on(day, hour), on(day, hour) + 0.1, "living-pir", 2)
            life.stir(on(day, hour) + 0.02, on(day, hour) + 0.1, "hall-pir", 2)


@case(
    "A cat at home all day keeps nobody from being missed: told at yellow by what is usual, at "
    "orange at the ceiling, and at red an hour later.",
    must=(told(STILL, "yellow", "line|day|hour", 16, 12.6, 14.5),
          told(STILL, "orange", "line|day|hour|ceiling", 16, 15.6, 15.8),
          told(STILL, "red", "ceiling", 16, 16.6, 16.8)),
    beside={MEALS: "yellow"},
    follows=WITH_A_CAT,
    pets=True,
)  # fmt: skip
def pet_while_nobody_moves(life: Life) -> None:
    life.live([16], BUSY)
    collapse(life, 16)
    for n in range(14):
        life.stir(on(16, 12.3 + 0.8 * n), on(16, 12.3 + 0.8 * n) + 0.01, "living-pir", 1)


@case(
    "She falls in the bathroom, and the cat comes to look: told as without it, at yellow, and at "
    "orange at the ceiling.",
    must=(told(STILL, "yellow", "room", 16, 16.5, 17.8),
          told(STILL, "orange", "line|day|hour|ceiling", 16, 20, 20.3)),
    may=(told(STILL, "red", "ceiling", 16, 21, 21.4),),
    beside={MEALS: "yellow"},
    follows=WITH_A_CAT,
    pets=True,
)  # fmt: skip
def pet_beside_a_fall(life: Life) -> None:
    life.live([16], BUSY)
    life.silence(on(16, 16.15))
    for n in range(9):
        life.stir(on(16, 16.3 + 0.5 * n), on(16, 16.3 + 0.5 * n) + 0.001, "bathroom-pir", 1)


@case(
    "She sits for three hours and moves a little now and then, as a cat would: yellow at most.",
    must=(told(STILL, "yellow", "line|day|hour", 16, 13.6, 15.5),),
    follows=WITH_A_CAT,
    pets=True,
)
def sits_beside_a_pet(life: Life) -> None:
    life.live([16], BUSY)
    life.silence(on(16, 12.4), on(16, 15.5))
    life.stir(on(16, 12.3), on(16, 12.4), "living-pir", 0.4)
    life.stir(on(16, 12.5), on(16, 15.5), "living-pir", 14)


@case(
    "A cat that plays every hour is taken for her until nobody has done more for twelve hours: the "
    "stillness is told when she is not up in the morning, and at orange an hour later.",
    must=(told(STILL, "yellow", "not_up", 17, 7.5, 9), told(STILL, "orange", "not_up", 17, 8.5, 10)),
    beside={MEALS: "yellow"},
    keeps="silent for twelve hours about a pet that plays before a sensor for longer than it",
    follows=WITH_A_CAT,
    pets=True,
    until=on(17, 10),
)  # fmt: skip
def pet_that_plays(life: Life) -> None:
    life.live([16], BUSY)
    collapse(life, 16)
    for n in range(22):
        life.stir(on(16, 12.3 + n), on(16, 12.3 + n) + 0.05, "living-pir", 0.5)


@case(
    "A cat that plays for minutes on end, again and again, is taken for her: only meals are missed.",
    beside={MEALS: "yellow"},
    keeps="about one that plays for minutes on end, which is taken for her",
    follows=WITH_A_CAT,
    pets=True,
    until=on(17, 10),
)
def pet_that_plays_on_and_on(life: Life) -> None:
    life.live([16], BUSY)
    collapse(life, 16)
    for n in range(22):
        life.stir(on(16, 12.3 + n), on(16, 12.3 + n) + 0.2, "living-pir", 0.5)
