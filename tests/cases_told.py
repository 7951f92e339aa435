"""Cases of what is told: one for every kind and reason of a home's detectors."""

from __future__ import annotations

from cases import ROLES, case, over, told
from resident import Day, Life, on

from agent.texts.faults import PART

RESTFUL = "fortnight-with-a-rest"
STILL, OUTING, SLEEP, MEALS = "home.stillness", "home.outing", "home.sleep", "home.meals"
FAULT, DEGRADED = "sensor.fault", "monitoring.degraded"


def rest(life: Life, day: int, end_h: float = 15.25, sensor: str = "living-pir") -> None:
    """Two hours and a half without a movement after lunch, in the living room as on every day."""
    life.silence(on(day, 12.6), on(day, end_h))
    life.stir(on(day, 12.6), on(day, 12.75), sensor, 1)
    life.stir(on(day, end_h), on(day, end_h + 0.1), "living-pir", 2)


@case("Sixteen days with a long rest on the sofa after lunch: no event, on no day.", follows="")
def fortnight_with_a_rest(life: Life) -> None:
    life.live(range(16))
    for day in range(16):
        rest(life, day)


@case(
    "She does not get up from her rest: told by what is usual here at this hour, red at the ceiling.",
    must=(told(STILL, "orange", "line", 16, 15.6, 16.1), told(STILL, "red", "ceiling", 16, 16.7, 17.2),
          over(STILL, 16, 17.5, 17.6)),
    follows=RESTFUL,
)  # fmt: skip
def still_beyond_this_hours_limit(life: Life) -> None:
    life.live([16])
    rest(life, 16, 17.5)


@case(
    "Nobody moves where she rests, at an hour at which she does not: told by half her longest rest.",
    must=(told(STILL, "orange", "day", 16, 18.1, 18.6), over(STILL, 16, 19.99, 20.1)),
    follows=RESTFUL,
    until=on(16, 20.2),
)
def still_in_the_living_room_at_another_hour(life: Life) -> None:
    life.live([16])
    rest(life, 16)
    life.silence(on(16, 16.5), on(16, 20))
    life.stir(on(16, 16.4), on(16, 16.5), "living-pir", 2)
    life.stir(on(16, 20), on(16, 20.1), "living-pir", 2)


@case(
    "Nobody moves in the hall, where nobody ever stays, at the hour of her rest: told by half of it.",
    must=(told(STILL, "orange", "hour", 16, 14.4, 14.7), over(STILL, 16, 15.24, 15.3)),
    follows=RESTFUL,
)
def still_in_the_hall(life: Life) -> None:
    life.live([16])
    rest(life, 16, sensor="hall-pir")


@case(
    "Nobody moves in a busy hour: an hour and a half is the least that is told; red at the ceiling.",
    must=(told(STILL, "orange", "line|day|hour", 16, 12.2, 12.3),
          told(STILL, "red", "ceiling", 16, 14.6, 15), over(STILL, 16, 17.5, 17.6)),
    beside={MEALS: "yellow"},
    keeps="an hour and a half the least",
)  # fmt: skip
def still_in_a_busy_hour(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 10.7), on(16, 17.5))
    life.stir(on(16, 10.6), on(16, 10.75), "living-pir", 1)


@case(
    "Nobody comes out of the kitchen at the hour of her rest: a look is asked for first, then help.",
    must=(told(STILL, "yellow", "room", 16, 13.2, 13.7), told(STILL, "orange", "room", 16, 14.2, 14.3),
          told(STILL, "red", "ceiling", 16, 16.7, 16.8)),
    beside={MEALS: "blue"},
    follows=RESTFUL,
    until=on(16, 24),
)  # fmt: skip
def still_in_the_kitchen(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 12.6))
    life.stir(on(16, 12.6), on(16, 12.75), "kitchen-pir", 2)


@case(
    "Nobody gets up: told an hour after the latest rising of three weeks.",
    must=(told(STILL, "orange", "not_up", 16, 7.9, 8.6), told(SLEEP, "yellow", "late_rising", 16, 7.8, 8.6)),
    until=on(16, 9.2),
)  # fmt: skip
def not_up_in_the_morning(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 6))
    life.stir(on(16, 6.2), on(16, 6.25), "bedroom-pir", 1)


@case(
    "On the first day four hours awake are too long, and red an hour later.",
    must=(told(STILL, "orange", "ceiling", 0, 16.9, 17.05), told(STILL, "red", "ceiling", 0, 17.9, 18.1),
          over(STILL, 0, 18.99, 19.01)),
    follows="",
)  # fmt: skip
def still_beyond_the_ceiling_on_the_first_day(life: Life) -> None:
    life.live([0])
    life.silence(on(0, 12.9), on(0, 19))
    life.stir(on(0, 12.9), on(0, 13), "living-pir", 2)
    life.stir(on(0, 19), on(0, 19.1), "living-pir", 2)


@case(
    "In the first night eight hours in bed are too long.",
    must=(told(STILL, "orange", "ceiling", 1, 6.9, 7.5), told(STILL, "red", "ceiling", 1, 7.9, 8.5)),
    follows="",
    until=on(1, 10),
)  # fmt: skip
def still_in_bed_in_the_first_night(life: Life) -> None:
    life.live([0])


@case(
    "Who leaves at night is told of after ten minutes, and the return ends it.",
    must=(told(OUTING, "yellow", "night_exit", 17, 1.6, 1.75), over(OUTING, 17, 3.1, 3.3, "returned")),
    beside={SLEEP: "blue"},
)  # fmt: skip
def out_at_night(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=(4.6,)))
    life.go(on(17, 1.5), on(17, 3.2))
    life.stir(on(17, 3.35), on(17, 3.4), "bedroom-pir", 1)


@case(
    "Away half again as long as ever, and six hours at least.",
    must=(told(OUTING, "yellow", "absent_long", 16, 14.9, 15.6), over(OUTING, 16, 19.4, 19.6, "returned")),
)  # fmt: skip
def out_for_too_long(life: Life) -> None:
    life.live([16])
    life.go(on(16, 9.1), on(16, 19.5))
    life.stir(on(16, 19.8), on(16, 20.2), "kitchen-pir", 1)


@case(
    "Out in the evening, who always goes out in the morning: for information.",
    must=(told(OUTING, "blue", "unusual_hour", 16, 20.6, 20.8), over(OUTING, 16, 21.5, 21.7, "returned")),
)  # fmt: skip
def out_at_an_unusual_hour(life: Life) -> None:
    life.live([16])
    life.go(on(16, 20.5), on(16, 21.6))


@case(
    "The front door stands open for a quarter of an hour by day.",
    must=(told(OUTING, "blue", "door_left_open", 16, 14.24, 14.3), over(OUTING, 16, 14.65, 14.75)),
)
def door_left_open_by_day(life: Life) -> None:
    _door_open(life, on(16, 14))


@case(
    "The front door stands open at night: worth a call.",
    must=(told(OUTING, "yellow", "door_left_open", 16, 22.04, 22.2), over(OUTING, 16, 22.4, 22.6)),
)
def door_left_open_at_night(life: Life) -> None:
    _door_open(life, on(16, 21.8))


def _door_open(life: Life, at: float) -> None:
    life.live([16])
    life.tell(at, "front-door", 1)
    life.stir(at - 0.1, at + 1.0, "living-pir", 3)
    life.tell(at + 0.7, "front-door", 0)


@case(
    "Three days away are told twice, with a cat's report now and then, and no meal is missed.",
    must=(told(OUTING, "yellow", "absent_long", 16, 14.9, 15.6),
          told(OUTING, "blue", "travelling", 17, 8.9, 9.4),
          over(OUTING, 19, 9.9, 10.1, "returned")),
    keeps="while the resident is out, which is the outing detector's to judge",
)  # fmt: skip
def travelling(life: Life) -> None:
    life.live([16, 19])
    life.go(on(16, 9.1), on(19, 10))
    for hour in (on(16, 20), on(17, 13.1), on(18, 4.5), on(18, 17)):
        life.stir(hour, hour + 0.001, "living-pir", 1)


@case(
    "In bed long after the usual hour, but alive: late rising, and no stillness.",
    must=(told(SLEEP, "yellow", "late_rising", 16, 7.8, 8.6), over(SLEEP, 16, 10, 11.3, "up")),
    may=(told(SLEEP, "blue", "long_night", 16, 10, 11.5),),
)
def late_rising(life: Life) -> None:
    life.live([16], Day(out=()))
    life.silence(on(16, 4.2), on(16, 10))
    life.stir(on(16, 4.3), on(16, 9.9), "bedroom-pir", 27)
    life.stir(on(16, 10), on(16, 10.1), "hall-pir", 3)
    life.stir(on(16, 10.05), on(16, 10.4), "kitchen-pir", 1)


@case(
    "To bed at half past one and up as ever: a short night, for information.",
    must=(told(SLEEP, "blue", "short_night", 17, 7, 8.6), over(SLEEP, 17, 17.5, 18.5)),
)
def short_night(life: Life) -> None:
    life.live([16], Day(bed_h=25.5))
    life.live([17], Day(exits=(4.0,)))


@case(
    "To bed at nine and up before eight: a long night, for information.",
    must=(told(SLEEP, "blue", "long_night", 17, 7, 8.6), over(SLEEP, 17, 17.5, 18.5)),
)
def long_night(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 20.7))
    life.stir(on(16, 20.95), on(16, 21.3), "bedroom-pir", 2)
    life.stir(on(17, 0.5), on(17, 0.51), "bedroom-pir", 1)
    life.live([17], Day(up_h=7.9))


@case(
    "Five times out of bed in a night, who gets up once: for information.",
    must=(told(SLEEP, "blue", "restless", 17, 7, 8.6), over(SLEEP, 17, 17.5, 18.5)),
)
def restless_night(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=(0.6, 1.8, 3.0, 4.2, 5.4)))


@case(
    "Up at half past one and soon back in the bedroom, though not in bed for an hour: no event.",
    keeps="left the bed after midnight, and not back for 45 minutes",
)
def up_at_night_in_the_bedroom(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=()))
    life.stir(on(17, 1.5), on(17, 1.7), "living-pir", 2)
    life.stir(on(17, 1.75), on(17, 2.7), "bedroom-pir", 8)


@case(
    "Sitting in the living room from half past one to half past three: told after 45 minutes, over "
    "when she sleeps again.",
    must=(told(SLEEP, "blue", "up_at_night", 17, 2.24, 2.27), over(SLEEP, 17, 3.85, 4)),
    may=(told(SLEEP, "blue", "short_night", 17, 7, 8.6),),
)
def up_at_night(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=()))
    life.stir(on(17, 1.5), on(17, 3.5), "living-pir", 5)
    life.stir(on(17, 1.5), on(17, 1.52), "hall-pir", 1)
    life.stir(on(17, 3.55), on(17, 3.6), "bedroom-pir", 1)


@case(
    "No lunch: for information when its hours are over; dinner ends it.",
    must=(told(MEALS, "blue", "missed", 16, 15.49, 15.51), over(MEALS, 16, 21.49, 21.51, "eaten")),
)
def meal_missed(life: Life) -> None:
    life.live([16], Day(meals=("breakfast", "dinner")))


@case(
    "Neither lunch nor dinner: worth a look; breakfast ends it.",
    must=(told(MEALS, "blue", "missed", 16, 15.49, 15.51),
          told(MEALS, "yellow", "missed_twice", 16, 21.49, 21.51),
          over(MEALS, 17, 10.49, 10.51, "eaten")),
)  # fmt: skip
def two_meals_missed(life: Life) -> None:
    life.live([16], Day(meals=("breakfast",)))
    life.live([17])


_TWO_DAYS_OF_MEALS = (
    told(MEALS, "blue", "missed", 16, 10.49, 10.51),
    told(MEALS, "yellow", "missed_twice", 16, 15.49, 15.51),
    told(MEALS, "yellow", "missed_twice", 16, 21.49, 21.51),
    told(MEALS, "yellow", "missed_twice", 17, 10.49, 10.51),
    told(MEALS, "yellow", "missed_twice", 17, 15.49, 15.51),
)


@case(
    "Water is fetched in the kitchen, but there is no meal for two days: somebody has to go there.",
    must=(*_TWO_DAYS_OF_MEALS, told(MEALS, "orange", "not_eating", 17, 21.49, 21.51)),
)
def nothing_eaten_for_two_days(life: Life) -> None:
    life.live([16, 17], Day(meals=()))
    for hour in (8.0, 12.3, 19.0, 32.0, 42.2):
        life.stir(on(16, hour), on(16, hour) + 0.001, "kitchen-pir", 1)


@case(
    "Nobody is seen in the kitchen at all for two days: worth a look, for its sensor may be dead.",
    must=(*_TWO_DAYS_OF_MEALS, told(MEALS, "yellow", "not_eating", 17, 21.49, 21.51)),
    keeps="sensors have seen nobody at all since: they may be dead",
)
def nobody_in_the_kitchen_for_two_days(life: Life) -> None:
    life.live([16, 17], Day(meals=()))


@case(
    "A call for help is told at once, each further press is counted, and a day ends it.",
    must=(told("home.help", "red", "pressed", 16, 13.999, 14.001),
          told("home.help", "red", "pressed", 16, 14.009, 14.011),
          over("home.help", 17, 14, 14.1, "timeout")),
)  # fmt: skip
def call_for_help(life: Life) -> None:
    life.live([16, 17])
    for at in (on(16, 14), on(16, 14.01)):
        life.tell(at, "cord", 1)
        life.tell(at + 3 / 3600, "cord", 0)


@case(
    "Smoke is told at once, and its end.",
    must=(told("home.smoke", "red", "smoke", 16, 17.999, 18.001), over("home.smoke", 16, 18.09, 18.11)),
)  # fmt: skip
def smoke_in_the_kitchen(life: Life) -> None:
    life.live([16])
    life.tell(on(16, 18), "smoke", 1)
    life.tell(on(16, 18.1), "smoke", 0)


@case(
    "A smoke alarm that has told its level every half minute stops, and talks again.",
    must=(told(FAULT, "yellow", "silent", 16, 14.08, 14.3), over(FAULT, 16, 14.99, 15.01)),
    until=on(16, 15.1),
)
def sensor_silent(life: Life) -> None:
    life.live([16])
    life.repeat(on(16, 14), on(16, 14.1), "smoke", 0, 30)
    life.repeat(on(16, 15), on(16, 15.2), "smoke", 0, 30)


@case(
    "A sensor's line is gone and comes back: a fault at once; its room alone is no loss of sight.",
    must=(told(FAULT, "yellow", "lost", 16, 15.99, 16.02), over(FAULT, 16, 18, 19)),
)
def sensor_lost(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 16), on(16, 18), "living-pir")
    life.lose(on(16, 16), "living-pir", "No such device")


@case(
    "A sensor stands at 1 for half an hour: a fault, and no proof of life. One room less is no more.",
    must=(told(FAULT, "yellow", "stuck", 16, 16.49, 16.53), over(FAULT, 16, 16.9, 17.1)),
    until=on(16, 17.2),
    keeps="about a single room less, other than the bedroom",
)
def sensor_stuck_one_room_less(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 16), on(16, 24), "living-pir")
    life.repeat(on(16, 16), on(16, 17), "living-pir", 1, 30)
    life.repeat(on(16, 17), on(16, 17.3), "living-pir", 0, 30)


@case(
    "A sensor changes more than twenty times a minute for five minutes: a fault.",
    must=(told(FAULT, "yellow", "chatter", 16, 16.08, 16.14), over(FAULT, 16, 16.2, 18.5)),
)
def sensor_chatters(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 16), on(16, 16.2), "kitchen-pir")
    for n in range(150):
        life.tell(on(16, 16) + n * 4 / 3600, "kitchen-pir", 1)
        life.tell(on(16, 16) + (n * 4 + 2) / 3600, "kitchen-pir", 0)


@case(
    "No believed sensor is left in the bedroom: the resident is seen less well.",
    must=(told(FAULT, "yellow", "stuck", 16, 13.4, 13.6), told(DEGRADED, "yellow", "dark", 16, 13.4, 13.6),
          over(DEGRADED, 16, 14.9, 15.1), over(FAULT, 16, 14.9, 15.1)),
    until=on(16, 15.2),
)  # fmt: skip
def degraded_no_sensor_in_the_bedroom(life: Life) -> None:
    life.live([16])
    life.repeat(on(16, 13), on(16, 15), "bedroom-pir", 1, 30)
    life.repeat(on(16, 15), on(16, 15.3), "bedroom-pir", 0, 30)


@case(
    "The bedroom's sensor is stuck all night: a faulty sensor is no still person.",
    must=(told(FAULT, "yellow", "stuck", 16, 22.9, 23.6), told(DEGRADED, "yellow", "dark", 16, 22.9, 23.6)),
    until=on(17, 6.5),
    keeps="or are not believed, for then the resident may be asleep",
)  # fmt: skip
def stuck_bedroom_sensor_is_no_still_person(life: Life) -> None:
    life.live([16, 17])
    life.silence(on(16, 23), on(17, 6.5), "bedroom-pir")
    life.repeat(on(16, 23), on(17, 6.5), "bedroom-pir", 1, 30)


@case(
    "The bedroom's sensor is covered: suspected within days, nobody is still meanwhile, and then no "
    "room's limit holds.",
    must=(told(DEGRADED, "yellow", "blind", 32, 0, 24 * 4), over(DEGRADED, 36, 0, 48)),
    keeps="where a room's sensor is not believed, no room's limit",
    follows="ordinary-month",
)
def degraded_a_covered_lens(life: Life) -> None:
    life.live(range(31, 37))
    life.silence(on(31, 12), on(36, 20), "bedroom-pir")
    life.silence(on(36, 12.2), on(36, 13))
    life.stir(on(36, 13), on(36, 13.2), "living-pir", 2)


@case(
    "The living room's sensor is covered: suspected before noon, and nobody is sent for meanwhile.",
    must=(told(DEGRADED, "yellow", "blind", 32, 0, 12), over(DEGRADED, 33, 12, 13)),
    beside={STILL: "yellow"},
    keeps="the resident may be there: what is usual is told at yellow",
    follows="ordinary-month",
)
def covered_living_room_lens_is_no_still_person(life: Life) -> None:
    life.live(range(31, 34))
    life.silence(on(32, 0), on(33, 12), "living-pir")


@case(
    "The kitchen's sensor is covered: told on the first evening, and nobody is sent for not eating.",
    must=(told(DEGRADED, "yellow", "blind", 32, 18, 20),),
    beside={MEALS: "yellow"},
    follows="ordinary-month",
)
def covered_kitchen_lens_is_no_hunger(life: Life) -> None:
    life.live(range(31, 35))
    life.silence(on(32, 0), on(36, 0), "kitchen-pir")


@case(
    "A short night in the second week of an agent that was started at three at night.",
    must=(told(SLEEP, "blue", "short_night", 9, 6, 8.6),),
    follows="",
)
def short_night_after_a_start_at_night(life: Life) -> None:
    life.live(range(8))
    life.live([8], Day(bed_h=25.5))
    life.live([9], Day(exits=(4.0,)))
    life.silence(0, 2.5)


@case(
    "A cord that was pulled is taken out of the configuration: its open call is closed, and says why.",
    must=(told("home.help", "red", "pressed", 16, 19.99, 20.01), over("home.help", 17, 8, 8.1, "removed")),
    follows="call-for-help-in-the-evening",
    roles={name: role for name, role in ROLES.items() if name != "cord"},
)  # fmt: skip
def sensor_removed(life: Life) -> None:
    life.live([17])
    life.off(on(17, 8), on(17, 8.05))


@case(
    "A call for help in the evening that nobody has answered at midnight stays open.",
    must=(told("home.help", "red", "pressed", 16, 19.99, 20.01),),
)
def call_for_help_in_the_evening(life: Life) -> None:
    life.live([16])
    life.tell(on(16, 20), "cord", 1)
    life.tell(on(16, 20) + 3 / 3600, "cord", 0)


@case(
    "Every part of the device that can fail does, and is well again.",
    must=(told("device.fault", "yellow", "", 16, 13, 14), over("device.fault", 16, 13, 14)),
)
def device_faults(life: Life) -> None:
    life.live([16])
    for n, part in enumerate((*PART, "detector.meals")):
        life.part(on(16, 13 + n / 60), part, "what the technician is told")
        life.part(on(16, 13 + n / 60 + 0.008), part, "")
