"""Cases of what is deliberately not told, named after what the detectors' docstrings promise."""

from __future__ import annotations

from cases import FORTNIGHT, case, over, told
from cases_told import DEGRADED, FAULT, MEALS, OUTING, RESTFUL, SLEEP, STILL, rest
from resident import Day, Life, on


@case(
    "Sixteen ordinary days are no event, from the installation on a morning; others go on from here.",
    follows="",
    keeps="a quiet door is no dead door",
)
def ordinary_fortnight(life: Life) -> None:
    life.live(range(16))
    life.silence(0, on(0, 9.8))


@case(
    "Fifteen days more: by now it is known how much passes between two signs of each sensor.",
)
def ordinary_month(life: Life) -> None:
    life.live(range(16, 31))


assert ordinary_fortnight.name == FORTNIGHT


@case("Nearly six hours away: nobody is still, and lunch is not missed.",
      keeps="where the resident was out for most of the slot, or is away")  # fmt: skip
def quiet_while_out(life: Life) -> None:
    life.live([16], Day(out=((9.2, 14.9),), meals=("breakfast", "dinner")))


@case(
    "A pause of half an hour in which a limit was passed: the resident has time to be seen.",
    keeps="for half an hour after a gap in which the agent did not run",
)
def quiet_after_a_pause(life: Life) -> None:
    _still_at_noon(life, 13.1)
    life.off(on(16, 12.3), on(16, 12.8))


@case(
    "The same, and nobody is seen: told when the half-hour is over.",
    must=(told(STILL, "orange", "line|day|hour", 16, 13.2, 13.4), over(STILL, 16, 14.4, 14.6)),
)
def told_after_a_pause(life: Life) -> None:
    _still_at_noon(life, 14.5)
    life.off(on(16, 12.3), on(16, 12.8))


@case(
    "A power cut of five hours, and the next sign after its end: nobody knows, nothing is told.",
    keeps="anew from the start after one of more than an hour",
)
def quiet_after_a_power_cut(life: Life) -> None:
    _still_at_noon(life, 17.75)
    life.off(on(16, 12), on(16, 16.9), boots=True)


@case(
    "The same, and nobody is seen after it: four hours at most from its end.",
    must=(told(STILL, "orange", "", 16, 17.85, 21),),
    may=(told(STILL, "red", "", 16, 18.4, 24),),
    beside={MEALS: "yellow"},
)
def told_after_a_power_cut(life: Life) -> None:
    _still_at_noon(life, 24)
    life.off(on(16, 12), on(16, 16.9), boots=True)


def _still_at_noon(life: Life, until_h: float) -> None:
    """Sitting in the living room from a quarter to twelve on, with lunch before."""
    life.live([16])
    life.silence(on(16, 11), on(16, until_h))
    life.stir(on(16, 11), on(16, 11.5), "kitchen-pir", 1)
    life.stir(on(16, 11.55), on(16, 11.75), "living-pir", 3)
    if until_h < 24:
        life.stir(on(16, until_h), on(16, until_h + 0.2), "living-pir", 3)


@case(
    "The bedroom has shown nothing since noon: who is not heard at night may well be asleep. Up and "
    "in the hall without a sign from it, she has shown that it is blind.",
    must=(told(DEGRADED, "yellow", "blind", 17, 6, 8),),
    keeps="at night where the last sign did not come from the bedroom and the bedroom's sensors "
    "have shown nothing all evening",
)
def quiet_night_beside_a_dead_bedroom_sensor(life: Life) -> None:
    life.live([16, 17])
    life.silence(on(16, 12), on(17, 24), "bedroom-pir")


@case(
    "The same, and nobody gets up: told at the hour at which a sleeper would have to be up.",
    must=(told(STILL, "orange", "not_up", 17, 7.8, 8.7),),
    keeps="until the hour at which a sleeper would have to be up",
    until=on(17, 9.2),
)
def told_in_the_morning_beside_a_dead_bedroom_sensor(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 12), on(17, 24), "bedroom-pir")


@case(
    "The last sign is at the door, whose contact did not move: only the ceiling counts.",
    must=(told(STILL, "orange", "ceiling", 16, 16.9, 17.1), told(STILL, "red", "ceiling", 16, 17.9, 18.1)),
    beside={MEALS: "yellow"},
    keeps="Where the last sign came from the door, whose contact may be dead, only the ceiling counts",
)  # fmt: skip
def quiet_at_the_door_until_the_ceiling(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 12.6))
    life.stir(on(16, 12.95), on(16, 12.98), "entry-pir", 1)


@case(
    "She comes home and falls behind the door, which has closed: she has not gone out again.",
    must=(told(STILL, "orange", "ceiling", 16, 14.9, 15.1), told(STILL, "red", "ceiling", 16, 15.9, 16.1)),
    beside={MEALS: "yellow"},
    keeps="nor where the door has opened just once, for somebody who came home",
)  # fmt: skip
def told_of_who_fell_behind_the_door(life: Life) -> None:
    life.live([16])
    life.go(on(16, 9.1), on(16, 11))
    life.silence(on(16, 11))
    life.tell(on(16, 11), "front-door", 1)
    life.stir(on(16, 11) + 1 / 3600, on(16, 11) + 2 / 3600, "entry-pir", 1)
    life.tell(on(16, 11) + 6 / 3600, "front-door", 0)


@case(
    "Out at night, and the cat shows itself three minutes later: that is nobody who has stayed.",
    must=(told(OUTING, "yellow", "night_exit", 17, 1.6, 1.75), over(OUTING, 17, 3.1, 3.3, "returned")),
    beside={SLEEP: "blue"},
    keeps="So it is in the ten minutes after somebody seems to have left, too",
)  # fmt: skip
def told_of_who_left_a_cat_at_home(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=(4.6,)))
    life.go(on(17, 1.5), on(17, 3.2))
    life.stir(on(17, 1.55), on(17, 1.551), "living-pir", 1)
    life.stir(on(17, 3.35), on(17, 3.4), "bedroom-pir", 1)


@case(
    "The living room's sensor is dead: who was seen last in the hall may rest where nobody sees her.",
    must=(told(FAULT, "yellow", "lost", 16, 10.99, 11.02),),
    follows=RESTFUL,
    until=on(16, 15.4),
    keeps="then what is usual anywhere at this hour counts in full",
)
def quiet_at_rest_beside_a_dead_sensor(life: Life) -> None:
    life.live([16])
    rest(life, 16, sensor="hall-pir")
    life.silence(on(16, 11), on(16, 24), "living-pir")
    life.lose(on(16, 11), "living-pir", "No such device")
    life.stir(on(16, 15.25), on(16, 15.35), "hall-pir", 2)


@case(
    "No clock has told the time since a reboot: seven hours in the bedroom by day may be a night.",
    keeps="Where no clock has told the time since the device was switched on, the bedroom counts "
    "as bed at any hour",
)
def quiet_in_bed_without_a_clock(life: Life) -> None:
    life.live([16])
    life.off(on(16, 11), on(16, 11.05), boots=True)
    life.set_clock(on(16, 11.05), -3, synced=False)
    life.silence(on(16, 13), on(16, 19.9))
    life.stir(on(16, 13), on(16, 13.1), "bedroom-pir", 2)


@case(
    "After a reboot the clock goes six hours ahead and nobody has set it: a night is no late morning.",
    keeps="and only the ceiling counts there",
)
def quiet_at_night_without_a_clock(life: Life) -> None:
    life.live([16, 17])
    life.off(on(16, 19), on(16, 19.05), boots=True)
    life.set_clock(on(16, 19.05), 6, synced=False)


@case(
    "Eight minutes out at night, with the waste: nobody can tell that from sitting by the door.",
    beside={SLEEP: "blue"},
    keeps="about outings of less than ten minutes",
)
def quiet_eight_minutes_out_at_night(life: Life) -> None:
    life.live([16, 17])
    life.go(on(17, 0.5), on(17, 0.63))
    life.stir(on(17, 0.75), on(17, 0.8), "bedroom-pir", 1)


@case(
    "Out three times in a morning, then not for three days: how often is nobody's business.",
    keeps="about how often somebody goes out",
)
def quiet_about_how_often_one_goes_out(life: Life) -> None:
    life.live([16], Day(out=((8.8, 9.1), (9.4, 9.8), (10.1, 10.6))))
    life.live([17, 18, 19], Day(out=()))


@case(
    "The door's contact is dead: whoever passes the entry at night has not gone out.",
    beside={FAULT: "yellow", SLEEP: "blue", STILL: "yellow"},
    keeps="about when somebody leaves a home whose contact at the door is not believed",
)
def quiet_about_outings_beside_a_dead_contact(life: Life) -> None:
    life.live([16])
    life.live([17], Day(out=(), exits=()))
    life.lose(on(16, 20), "front-door", "No such device")
    life.silence(on(16, 20), on(17, 24), "front-door")
    life.stir(on(17, 1.5), on(17, 1.52), "hall-pir", 1)
    life.stir(on(17, 1.53), on(17, 1.54), "entry-pir", 1)
    life.stir(on(17, 2.0), on(17, 2.1), "bedroom-pir", 1)


@case(
    "A short night among the first: nobody knows yet what is short.",
    follows="",
    beside={STILL: "yellow"},
    keeps="until seven nights are known",
)
def quiet_about_the_first_nights(life: Life) -> None:
    life.live([0, 1])
    life.live([2], Day(bed_h=26))
    life.live([3], Day(exits=(5.0,)))
    life.live([4])


@case(
    "Most of an hour on the bed after lunch is a nap.",
    keeps="about naps, apart from the journal",
)
def quiet_about_a_nap(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 13), on(16, 14))
    life.stir(on(16, 13), on(16, 13.08), "bedroom-pir", 1)
    life.stir(on(16, 13.95), on(16, 14.0), "bedroom-pir", 1)


@case(
    "A short night of which the bedroom's sensor could not tell.",
    beside={FAULT: "yellow", "monitoring.degraded": "yellow", STILL: "yellow"},
    keeps="where the bedroom's sensors are not believed, or no clock has told the time",
)
def quiet_about_a_night_that_was_not_seen(life: Life) -> None:
    life.live([16], Day(bed_h=25.5))
    life.live([17], Day(exits=(4.0,)))
    life.lose(on(17, 5), "bedroom-pir", "No such device")
    life.silence(on(17, 5), on(17, 12), "bedroom-pir")


@case(
    "A short night and no lunch after a reboot, and no clock that has told the time.",
    beside={STILL: "yellow"},
    keeps="where the kitchen's sensors are not believed, or no clock has told the time",
)
def quiet_about_nights_and_meals_without_a_clock(life: Life) -> None:
    life.live([16], Day(bed_h=25.5))
    life.live([17], Day(exits=(4.0,), meals=("breakfast", "dinner")))
    life.off(on(16, 19), on(16, 19.05), boots=True)
    life.set_clock(on(16, 19.05), -1, synced=False)


@case(
    "Somebody who never has breakfast does not miss it.",
    follows="",
    keeps="until a slot has been used on five of seven days, for whoever never has breakfast does "
    "not miss it",
)
def quiet_about_breakfast_that_is_never_had(life: Life) -> None:
    life.live(range(10), Day(meals=("lunch", "dinner")))


@case(
    "Lunch is missed, dinner is had elsewhere, breakfast is missed: two, but none in a row.",
    must=(told(MEALS, "blue", "missed", 16, 15.49, 15.51), over(MEALS, 17, 15.49, 15.51, "eaten")),
    may=(told(MEALS, "blue", "missed", 17, 10.49, 10.51), told(OUTING, "blue", "unusual_hour", 16, 15, 16.5)),
    keeps="or that was spent out, as nobody knows then",
)  # fmt: skip
def quiet_about_meals_around_a_dinner_elsewhere(life: Life) -> None:
    life.live([16], Day(meals=("breakfast",), out=((16.0, 21.0),)))
    life.live([17], Day(meals=("lunch", "dinner")))


@case(
    "No lunch, but the kitchen's sensor was stuck meanwhile.",
    must=(told(FAULT, "yellow", "stuck", 16, 10.5, 10.7), over(FAULT, 16, 15.8, 16.0)),
    keeps="where the kitchen's sensors are not believed",
    until=on(16, 16.2),
)
def quiet_about_lunch_beside_a_stuck_sensor(life: Life) -> None:
    life.live([16], Day(meals=("breakfast", "dinner")))
    life.repeat(on(16, 10.1), on(16, 15.9), "kitchen-pir", 1, 30)
    life.repeat(on(16, 15.9), on(16, 16.3), "kitchen-pir", 0, 30)


@case(
    "The agent is restarted while a sensor repeats its level: it has its whole time again.",
    keeps="After a gap in which the agent did not run, every sensor gets its whole time again",
    until=on(16, 14.6),
)
def quiet_about_sensors_after_a_restart(life: Life) -> None:
    life.live([16])
    life.repeat(on(16, 14), on(16, 14.1), "smoke", 0, 30)
    life.off(on(16, 14.1), on(16, 14.3))
    life.repeat(on(16, 14.307), on(16, 14.7), "smoke", 0, 30)
