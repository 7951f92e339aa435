"""A home that never existed: what its one resident does all day.

A pure function of (seed, day), so that sensors which know nothing of each other agree about the
person. A day is a pile of stays: the topmost that covers a moment says where the resident is and
how much he or she stirs. Whatever else may happen at home is one more stay. Day 0 is a Monday.
drivers/scene_incidents.py plants what is out of the ordinary, drivers/scene_life.py puts all of it
together, and drivers/scene_motion.py says what sensors make of it.

Measured in recorded homes (one of 30 days, one of 220) are: nights of 9 h, going to bed with a
spread of 28 min and getting up with one of 22; 1.8 trips to the toilet a night; two outings a day
of 16 to 326 min, 93 in the median, none begun at night; three meals on nearly every day. Reasoning
are: that this resident is a little older, out three times in two days and for an hour or so; when
meals, naps, tea and bathroom visits begin and how long they last; Sundays; who visits and cleans,
and how often; how people differ; how health fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from math import log
from random import Random

DAY_S = 86400.0
SUNDAY = 6
EVER = float("inf")
SHOES_S, COAT_S = 90.0, 60.0  # in the entry before leaving and after coming home
SLIVER_S = 20.0  # what is left of a stay between two others, and too short to be one


class Place(Enum):
    """Where the resident can be."""

    BEDROOM = "bedroom"
    BATHROOM = "bathroom"
    KITCHEN = "kitchen"
    LIVING = "living"
    ENTRY = "entry"
    OUT = "out"


class Stir(Enum):
    """How much somebody moves."""

    WALKING = "walking"
    AT_DOOR = "at the open front door"
    BUSY = "busy"
    RESTING = "resting"  # television: no movement for up to three hours
    ASLEEP = "asleep"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody is somewhere from `since` until just before `until`, in seconds."""

    since: float
    until: float
    place: Place
    stir: Stir = Stir.BUSY


@dataclass(frozen=True, slots=True)
class Habits:
    """What one resident does every day; hours are local, odds those of a day.

    Attributes:
        visit_day: weekday on which somebody visits, 0 = Monday.
        cleaning_day: weekday on which the whole home is cleaned.
    """

    up_h: float
    bed_h: float
    lunch_h: float
    dinner_h: float
    market_h: float
    market_odds: float
    walk_h: float
    walk_odds: float
    stroll_odds: float
    nap_odds: float
    visit_day: int
    cleaning_day: int


@lru_cache(maxsize=64)
def habits(seed: int) -> Habits:
    """Whoever lives there."""
    luck = chance(seed, "habits")
    return Habits(
        up_h=luck.uniform(6.2, 7.3),
        bed_h=luck.uniform(21.4, 22.3),
        lunch_h=luck.uniform(11.3, 12.1),
        dinner_h=luck.uniform(17.2, 18.2),
        market_h=luck.uniform(8.4, 9.4),
        market_odds=luck.uniform(0.75, 1.0),
        walk_h=luck.uniform(15.2, 16.0),
        walk_odds=luck.uniform(0.5, 0.9),
        stroll_odds=luck.choice((0.0, 0.2, 0.5)),
        nap_odds=luck.uniform(0.2, 0.8),
        visit_day=luck.choice((2, 3, 5)),
        cleaning_day=luck.choice((1, 4)),
    )


def chance(seed: int, *about: object) -> Random:
    """Luck that depends on nothing but its arguments."""
    return Random(repr((seed, *about)))  # noqa: S311 - a story, not a secret


def pile(seed: int, day: int, frailty: float = 0.0) -> list[Stay]:
    """An ordinary day from midnight to midnight, the topmost stay last.

    Args:
        seed: whose.
        day: since the first, a Monday.
        frailty: 0 = as ever, 1 = gone down for weeks: up later, out less, shorter at the stove.
    """
    return _Day(seed, day, frailty).pile()


def outing(since: float, until: float) -> list[Stay]:
    """Shoes on, out, and home again."""
    around = Stay(since - SHOES_S, until + COAT_S, Place.ENTRY, Stir.WALKING)
    return [around, Stay(since, until, Place.OUT)]


def flat(stays: Iterable[Stay]) -> tuple[Stay, ...]:
    """What of a pile can be seen from above: stays that cover one day without gap or overlap."""
    stays = [s for s in stays if s.since < DAY_S and s.until > 0]
    edges = sorted({0.0, DAY_S, *(e for s in stays for e in (s.since, s.until) if 0 < e < DAY_S)})
    found: list[Stay] = []
    for since, until in pairwise(edges):
        top = next(s for s in reversed(stays) if s.since <= since < s.until)
        last = found[-1] if found else None
        is_same = last is not None and (last.place, last.stir) == (top.place, top.stir)
        if last is not None and (is_same or until - since < SLIVER_S):
            found[-1] = Stay(last.since, until, last.place, last.stir)
        else:
            found.append(Stay(since, until, top.place, top.stir))
    return tuple(found)


class _Day:
    """One day's luck."""

    def __init__(self, seed: int, day: int, frailty: float) -> None:
        self._is_sunday = day % 7 == SUNDAY
        self._habits = habits(seed)
        self._weekday = day % 7
        self._frailty = frailty
        self._luck = chance(seed, "day", day)

    def pile(self) -> list[Stay]:
        of, frailty = self._habits, self._frailty
        up = self._about(of.up_h + 0.6 * self._is_sunday + 0.8 * frailty, 22)
        bed = self._about(of.bed_h - 0.5 * frailty, 28)
        stays = [Stay(-EVER, EVER, Place.BEDROOM, Stir.ASLEEP)]
        stays += self._night(up)
        stays.append(Stay(up, bed, Place.LIVING, Stir.RESTING))
        stays += self._passing(up, bed)
        out = list(self._outings())
        stays += self._meals(up, out)
        for since, until in out:
            stays += outing(since, until)
        stays.append(self._lasting(bed - 1200, 8, 14, Place.BATHROOM))
        stays.append(self._lasting(bed, 6, 14, Place.BEDROOM))
        return stays

    def _night(self, up: float) -> Iterator[Stay]:
        trips = self._luck.choice((1, 2, 2, 2)) + (self._luck.random() < self._frailty)
        for _ in range(trips):
            yield self._lasting(self._luck.uniform(1200, up - 2400), 3, 7, Place.BATHROOM)

    def _passing(self, up: float, bed: float) -> Iterator[Stay]:
        """What interrupts a day at home: a nap, the bathroom, tea, somebody at the door."""
        luck = self._luck
        if luck.random() < self._habits.nap_odds + 0.3 * self._frailty:
            nap = self._about(13.1, 20)
            yield self._lasting(nap - 300, 4, 6, Place.BEDROOM)
            yield Stay(nap, nap + luck.uniform(40, 80) * 60, Place.BEDROOM, Stir.ASLEEP)
        for _ in range(luck.choice((4, 5, 6))):
            yield self._lasting(luck.uniform(up + 5400, bed - 3600), 3, 8, Place.BATHROOM)
        for hour in (10.2, 15.0):
            yield self._lasting(self._about(hour, 30), 4, 10, Place.KITCHEN)
        if luck.random() < 0.25:
            bell = luck.uniform(9.0, 18.0) * 3600
            yield Stay(bell, bell + luck.uniform(50, 150), Place.ENTRY, Stir.AT_DOOR)

    def _outings(self) -> Iterator[tuple[float, float]]:
        of, luck, odds = self._habits, self._luck, 1 - 0.7 * self._frailty
        if self._is_sunday:
            if luck.random() < 0.6 * odds:  # family, or the temple, with lunch there
                yield self._out(9.7, 20, 210, 150, 300)
        elif self._weekday != of.cleaning_day and luck.random() < of.market_odds * odds:
            yield self._out(of.market_h, 20, 80, 20, 240)
        if self._weekday != of.visit_day and luck.random() < of.walk_odds * odds:
            yield self._out(of.walk_h, 25, 60, 20, 110)
        if luck.random() < of.stroll_odds * odds:  # after dinner
            yield self._out(19.2, 15, 30, 20, 60)

    def _meals(self, up: float, out: list[tuple[float, float]]) -> Iterator[Stay]:
        """Three times at the stove; lunch waits for who comes home late, or was had elsewhere."""
        brief = 1 - 0.4 * self._frailty
        yield self._lasting(up, 5, 10, Place.BEDROOM)
        yield self._lasting(up + 500, 8, 15, Place.BATHROOM)
        yield self._lasting(up + 1500, 20 * brief, 32 * brief, Place.KITCHEN)
        lunch = self._about(self._habits.lunch_h, 15)
        home_at = max((until for since, until in out if since < lunch < until + 600), default=0.0)
        if home_at < 13.4 * 3600:
            yield self._lasting(max(lunch, home_at + 600), 30 * brief, 50 * brief, Place.KITCHEN)
        dinner = self._about(self._habits.dinner_h + 0.3 * self._is_sunday, 20)
        home_at = max((until for since, until in out if since < dinner < until + 600), default=0.0)
        yield self._lasting(max(dinner, home_at + 600), 32 * brief, 55 * brief, Place.KITCHEN)

    def _about(self, hour: float, spread_min: float) -> float:
        """Around that hour, never more than twice the spread away."""
        return hour * 3600 + max(-2.0, min(2.0, self._luck.gauss())) * spread_min * 60

    def _lasting(self, since: float, low_min: float, high_min: float, place: Place) -> Stay:
        return Stay(since, since + self._luck.uniform(low_min, high_min) * 60, place)

    def _out(
        self, hour: float, spread_min: float, median_min: float, low_min: float, high_min: float
    ) -> tuple[float, float]:
        since = self._about(hour, spread_min)
        length_min = min(high_min, max(low_min, self._luck.lognormvariate(log(median_min), 0.5)))
        return since, since + length_min * 60
