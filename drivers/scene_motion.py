"""A home that never existed: what its sensors make of the life in it.

A pure function of (home, day), so that any day can be had without those before it, in a memory that
does not grow. Every level is 0 at midnight, but for a sensor that is stuck.

Measured in recorded homes are: pulses of 2 to 9 s; silences by the hour in which they begin, as
RESTING and ASLEEP have them: at most 71 min at eight in the morning, 148 in the afternoon, 180 in
the evening, 270 in bed, and 16 at the stove. Ten reports of an empty home in two days. Who leaves
moves in the entry, opens the door and closes it behind him.

Reasoning are: that the living room lies between all others, and sees whoever crosses it; that stray
reports come from one sensor, at the window; that one edge in 500 is lost; how busy people move; how
long the door stands open. Nothing is known of stray reports while somebody is at home: there are
none here, and so a collapse is not interrupted by any.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from math import log
from random import Random

from drivers.reading import Quantity
from drivers.scene_home import DAY_S, Place, Stay, Stir, chance
from drivers.scene_life import Home, life

DOOR = "front-door"
MOTION: dict[Place, str] = {
    place: f"{place.value}-motion" for place in Place if place is not Place.OUT
}
SENSORS: tuple[str, ...] = (*MOTION.values(), DOOR)
PULSE_S = (2.0, 9.0)
JOINED_S = 1.0  # a sensor that sees somebody again so soon has not let go
STRAY_S = 2 * DAY_S / 10
LOST = 1 / 500
RETOLD_S = 30.0  # drivers tell a level again so often, and so end what a lost edge began
CHATTER_S = 1.5
# From that hour on: the odds that nothing is seen for long, and the longest minutes.
RESTING = ((0, 0.3, 160), (5, 0.1, 71), (9, 0.3, 91), (12, 0.2, 100), (13.5, 0.5, 148),
           (17, 0.1, 182), (18.5, 0.65, 180))  # fmt: skip
ASLEEP = ((0, 0.35, 270), (2, 0.35, 214), (12, 0.35, 148), (20, 0.35, 161), (22.9, 0.35, 270))
LONG = (0.7, 1.0)  # of the longest: nine of ten silences are not much shorter than the longest one
SHORT_MIN = 12  # what the others are like

Interval = tuple[float, float]
Pulse = tuple[str, float, float]
"""Sensor, begin and end in seconds of the day."""
Row = tuple[float, str, Quantity, float]
"""Second of the day, sensor, quantity, value."""


@lru_cache(maxsize=4)
def intervals(home: Home, day: int) -> Mapping[str, tuple[Interval, ...]]:
    """When each sensor is at 1 on a day, in seconds of it; a stuck one may be so beyond it."""
    found: dict[str, list[Interval]] = {name: [] for name in SENSORS}
    people = life(home, day)
    before = life(home, day - 1).resident[-1] if day else people.resident[0]
    for number, person in enumerate((people.resident, people.guest)):
        for name, since, until in _seen(person, chance(home.seed, "seen", day, number)):
            found[name].append(_within(since, until))
    luck = chance(home.seed, "door", day)
    for name, since, until in _door((before, *people.resident), luck):
        found[name].append(_within(since, until))
    for name, since, until in _strays(home.seed, people.resident, day):
        found[name].append(_within(since, until))
    joined = {name: _joined(spans) for name, spans in found.items()}
    for incident in home.incidents:
        since, until = incident.since - day * DAY_S, incident.until - day * DAY_S
        if incident.place and incident.overlaps(day * DAY_S, (day + 1) * DAY_S):
            name = DOOR if incident.place == "door" else f"{incident.place}-motion"
            joined[name] = _faulty(incident.kind, joined[name], since, until)
    return {name: tuple(spans) for name, spans in joined.items()}


def readings(home: Home, day: int) -> Iterator[Row]:
    """Every change that a sensor reports on a day, in order."""
    luck = chance(home.seed, "lost", day)
    rows: list[Row] = []
    for name, spans in intervals(home, day).items():
        quantity = Quantity.CONTACT if name == DOOR else Quantity.MOTION
        for since, until in spans if name == DOOR else _joined(_lossy(spans, luck)):
            rows += [(since, name, quantity, 1.0)] * (since >= 0)
            rows += [(until, name, quantity, 0.0)] * (until < DAY_S)
    yield from sorted(rows, key=lambda row: row[0])


def is_on(home: Home, name: str, t: float, step_s: float) -> bool:
    """Whether a sensor is at 1 at any moment of a step that begins t seconds after day 0 did."""
    day, second = divmod(t, DAY_S)
    spans = intervals(home, int(day))[name]
    number = bisect_left(spans, (second + step_s,))
    return number > 0 and spans[number - 1][1] > second


def _seen(person: tuple[Stay, ...], luck: Random) -> Iterator[Pulse]:
    """Pulses of somebody who stays somewhere, and who goes from one room to another."""
    for stay in person:
        if stay.place is Place.OUT or stay.stir is Stir.STILL:
            continue
        at = stay.since + _pause_s(stay.stir, stay.since, luck)
        if stay.since == 0:  # the silence began before midnight
            at *= luck.uniform(0, 0.2)
        while at < stay.until:
            until = at + luck.uniform(*PULSE_S)
            yield MOTION[stay.place], at, until
            at = until + _pause_s(stay.stir, until, luck)
    for before, after in pairwise(person):
        rooms = {before.place, after.place}
        if Place.OUT in rooms or len(rooms) == 1:
            continue
        at = after.since
        way = [(before.place, at - luck.uniform(0, 3)), (after.place, at + luck.uniform(2, 5))]
        way += [(after.place, at + luck.uniform(8, 60)) for _ in range(luck.choice((1, 2, 3)))]
        if Place.LIVING not in rooms:
            way.append((Place.LIVING, at + luck.uniform(0, 2)))
        for place, since in way:
            yield MOTION[place], since, since + luck.uniform(*PULSE_S)


def _pause_s(stir: Stir, at: float, luck: Random) -> float:
    """How long nothing is seen of somebody."""
    match stir:
        case Stir.WALKING | Stir.AT_DOOR:
            return luck.uniform(3, 9)
        case Stir.BUSY:
            return 2 + luck.expovariate(0.1) if luck.random() < 0.8 else luck.uniform(40, 110)
    table = ASLEEP if stir is Stir.ASLEEP else RESTING
    odds, longest = next((p, m) for hour, p, m in reversed(table) if at >= hour * 3600)
    if luck.random() < odds:
        return 60 * longest * luck.uniform(*LONG)
    return 60 * min(longest, luck.lognormvariate(log(SHORT_MIN), 0.9))


def _door(person: tuple[Stay, ...], luck: Random) -> Iterator[Pulse]:
    """The front door's contact, and the entry's sensor on the way in and out."""
    for before, after in pairwise(person):
        at, entry = after.since, MOTION[Place.ENTRY]
        if before.place is not Place.OUT and after.place is Place.OUT:
            yield DOOR, at - luck.uniform(5, 12), at
            yield entry, at - luck.uniform(5, 12), at - luck.uniform(0, 3)
            if luck.random() < 0.2:  # it sees the door close
                yield entry, at + luck.uniform(0.3, 2.5), at + luck.uniform(4, 9)
        elif before.place is Place.OUT and after.place is not Place.OUT:
            yield DOOR, at, at + luck.uniform(4, 10)
            yield entry, at + luck.uniform(0.5, 2), at + luck.uniform(4, 9)
        if after.stir is Stir.AT_DOOR:
            yield DOOR, at + 4, after.until - 4


def _strays(seed: int, person: tuple[Stay, ...], day: int) -> Iterator[Pulse]:
    """What the sensor at the window reports of an empty home."""
    window = chance(seed, "window").choice(list(MOTION.values()))
    luck = chance(seed, "strays", day)
    for stay in person:
        at = stay.since + luck.expovariate(1 / STRAY_S)
        while stay.place is Place.OUT and at < stay.until - PULSE_S[1]:
            yield window, at, at + luck.uniform(*PULSE_S)
            at += luck.expovariate(1 / STRAY_S)


def _within(since: float, until: float) -> Interval:
    """Within the day, and over before it is."""
    since = min(max(round(since, 1), 0.1), DAY_S - 1.0)
    return since, min(max(round(until, 1), since + 0.5), DAY_S - 0.1)


def _joined(spans: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1] + JOINED_S:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def _lossy(spans: Iterable[Interval], luck: Random) -> Iterator[Interval]:
    """Without the pulses whose beginning is lost, and with those longer whose end is."""
    for since, until in spans:
        if luck.random() >= LOST:
            is_late = luck.random() < LOST
            yield since, until + is_late * luck.uniform(0, RETOLD_S)


def _faulty(kind: str, spans: list[Interval], since: float, until: float) -> list[Interval]:
    """What a sensor shows that is out of order for a while."""
    if kind not in ("dead", "stuck", "chatter"):
        return spans
    well = [span for span in spans if span[1] < since or span[0] >= until]
    if kind == "stuck":
        well.append((since, until))
    elif kind == "chatter":
        begin = max(0.0, since)
        times = range(int((min(until, DAY_S) - begin) / CHATTER_S))
        well += [(begin + n * CHATTER_S, begin + n * CHATTER_S + 0.4) for n in times]
    return sorted(well)
