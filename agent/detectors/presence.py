"""Where the resident is, and which sensors can be believed: what the home's detectors see alike.

| place       | means                                        | until                             |
|-------------|----------------------------------------------|-----------------------------------|
| unknown     | nobody has been seen yet                     | a sign of life                    |
| home_awake  | the last sign came from inside               |                                   |
| home_bed    | ... from the bedroom, in the hours of sleep  |                                   |
| maybe_away  | the front door, then nothing for ten minutes | half an hour, or one of the below |
| away        | and nothing for longer                       | the door opens, or people move    |

Who leaves closes the door behind him: the door's contact is the last thing that is heard, but for a
movement at the door that begins within three seconds of it. A movement at the door that begins
later is of somebody inside, who has taken in a parcel or said good-bye, or lies there: the home is
not called empty then. Nor is it where the last sign comes from the door and its contact has not
moved for three minutes, nor where the door has opened just once, for somebody who came home.

An empty home is not quite silent: a sensor reports once in hours, of sunlight, a pet or somebody
outside. One report brings nobody home; the door's contact does, and without it two rooms, or three
reports, within ten minutes. Then nobody had left, unless the door has no contact. So it is in the
ten minutes after somebody seems to have left, too, where one report may come from the door as well.

Which reports are signs of life, and which sensors are not believed, is told in levels.py and in
walks.py, and in pets.py for a home with a pet. A suspect sensor proves neither life nor stillness.
Whether the resident is alone is told in company.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from agent.detectors import Now, Perception, company
from agent.detectors.company import QUICK_S, Company, visited
from agent.detectors.hours import is_night
from agent.detectors.levels import (
    HELD_S,
    MOVES,
    REPEAT_S,
    UNTOLD_S,
    Doubt,
    Line,
    doubts_of,
    is_sign,
    levelled,
)
from agent.detectors.pets import Pet, heard
from agent.detectors.walks import (
    STAY_S,
    Walks,
    awaiting,
    blind,
    never_seen,
    passed,
    seeing,
    suspected,
    visit,
)
from agent.events import ClockStep, Gap, Tick
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading, SensorState, SensorStatus

ROOMS = frozenset({Role.BEDROOM, Role.BATHROOM, Role.KITCHEN, Role.LIVING, Role.WORK, Role.HALL})
DOOR = frozenset({Role.ENTRY, Role.FRONT_DOOR})
SIGNS = MOVES | {Quantity.CONTACT, Quantity.HELP}

QUIET_S = 600.0  # after the door: then nobody is inside
MAYBE_S = 1800.0
SINCE_DOOR_S = 180.0  # between the door's contact and the last sign of somebody who leaves
FOLLOWS_S = 3.0  # a movement at the door that begins so soon after the contact is the leaving
BURST_S = 60.0  # signs at the door that are one passing
STRAY_S, STRAYS = 600.0, 3
BED_FROM_H, BED_UNTIL_H = 21.0, 10.0
UNKNOWN_S = 3600.0  # nobody knows what happened in a gap that long


class Place(StrEnum):
    """Where the resident is, as far as is known."""

    UNKNOWN = "unknown"
    AWAKE = "home_awake"
    BED = "home_bed"
    MAYBE_AWAY = "maybe_away"
    AWAY = "away"


OUT = frozenset({Place.MAYBE_AWAY, Place.AWAY})


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life: when, by both clocks, and from which sensor."""

    mono: float
    wall: float
    sensor: str


@dataclass(frozen=True, slots=True)
class Door:
    """What was heard of the front door; monotonic seconds.

    Attributes:
        moved: when its contact last changed; None where it has not yet, or there is none.
        is_open: whether it stands open.
        rise: when a movement there last began.
        first: when the present burst of signs there began.
        last: the last of them.
        opened: how often the contact opened in it.
    """

    moved: float | None = None
    is_open: bool = False
    rise: float = 0.0
    first: float = 0.0
    last: float = 0.0
    opened: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """All that is perceived.

    Attributes:
        place: where the resident is.
        since: monotonic seconds since when; of being away, when the home was left; of being back,
            when the door was opened.
        reason: why that is believed: door, door_open or no_contact; returned or moved_inside; sign.
        sign: the last sign of life; None before the first.
        before: the one before it.
        is_sign: whether the input just taken in was one.
        lines: levels of the sensors.
        door: the front door.
        gone: the sign at the door with which the resident seems to have left, where strays have
            come since; None otherwise.
        strays: signs inside an empty home: monotonic seconds and sensor.
        doubts: sensors that are not believed, and why.
        stuck_at: monotonic second before which no sensor has to be looked at for standing at 1.
        walks: how the resident walks from sensor to sensor.
        suspects: sensors that may be found to be blind soon, and are believed until then.
        company: whether the resident is alone.
        pet: what may be the doing of a pet, where there is one.
        timed: the last boot in which the wall clock was seen synchronised; empty for none.
        boot: the present one.
    """

    place: Place = Place.UNKNOWN
    since: float = 0.0
    reason: str = ""
    sign: Sign | None = None
    before: Sign | None = None
    is_sign: bool = False
    lines: Mapping[str, Line] = field(default_factory=dict)
    door: Door = Door()
    gone: Sign | None = None
    strays: tuple[tuple[float, str], ...] = ()
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    stuck_at: float = math.inf
    walks: Walks = field(default_factory=Walks)
    suspects: tuple[str, ...] = ()
    company: Company = field(default_factory=Company)
    pet: Pet = field(default_factory=Pet)
    timed: str = ""
    boot: str = ""

    @property
    def is_out(self) -> bool:
        """Whether the home is believed to be empty."""
        return self.place in OUT

    @property
    def knows_the_time(self) -> bool:
        """Whether the time of day can be believed."""
        return self.timed == self.boot


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from the site.

    Attributes:
        roles: role of each sensor that can show life.
        contacts: those at the front door that tell whether it is open.
        motion: those that tell movements by pulses, and so can be stuck.
        zone: IANA name of the time zone.
        pets: whether a pet lives there.
        moving: those that see people move.
        door: those at the front door.
        keen: those in a bedroom that see people move: who is blind there hides whole nights.
    """

    roles: Mapping[str, Role]
    contacts: frozenset[str]
    motion: frozenset[str]
    zone: str
    pets: bool
    moving: frozenset[str]
    door: frozenset[str]
    keen: frozenset[str]


def plan(site: Site) -> Plan | None:
    """The sensors of a home, where a room has one that sees people move."""
    found = [s for s in site.with_role(*ROOMS, *DOOR) if SIGNS & set(s.traits.quantities)]
    if not any(s.role in ROOMS and MOVES & set(s.traits.quantities) for s in found):
        return None
    contacts = frozenset(
        s.name
        for s in found
        if s.role is Role.FRONT_DOOR and Quantity.CONTACT in s.traits.quantities
    )
    motion = frozenset(s.name for s in found if Quantity.MOTION in s.traits.quantities)
    moving = frozenset(s.name for s in found if MOVES & set(s.traits.quantities))
    keen = moving & {s.name for s in found if s.role is Role.BEDROOM}
    roles = {s.name: s.role for s in found}
    door = frozenset(name for name, role in roles.items() if role in DOOR)
    return Plan(roles, contacts, motion, site.timezone, site.pets, moving, door, keen)


def listens(known: Plan) -> tuple[str, ...]:
    """All of them."""
    return tuple(known.roles)


def start(known: Plan, now: float) -> Home:
    """Nobody has been seen."""
    del known
    return Home(since=now)


def step(known: Plan, home: Home, now: Now) -> Home:
    """Take in one input, or the passing of time."""
    stamp = now.stamp
    if stamp.boot != home.boot or (stamp.synced and home.timed != home.boot):
        home = replace(home, boot=stamp.boot, timed=stamp.boot if stamp.synced else home.timed)
    match now:
        case Reading():
            return _reading(known, home, now)
        case Tick():
            return _pass(known, replace(home, is_sign=False), stamp.mono)
        case SensorState():
            return _state(replace(home, is_sign=False), now)
        case Gap():
            return _gap(replace(home, is_sign=False), now)
        case ClockStep():
            return _step_clock(replace(home, is_sign=False), now.delta_s)
    return home


def due(known: Plan, home: Home) -> float | None:
    """When the home will be called empty, or a sensor stuck."""
    moment = home.stuck_at
    if home.place is Place.MAYBE_AWAY:
        moment = min(moment, home.since + MAYBE_S)
    elif home.place is not Place.AWAY and (gone := _gone(known, home)) is not None:
        moment = min(moment, gone.mono + QUIET_S)
    return None if moment == math.inf else moment


def _reading(known: Plan, home: Home, now: Reading) -> Home:
    if now.quantity not in SIGNS:
        return replace(home, is_sign=False) if home.is_sign else home
    at, name = now.stamp.mono, now.sensor
    line = home.lines.get(name)
    fresh = levelled(line, now)
    lines = {**home.lines, name: fresh}
    doubts = doubts_of(home.doubts, now, line, fresh)
    door = home.door
    stuck_at = home.stuck_at
    if now.value and now.quantity is Quantity.MOTION:
        stuck_at = min(stuck_at, fresh.since + HELD_S)
    role = known.roles[name]
    is_contact = name in known.contacts
    if role in DOOR:
        door = _door(door, now, line, is_contact=is_contact)
    if now.quality.grade is Grade.BAD or name in doubts or not is_sign(now, line, fresh):
        return _with(home, lines, door, doubts, stuck_at, None)
    if known.pets:
        pet, is_hers = heard(home.pet, now)
        home = replace(home, pet=pet)
        if not is_hers:
            home = _not_blind(home, seeing(home.walks, name), name)
            return _with(home, lines, door, doubts, stuck_at, None)
    sign = Sign(at, now.stamp.wall, name)
    before = home.sign
    was_out = home.is_out
    if not was_out:
        home = _linger(known, home, now, role)
    home = _with(home, lines, door, doubts, stuck_at, sign)
    if before is None or before.sensor != name or at - before.mono >= STAY_S:
        heard_at = None if was_out or before is None else before.mono
        home = _visit(known, home, sign, heard_at, _other(known, lines, before, now))
    return _outside(known, home, now, role) if home.is_out else _inside(known, home, sign, role)


def _outside(known: Plan, home: Home, now: Reading, role: Role) -> Home:
    """Take in a sign from a home that is believed to be empty."""
    if role in DOOR:
        is_contact = now.sensor in known.contacts
        opens = is_contact or not known.contacts or not known.contacts.isdisjoint(home.doubts)
        if opens and now.value:
            return replace(
                home, place=Place.AWAKE, since=home.door.first, reason="returned", strays=()
            )
        return home
    return _stray(home, now)


def _with(
    home: Home,
    lines: Mapping[str, Line],
    door: Door,
    doubts: Mapping[str, Doubt],
    stuck_at: float,
    sign: Sign | None,
) -> Home:
    """What `replace` would give, in a third of the time: it happens with every reading."""
    return Home(
        home.place, home.since, home.reason, home.sign if sign is None else sign,
        home.before if sign is None else home.sign, sign is not None, lines, door, home.gone,
        home.strays, doubts, stuck_at, home.walks, home.suspects, home.company,
        home.pet, home.timed, home.boot,
    )  # fmt: skip


def _other(known: Plan, lines: Mapping[str, Line], before: Sign | None, now: Reading) -> str:
    """The sensor of the sign before, where it has just begun to see somebody; empty for none.

    A pet makes such pairs all day, and so they tell nothing where there is one.
    """
    if before is None or before.sensor == now.sensor or not now.value or known.pets:
        return ""
    line = lines.get(before.sensor)
    if line is None or not line.value:
        return ""
    return before.sensor if now.stamp.mono - line.since <= QUICK_S else ""


def _visit(known: Plan, home: Home, sign: Sign, before: float | None, other: str) -> Home:
    """Somebody has come to a sensor, or back to life there: a step of hers, if she is alone."""
    name = sign.sensor
    who = visited(home.company, home.walks, sign.mono, name, other)
    if who.is_here(sign.mono):
        return replace(_not_blind(home, passed(home.walks, name), name), company=who)
    walks = visit(awaiting(home.walks, known.roles), name, sign.mono, before, known.door)
    doubts = home.doubts
    others = [name for name, doubt in doubts.items() if doubt is Doubt.BLIND]
    for sensor in (
        *blind(walks, sign.mono, known.keen, known.door, others, pets=known.pets),
        *never_seen(walks, known.moving, known.contacts, known.door - known.contacts),
    ):
        if sensor not in doubts:
            doubts = {**doubts, sensor: Doubt.BLIND}
    suspects = tuple(name for name in suspected(walks, sign.mono, known.keen) if name not in doubts)
    return replace(home, walks=walks, company=who, doubts=doubts, suspects=suspects)


def _not_blind(home: Home, walks: Walks, name: str) -> Home:
    """A sensor shows somebody: it is suspected no longer; of the others nothing new is known."""
    return replace(home, walks=walks, suspects=tuple(s for s in home.suspects if s != name))


def _inside(known: Plan, home: Home, sign: Sign, role: Role) -> Home:
    is_bed = role is Role.BEDROOM and (
        not home.knows_the_time or is_night(known.zone, sign.wall, BED_FROM_H, BED_UNTIL_H)
    )
    place = Place.BED if is_bed else Place.AWAKE
    if home.place is place:
        return home
    return replace(home, place=place, since=sign.mono, reason="sign")


def _stray(home: Home, now: Reading) -> Home:
    """A sign inside an empty home: one is none."""
    at = now.stamp.mono
    strays = _strays(home, now)
    if strays is not None:
        return replace(home, strays=strays)
    since = min((s[0] for s in home.strays if at - s[0] <= STRAY_S), default=at)
    return replace(home, place=Place.AWAKE, since=since, reason="moved_inside", strays=())


def _strays(home: Home, now: Reading) -> tuple[tuple[float, str], ...] | None:
    """Strays of the last minutes, with this sign; None where they are somebody who moves."""
    at = now.stamp.mono
    recent = tuple(s for s in home.strays if at - s[0] <= STRAY_S)
    if not now.value:
        return recent
    strays = (*recent, (at, now.sensor))[-STRAYS:]
    is_stray = len(strays) < STRAYS and len({sensor for _, sensor in strays}) == 1
    return strays if is_stray else None


def _door(door: Door, now: Reading, line: Line | None, *, is_contact: bool) -> Door:
    at = now.stamp.mono
    is_change = line is not None and line.value != now.value
    if not is_change and not (now.value and line is None):
        return replace(door, is_open=bool(now.value)) if is_contact else door
    is_new = at - door.last > BURST_S
    first, opened = (at, 0) if is_new else (door.first, door.opened)
    if is_contact:
        moved = at if is_change else door.moved
        return Door(moved, bool(now.value), door.rise, first, at, opened + (now.value == 1))
    return Door(door.moved, door.is_open, at if now.value else door.rise, first, at, opened)


def _has_left(known: Plan, home: Home) -> bool:
    """Whether the last sign is that of somebody who leaves."""
    sign, door = home.sign, home.door
    if sign is None or known.roles.get(sign.sensor) not in DOOR:
        return False
    if not known.contacts or not known.contacts.isdisjoint(home.doubts):
        return True
    if door.moved is None or sign.mono - door.moved > SINCE_DOOR_S:
        return False
    if home.reason == "returned" and home.since == door.first and door.opened < 2:
        return False  # who has just come in has not gone out by the same door again
    return door.is_open or door.rise - door.moved < FOLLOWS_S


def _gone(known: Plan, home: Home) -> Sign | None:
    """The sign with which the resident seems to have left; None where he has not."""
    if home.gone is not None:
        return home.gone
    return home.sign if _has_left(known, home) else None


def _linger(known: Plan, home: Home, now: Reading, role: Role) -> Home:
    """Follow whether a home is empty that somebody seems to have left: a stray refutes nothing."""
    gone = home.gone
    if now.sensor in known.contacts:
        return home if gone is None else replace(home, gone=None, strays=())
    if gone is None:
        if role in DOOR and now.stamp.mono - home.door.last <= BURST_S:
            return home  # it belongs to the leaving, or refutes it
        is_leaving = home.sign is not None and known.contacts and _has_left(known, home)
        if not is_leaving:
            return home
        home = replace(home, gone=home.sign, strays=())
    strays = _strays(home, now)
    return replace(home, gone=None, strays=()) if strays is None else replace(home, strays=strays)


def _pass(known: Plan, home: Home, at: float) -> Home:
    if at >= home.stuck_at:
        home = _hold(known, home, at)
    if home.place is Place.MAYBE_AWAY:
        return replace(home, place=Place.AWAY) if at >= home.since + MAYBE_S else home
    sign = None if home.is_out else _gone(known, home)
    if sign is None or at < sign.mono + QUIET_S:
        return home
    if home.door.moved is None or known.contacts <= home.doubts.keys():
        since, reason = sign.mono, "no_contact"
    else:
        since, reason = home.door.moved, "door_open" if home.door.is_open else "door"
    place = Place.AWAY if at >= since + MAYBE_S else Place.MAYBE_AWAY
    return replace(home, place=place, since=since, reason=reason, gone=None, strays=())


def _hold(known: Plan, home: Home, at: float) -> Home:
    """Sensors that stand at 1: after ten minutes that was no sign, after hours they are stuck."""
    sign, before, doubts, later = home.sign, home.before, home.doubts, math.inf
    for name, line in home.lines.items():
        if not line.value or name in doubts or name not in known.motion:
            continue
        if at >= line.since + UNTOLD_S:
            doubts = {**doubts, name: Doubt.STUCK}
            continue
        is_old = at >= line.since + HELD_S
        later = min(later, line.since + (UNTOLD_S if is_old else HELD_S))
        if is_old and sign is not None and before is not None and sign.sensor == name:
            sign, before = before, None
    return replace(home, doubts=doubts, stuck_at=later, sign=sign, before=before)


def _state(home: Home, now: SensorState) -> Home:
    if now.status is SensorStatus.STARTING:
        return home
    return replace(home, doubts={**home.doubts, now.sensor: Doubt.DOWN})


def _gap(home: Home, now: Gap) -> Home:
    """What stood before a gap stands after it, unless nobody knows what happened meanwhile."""
    if now.length_s <= REPEAT_S:
        return home
    at = now.stamp.mono
    lines = {name: Line(line.value, at, at, int(at // 60)) for name, line in home.lines.items()}
    home = replace(home, lines=lines, strays=())
    if now.length_s <= UNKNOWN_S or home.sign is None:
        return home
    sign = Sign(at, now.stamp.wall, home.sign.sensor)  # nobody knows better: counting starts anew
    return replace(home, sign=sign, before=None)


def _step_clock(home: Home, delta_s: float) -> Home:
    def moved(sign: Sign | None) -> Sign | None:
        return None if sign is None else replace(sign, wall=sign.wall + delta_s)

    return replace(home, sign=moved(home.sign), before=moved(home.before))


def unlearn(home: Home) -> Home:
    """What is so at this moment, with nothing known of the person."""
    return replace(
        home,
        before=None,
        strays=(),
        walks=Walks(),
        suspects=(),
        company=company.unlearn(home.company),
    )


PERCEPTION = Perception(
    state=Home, plan=plan, listens=listens, start=start, step=step, due=due, unlearn=unlearn
)
