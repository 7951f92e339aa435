"""What is planted into the life of a home that never existed, and when: the truth beside it.

An incident is written `KIND@DAY[THH:MM][+HOURS]`, day 0 being the first: `collapse@20T14:10+8`.
Several are parted by commas. Without an hour and a length it has those of its kind:

| kind            | from  | hours | is                                                           |
|-----------------|-------|-------|--------------------------------------------------------------|
| collapse        | 14:15 | 20    | lies where he or she is, awake and at home, until found      |
| collapse-in-bed | 02:00 | 14    | the same in bed                                              |
| night-exit      | 02:10 | 0.7   | leaves the home                                              |
| missed-meals    | 10:30 | 11    | fetches a glass of water in the kitchen, but does not cook   |
| holiday         | 09:30 | 76    | nobody is at home                                            |
| decline         | 00:00 | 336   | fails a little more every day, and stays so                  |
| visitor         | 14:30 | 2     | a second person; every week as well                          |
| cleaning        | 08:50 | 2.5   | all rooms in turn; every week as well                        |
| dead-PLACE      | 12:00 | 96    | the sensor there reports nothing                             |
| stuck-PLACE     | 12:00 | 24    | ... is at 1                                                  |
| chatter-PLACE   | 12:00 | 2     | ... changes every second or so                               |

PLACE is bedroom, bathroom, kitchen, living or entry; for dead-PLACE also door. All of these lengths
are reasoning: no recorded home shows an incident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from drivers.scene_home import (
    DAY_S,
    Place,
    Stay,
    Stir,
    chance,
    flat,
    habits,
    outing,
    pile,
)

HOUR_S = 3600.0
KINDS = {
    "collapse": (14.25, 20.0),
    "collapse-in-bed": (2.0, 14.0),
    "night-exit": (2.0 + 1 / 6, 0.7),
    "missed-meals": (10.5, 11.0),
    "holiday": (9.5, 76.0),
    "decline": (0.0, 336.0),
    "visitor": (14.5, 2.0),
    "cleaning": (8.0 + 5 / 6, 2.5),
    "dead": (12.0, 96.0),
    "stuck": (12.0, 24.0),
    "chatter": (12.0, 2.0),
}
ROOMS = ("bedroom", "bathroom", "kitchen", "living", "entry")
FAULTS = {"dead": (*ROOMS, "door"), "stuck": ROOMS, "chatter": ROOMS}
LONGEST_DAY = 3660
FORM = re.compile(r"([a-z-]+)@(\d{1,4})(?:T(\d\d):(\d\d))?(?:\+(\d+(?:\.\d+)?))?")
ALONE = frozenset({"collapse", "collapse-in-bed", "holiday"})  # nobody opens to a visitor
WATER_S = 90.0
GREETING_S = 75.0


@dataclass(frozen=True, slots=True)
class Incident:
    """Something out of the ordinary.

    Attributes:
        kind: a key of KINDS.
        since: seconds after the midnight of day 0.
        until: the same.
        place: of the sensor, for one of FAULTS; of a collapse; else empty.
    """

    kind: str
    since: float
    until: float
    place: str = ""

    @property
    def name(self) -> str:
        """As it was written: the kind, and the place of a sensor."""
        return f"{self.kind}-{self.place}" if self.kind in FAULTS else self.kind

    def overlaps(self, since: float, until: float) -> bool:
        """Whether any of it lies between two moments."""
        return self.since < until and self.until > since


def parse(text: str) -> tuple[Incident, ...]:
    """What is written there. Raise ValueError for what cannot be read."""
    return tuple(_parse(part.strip()) for part in text.split(",") if part.strip())


def settle(seed: int, incidents: tuple[Incident, ...]) -> tuple[Incident, ...]:
    """The same, with each collapse at the first moment from its own on at which it can happen."""
    return tuple(_fall(seed, i) if i.kind.startswith("collapse") else i for i in incidents)


def weekly(seed: int, day: int) -> tuple[Incident, ...]:
    """The visitor and the cleaning of a day, if it has one."""
    of, luck = habits(seed), chance(seed, "weekly", day)
    found = []
    for kind, weekday in (("visitor", of.visit_day), ("cleaning", of.cleaning_day)):
        if day % 7 == weekday:
            hour, hours = KINDS[kind]
            since = day * DAY_S + (hour + luck.uniform(-0.5, 0.5)) * HOUR_S
            found.append(Incident(kind, since, since + hours * luck.uniform(0.6, 1.2) * HOUR_S))
    return tuple(found)


def frailty(incidents: tuple[Incident, ...], day: int) -> float:
    """How far a decline has gone by that day, 0 to 1."""
    gone = [(day * DAY_S - i.since) / (i.until - i.since) for i in incidents if i.kind == "decline"]
    return min(1.0, max(0.0, *gone)) if gone else 0.0


def stays(seed: int, incident: Incident) -> list[Stay]:
    """What an incident makes the resident do, in seconds after the midnight of day 0."""
    since, until = incident.since, incident.until
    match incident.kind:
        case "collapse" | "collapse-in-bed":
            place = Place(incident.place)
            return [Stay(since, until, place, Stir.STILL), Stay(until, until + 900, place)]
        case "night-exit" | "holiday":
            return outing(since, until)
        case "visitor":
            return [
                Stay(since, until, Place.LIVING),
                Stay(since - GREETING_S, since, Place.ENTRY, Stir.AT_DOOR),
                Stay(until, until + GREETING_S, Place.ENTRY, Stir.AT_DOOR),
            ]
        case "cleaning":
            return _cleaning(seed, incident)
    return []


def guest(seed: int, incident: Incident) -> list[Stay]:
    """What a visitor does: sits with the resident, and fetches tea once or twice."""
    luck = chance(seed, "guest", incident.since)
    found = [Stay(incident.since, incident.until, Place.LIVING)]
    for _ in range(luck.choice((1, 2))):
        tea = luck.uniform(incident.since + 300, max(incident.since + 600, incident.until - 900))
        found.append(Stay(tea, tea + luck.uniform(180, 480), Place.KITCHEN))
    return found


def hungry(stay: Stay) -> tuple[Stay, ...]:
    """What becomes of a stay in the kitchen where nothing is eaten."""
    if stay.place is not Place.KITCHEN:
        return (stay,)
    leaves = min(stay.until, stay.since + WATER_S)
    rest = Stay(leaves, stay.until, Place.LIVING, Stir.RESTING)
    return (replace(stay, until=leaves), rest)[: 1 + (stay.until > leaves)]


def _parse(text: str) -> Incident:
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not KIND@DAY[THH:MM][+HOURS], such as collapse@20T14:10+8")
    name, day, hour, minute, length = match.groups()
    kind, place, places = name, "", tuple[str, ...]()
    if name.partition("-")[0] in FAULTS:
        kind, _, place = name.partition("-")
        places = FAULTS[kind]
    if kind not in KINDS:
        known = (f"{k}-PLACE" if k in FAULTS else k for k in KINDS)
        raise ValueError(f"{text!r}: no kind {name!r}; there are {', '.join(known)}")
    if places and place not in places:
        raise ValueError(f"{text!r}: no place {place!r}; there are {', '.join(places)}")
    begin_h, hours = KINDS[kind]
    if hour is not None:
        begin_h = int(hour) + int(minute) / 60
    if begin_h >= 24 or (minute is not None and int(minute) > 59):
        raise ValueError(f"{text!r}: no time of day {hour}:{minute}")
    hours = hours if length is None else float(length)
    if not 0 < hours <= LONGEST_DAY or int(day) > LONGEST_DAY:
        raise ValueError(f"{text!r}: day and hours go up to {LONGEST_DAY}")
    since = int(day) * DAY_S + begin_h * HOUR_S
    return Incident(kind, since, since + hours * HOUR_S, place)


def _fall(seed: int, incident: Incident) -> Incident:
    """Somebody falls where he or she is: awake at home, or asleep in bed."""
    in_bed = incident.kind == "collapse-in-bed"
    day = int(incident.since // DAY_S)
    while True:
        after = incident.since - day * DAY_S
        for stay in flat([*pile(seed, day), *_shifted(seed, day)]):
            is_right = stay.place is Place.BEDROOM and stay.stir is Stir.ASLEEP
            if not in_bed:
                is_right = stay.stir not in (Stir.ASLEEP, Stir.AT_DOOR) and stay.place not in (
                    Place.OUT,
                    Place.ENTRY,
                )
            begin = max(stay.since + 60, after)
            if is_right and begin < stay.until:
                since = day * DAY_S + begin
                length = incident.until - incident.since
                return replace(incident, since=since, until=since + length, place=stay.place.value)
        day += 1


def _shifted(seed: int, day: int) -> list[Stay]:
    """What the week brings to a day, in seconds after its own midnight."""
    return [moved(s, -day * DAY_S) for i in weekly(seed, day) for s in stays(seed, i)]


def moved(stay: Stay, by_s: float) -> Stay:
    """The same stay at another time."""
    return replace(stay, since=stay.since + by_s, until=stay.until + by_s)


def _cleaning(seed: int, incident: Incident) -> list[Stay]:
    luck = chance(seed, "cleaning", incident.since)
    found, at = [], incident.since
    while at < incident.until:
        for room in (Place.BEDROOM, Place.BATHROOM, Place.LIVING, Place.ENTRY, Place.KITCHEN):
            until = min(incident.until, at + luck.uniform(180, 700))
            if until > at:
                found.append(Stay(at, until, room))
            at = until
    return found
