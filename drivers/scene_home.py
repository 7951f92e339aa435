"""A home that never existed: where its one resident is, at any second since the scene began.

A pure function of (seed, script, start hour, second), so that sensors which know nothing of each
other agree about the person. A day is a pile of stays: the topmost that covers a moment says where
the resident is and how much he or she stirs. Whatever else may happen at home is one more stay.

Habits follow recorded homes: bed near ten with half an hour of spread, nearly two trips to the
toilet a night, 90 minutes out, television so still that a motion sensor sees nothing for an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from random import Random

DAY_S = 86400.0
SLOT_S = 10.0  # a motion sensor's pulses last 2 to 9 s, so one draw in 10 s
DOOR_S = 10.0  # the door stands open this long before and after somebody passes
EVER = float("inf")


class Place(Enum):
    """Where the resident can be."""

    BEDROOM = "bedroom"
    BATHROOM = "bathroom"
    KITCHEN = "kitchen"
    LIVING = "living"
    ENTRY = "entry"
    OUT = "out"


# Chance of being seen within one slot.
WALKING, BUSY, RESTING, ASLEEP, STILL = 0.95, 0.5, 0.015, 0.004, 0.0


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody is somewhere from `since` until just before `until`; `stir` as in BUSY."""

    since: float
    until: float
    place: Place
    stir: float = BUSY


@dataclass(frozen=True, slots=True)
class Home:
    """One home.

    Attributes:
        seed: its resident's habits and luck.
        is_demo: begin with the story of the demo.
        start_h: local hour of day at second 0.
    """

    seed: int
    is_demo: bool
    start_h: float

    def is_stirring(self, place: Place, t: float) -> bool:
        """Whether a motion sensor in that place sees somebody at second t."""
        stay = self._stay(t)
        if stay.place is not place:
            return False
        return chance(self.seed, "stir", t // SLOT_S).random() < stay.stir

    def is_out(self, t: float) -> bool:
        """Whether nobody is at home."""
        return self._stay(t).place is Place.OUT

    def is_door_open(self, t: float) -> bool:
        """Whether somebody is passing the front door."""
        return self.is_out(t - DOOR_S) != self.is_out(t + DOOR_S)

    def is_help_pressed(self, t: float) -> bool:
        """Whether the help button is held down."""
        return self.is_demo and HELP[0] <= t < HELP[1]

    def is_smoke_tested(self, t: float) -> bool:
        """Whether somebody holds the test button of the smoke alarm."""
        return self.is_demo and SMOKE_TEST[0] <= t < SMOKE_TEST[1]

    def _stay(self, t: float) -> Stay:
        if self.is_demo:
            for stay in DEMO:
                if stay.since <= t < stay.until:
                    return stay
        day, second = divmod(self.start_h * 3600 + t, DAY_S)
        return next(s for s in reversed(day_plan(self.seed, day)) if s.since <= second < s.until)


def chance(seed: int, *about: object) -> Random:
    """Luck that depends on nothing but its arguments."""
    return Random(repr((seed, *about)))  # noqa: S311 - a story, not a secret


@lru_cache(maxsize=16)
def day_plan(seed: int, day: float) -> tuple[Stay, ...]:
    """One day from midnight to midnight, the topmost stay last; seconds of the local day."""
    luck = chance(seed, "day", day)

    def about(hour: float, spread_min: float) -> float:
        """Around that hour, never more than twice the spread away."""
        return hour * 3600 + max(-2.0, min(2.0, luck.gauss())) * spread_min * 60

    def lasting(since: float, low_min: float, high_min: float, place: Place) -> Stay:
        return Stay(since, since + luck.uniform(low_min, high_min) * 60, place)

    up, bed = about(6.6, 20), about(21.9, 25)
    pile = [Stay(-EVER, EVER, Place.BEDROOM, ASLEEP), Stay(up, bed, Place.LIVING, RESTING)]
    pile += [
        lasting(luck.uniform(0.5, 5.0) * 3600, 3, 7, Place.BATHROOM)
        for _ in range(luck.choice((1, 2, 2, 3)))
    ]
    pile += [lasting(up, 5, 10, Place.BEDROOM), lasting(up + 600, 8, 15, Place.BATHROOM)]
    pile += [
        lasting(up + 1800, 20, 35, Place.KITCHEN),
        lasting(about(11.5, 15), 30, 50, Place.KITCHEN),
        lasting(about(17.5, 20), 35, 55, Place.KITCHEN),
    ]
    if luck.random() < 0.6:
        nap = about(13.2, 15)
        pile.append(Stay(nap, nap + luck.uniform(40, 80) * 60, Place.BEDROOM, ASLEEP))
    pile += [lasting(about(h, 20), 3, 7, Place.BATHROOM) for h in (10.8, 13.0, 15.2, 17.0, 19.8)]
    pile.append(lasting(about(15.6, 20), 4, 10, Place.KITCHEN))  # tea
    for hour, odds, low_min, high_min in ((8.7, 0.8, 45, 120), (15.8, 0.4, 30, 80)):
        if luck.random() < odds:
            out = lasting(about(hour, 20), low_min, high_min, Place.OUT)
            pile += [Stay(out.since - 90, out.until + 60, Place.ENTRY, WALKING), out]
    pile += [lasting(bed - 900, 8, 14, Place.BATHROOM), Stay(bed, bed + 600, Place.BEDROOM)]
    return tuple(pile)


# The story of the demo, in seconds since its start: active for an hour, a collapse in the living
# room (by day the 4 h ceiling holds there), on the feet again after 6 h, then a day like any other.
DEMO = (
    Stay(-EVER, 900, Place.KITCHEN),
    Stay(900, 2100, Place.LIVING),
    Stay(2100, 2400, Place.BATHROOM),
    Stay(2400, 3000, Place.KITCHEN),
    Stay(3000, 3600, Place.LIVING),
    Stay(3600, 21600, Place.LIVING, STILL),
    Stay(21600, 22200, Place.LIVING),
    Stay(22200, 23400, Place.KITCHEN),
)
HELP = (1200.0, 1210.0)
SMOKE_TEST = (27000.0, 27060.0)
