"""Cases of what is told: one for every kind and reason of a home's detectors."""

from __future__ import annotations

from cases import ROLES, case, over, told
from resident import Day, Life, on

from agent.texts.faults import PART

SEVENTEENTH = 16  # the first day after the ordinary fortnight
STILL, OUTING, SLEEP, MEALS = "home.stillness", "home.outing", "home.sleep", "home.meals"
FAULT, DEGRADED = "sensor.fault", "monitoring.degraded"


@case(
    "Nobody moves in a busy hour: told by this hour's own limit, red at the ceiling.",
    must=(told(STILL, "orange", "line", 16, 11.7, 12.3), told(STILL, "red", "ceiling", 16, 14.6, 15),
          over(STILL, 16, 17.5, 17.6)),
    beside={MEALS: "yellow"},
)  # fmt: skip
def still_beyond_this_hours_limit(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 10.7), on(16, 17.5))
    life.stir(on(16, 10.6), on(16, 10.75), "living-pir", 1)


@case(
    "Nobody comes out of the kitchen: a look is asked for first, then help.",
    must=(told(STILL, "yellow", "room", 16, 19.9, 20.6), told(STILL, "orange", "room|line", 16, 20.2, 21)),
    may=(told(STILL, "red", "ceiling", 16, 23, 24),),
)  # fmt: skip
def still_in_the_kitchen(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 19.3))
    life.stir(on(16, 19.3), on(16, 19.5), "kitchen-pir", 2)


@case(
    "Nobody moves in the hall, where nobody ever stays: told by this room's limit.",
    must=(told(STILL, "orange", "room", 16, 20.2, 20.6), over(STILL, 16, 20.99, 21.1)),
)
def still_in_the_hall(life: Life) -> None:
    life.live([16])
    life.silence(on(16, 19.1), on(16, 21))
    life.stir(on(16, 19.1), on(16, 19.3), "hall-pir", 3)
    life.stir(on(16, 21), on(16, 21.2), "hall-pir", 3)


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
    "Up at half past one, soon back in the bedroom but not in bed: for information.",
    must=(told(SLEEP, "blue", "up_at_night", 17, 2.4, 2.7), over(SLEEP, 17, 2.6, 18.1)),
    beside={SLEEP: "blue"},
)
def up_at_night_in_the_bedroom(life: Life) -> None:
    life.live([16])
    life.live([17], Day(exits=()))
    life.stir(on(17, 1.5), on(17, 1.7), "living-pir", 2)
    life.stir(on(17, 1.75), on(17, 2.7), "bedroom-pir", 8)


@case(
    "Sitting in the living room from half past one to half past three: out of bed for an hour.",
    must=(told(SLEEP, "blue", "up_at_night", 17, 2.4, 2.7),),
    beside={SLEEP: "blue"},
    unkept="a sleep whose bed was left for 45 min has ended, and with it what is told of a night",
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


@case(
    "No meal for two days: somebody has to go there.",
    must=(told(MEALS, "blue", "missed", 16, 10.49, 10.51),
          told(MEALS, "yellow", "missed_twice", 16, 15.49, 15.51),
          told(MEALS, "orange", "not_eating", 17, 21.4, 21.6)),
    may=(told(MEALS, "yellow", "missed_twice", 16, 21.4, 21.6),
         told(MEALS, "yellow", "missed_twice", 17, 10.4, 15.6)),
)  # fmt: skip
def nothing_eaten_for_two_days(life: Life) -> None:
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
    unkept="who was seen on the way to the bathroom is taken to be awake there, in spite of the doubt",
)  # fmt: skip
def stuck_bedroom_sensor_is_no_still_person(life: Life) -> None:
    life.live([16, 17])
    life.silence(on(16, 23), on(17, 6.5), "bedroom-pir")
    life.repeat(on(16, 23), on(17, 6.5), "bedroom-pir", 1, 30)


@case(
    "The bedroom's sensor is covered: suspected within days, nobody is still meanwhile, and then no "
    "room's limit holds.",
    must=(told(DEGRADED, "yellow", "blind", 32, 0, 24 * 4), over(DEGRADED, 36, 0, 48)),
    keeps="where a sensor may be blind, no room's limit",
    follows="ordinary-month",
)
def degraded_a_covered_lens(life: Life) -> None:
    life.live(range(31, 37))
    life.silence(on(31, 12), on(36, 20), "bedroom-pir")
    life.silence(on(36, 12.2), on(36, 13))
    life.stir(on(36, 13), on(36, 13.2), "living-pir", 2)


@case(
    "The living room's sensor is covered: suspected within a day, and nobody is still meanwhile.",
    must=(told(DEGRADED, "yellow", "blind", 32, 0, 24),),
    follows="ordinary-month",
    unkept="an evening in a room that cannot be seen passes for a collapse next door; where the "
    "busiest sensor is blind there are few visits, so that it takes days to be suspected",
)
def covered_living_room_lens_is_no_still_person(life: Life) -> None:
    life.live(range(31, 34))
    life.silence(on(32, 0), on(33, 12), "living-pir")


@case(
    "The kitchen's sensor is covered: told before anybody is sent for not eating.",
    must=(told(DEGRADED, "yellow", "blind", 32, 0, 48),),
    beside={MEALS: "yellow"},
    follows="ordinary-month",
    unkept="two days without a sign of the kitchen count as two days without a meal before its "
    "sensor is suspected",
)
def covered_kitchen_lens_is_no_hunger(life: Life) -> None:
    life.live(range(31, 35))
    life.silence(on(32, 0), on(36, 0), "kitchen-pir")


@case(
    "A short night in the second week of an agent that was started at three at night.",
    must=(told(SLEEP, "blue", "short_night", 9, 6, 8.6),),
    follows="",
    unkept="the rest of the night in which it was started counts as the shortest for three weeks",
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
