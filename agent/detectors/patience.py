"""How long nobody may move: the limits of stillness.py, from what is known of this person.

The table in stillness.py says which limits there are and what each is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from agent.detectors import Setup
from agent.detectors.habits import BINS, Silences, around, bin_of
from agent.detectors.hours import hour, is_night, zone_of
from agent.detectors.levels import MOVES, Doubt
from agent.detectors.presence import BED_FROM_H, BED_UNTIL_H, DOOR, ROOMS, Home, Sign
from agent.events import WarningLevel
from agent.site import Role, Site

WET = frozenset({Role.BATHROOM, Role.KITCHEN})
UNSEEING = frozenset({Doubt.BLIND, Doubt.DOWN})
LEAST_MIN = 5.0  # shorter silences teach nothing
FLOOR_MIN, WET_FLOOR_MIN, BED_FLOOR_MIN = 90.0, 30.0, 120.0
WET_CEILING_MIN = 90.0
LINE_REACH, BED_REACH = 2, 3  # half-hours to either side
LINE_FACTOR, OTHER_FACTOR, BED_FACTOR, ROOM_FACTOR = 1.1, 0.5, 1.1, 1.25
LINE_MORE_MIN, BED_MORE_MIN = 30.0, 20.0
LEARN_FROM, LEARN_UNTIL = 7, 14  # trusted days
RISING_H = (4.0, 11.0)
NOT_UP_MIN, NOT_UP_LEAST_MIN = 60.0, 75.0
ORDINARY_DAY = date(2026, 1, 15)  # no zone sets its clocks then
EVENING_S = 5 * 3600.0  # in which a bedroom that is used shows life before a night


@dataclass(frozen=True, slots=True)
class Config:
    """Ceilings in hours; what is learned never goes beyond them.

    Attributes:
        awake_h: longest stillness when awake, 0.5 to 12.
        bed_h: longest stillness in bed, 4 to 16.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    awake_h: float = 4.0
    bed_h: float = 8.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("awake_h", self.awake_h, 0.5, 12),
            ("bed_h", self.bed_h, 4, 16),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")
        if self.bed_h < self.awake_h:
            raise ValueError(f"bed_h: {self.bed_h} is below awake_h {self.awake_h}")


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered.

    Attributes:
        silences: what is learned.
        days: trusted days lived through.
        day: ordinal of the local day that is being lived through; 0 before the first.
        is_trusted: whether everything on it could be believed so far.
        risings: local hours of the latest risings, the newest last.
        rising: local hour of the day's rising, as far as is known.
        of: monotonic second of the sign that `check_at` is about.
        check_at: monotonic second at which the limit is looked at next.
        bed_seen: monotonic second of the last sign from a bedroom; None before the first.
        got_up_unseen: whether the resident was seen elsewhere straight from bed, without a sign of
            getting up.
        not_before: monotonic second before which nothing is concluded.
        level: of the open alarm.
        raised: monotonic second since when it stands at that.
    """

    silences: Silences = field(default_factory=Silences)
    days: int = 0
    day: int = 0
    is_trusted: bool = True
    risings: tuple[float, ...] = ()
    rising: float | None = None
    of: float = -1.0
    check_at: float = 0.0
    bed_seen: float | None = None
    got_up_unseen: bool = False
    not_before: float = 0.0
    level: WarningLevel | None = None
    raised: float = 0.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that holds at a moment.

    Attributes:
        longest: minutes of the silence that it rests on; 0 for none.
    """

    minutes: float
    reason: str
    source: str
    longest: float = 0.0


def learned_share(state: State) -> float:
    """How much of a limit is learned: 0 until day 7, 1 from day 14 on."""
    return min(1.0, max(0.0, (state.days - LEARN_FROM) / (LEARN_UNTIL - LEARN_FROM)))


def up_by_h(state: State) -> float | None:
    """Local hour by which whoever slept has to be up; None until enough risings are known."""
    return max(state.risings) + NOT_UP_MIN / 60 if len(state.risings) >= LEARN_FROM else None


def limit_at(
    setup: Setup[Config], state: State, local_h: float, sensor: str = ""
) -> tuple[Limit, Limit | None]:
    """What would hold at an hour of the day, with every sensor and the clock believed.

    Args:
        setup: as for a step.
        state: what is known.
        local_h: the hour.
        sensor: where the last sign came from; empty for no room in particular.

    Returns:
        The limit of an orange alarm; of a yellow one before it, in the rooms that have one.
    """
    midnight = datetime.combine(ORDINARY_DAY, time(), zone_of(setup.site.timezone))
    sign = Sign(state.bed_seen or 0.0, (midnight + timedelta(hours=local_h)).timestamp(), sensor)
    seen = Home()
    wet = milder_limit_of(setup, state, sign, seen, sign.mono)
    return limit_of(setup, state, sign, seen, sign.mono), wet


def limit_of(setup: Setup[Config], state: State, sign: Sign, seen: Home, at: float) -> Limit:
    """The lowest limit that holds for the silence after a sign, at a moment of it."""
    wall = sign.wall + (at - sign.mono)
    role = role_of(setup, sign)
    bed = state_at(setup, seen, sign, at)
    ceiling = Limit(ceiling_min(setup, bed), "ceiling", source_of(setup, f"{bed}_h"))
    if role is Role.BEDROOM and not seen.knows_the_time:
        return ceiling  # what is usual in bed goes by the hour
    if _may_be_blind(setup, state, seen, sign, role, wall):
        return _not_up(setup, state, sign, wall) or Limit(
            setup.limits.bed_h * 60 + 240, "ceiling", source_of(setup, "bed_h")
        )
    share = learned_share(state)
    found = [ceiling]
    is_told_milder = _is_unseen(setup, seen)  # see `milder_limit_of`
    if share > 0 and role is not None and role not in DOOR and not is_told_milder:
        if is_bed(setup, role, sign.wall, wall):
            usual, floor = _usual_in_bed(setup, state, wall), BED_FLOOR_MIN
        else:
            is_blind = not seen.doubts.keys().isdisjoint(_rooms(setup.site))
            is_unsure = is_blind or setup.site.pets
            usual, floor = _usual_awake(setup, state, sign, is_unsure=is_unsure), FLOOR_MIN
            longest = state.silences.minutes([role.value], state.day)
            if role in WET and longest and not is_blind:
                room = Limit(longest * ROOM_FACTOR, "room", "learned", longest)
                found.append(
                    _blend(
                        ceiling, replace(room, minutes=max(WET_CEILING_MIN, room.minutes)), share
                    )
                )
        found.append(_blend(ceiling, usual, share))
        lowest = min(found, key=lambda limit: limit.minutes)
        found = [replace(lowest, minutes=max(floor, lowest.minutes))]
    if (
        bed_or_awake(setup, role, sign.wall) == "bed"
        and (late := _not_up(setup, state, sign, wall)) is not None
    ):
        found.append(late)
    return min(found, key=lambda limit: limit.minutes)


def _unseen(seen: Home) -> set[str]:
    """Sensors that may not see anybody: dead, blind, or under suspicion of it."""
    return {*seen.suspects, *(name for name, doubt in seen.doubts.items() if doubt in UNSEEING)}


def _is_unseen(setup: Setup[Config], seen: Home) -> bool:
    """Whether the resident may be where nobody is seen, or gone by a door that does not tell."""
    if not seen.doubts and not seen.suspects:
        return False
    watching = (*_rooms(setup.site), *(s.name for s in setup.site.with_role(*DOOR)))
    return not _unseen(seen).isdisjoint(watching)


def _rooms(site: Site) -> tuple[str, ...]:
    """Sensors that see people move in the rooms."""
    rooms = site.with_role(*ROOMS)
    return tuple(s.name for s in rooms if MOVES & set(s.traits.quantities))


def _blend(ceiling: Limit, learned: Limit, share: float) -> Limit:
    """What holds while learning counts for a share only; the ceiling where nothing is known."""
    if not learned.longest or not share:
        return ceiling
    minutes = ceiling.minutes + share * (min(learned.minutes, ceiling.minutes) - ceiling.minutes)
    return replace(learned, minutes=minutes)


def _usual_in_bed(setup: Setup[Config], state: State, wall: float) -> Limit:
    number = bin_of(hour(setup.site.timezone, wall))
    longest = state.silences.minutes(around("bed", number, BED_REACH), state.day)
    return Limit(longest * BED_FACTOR + BED_MORE_MIN, "line", "learned", longest)


def _usual_awake(setup: Setup[Config], state: State, sign: Sign, *, is_unsure: bool) -> Limit:
    """What is usual after a sign: here at this hour, here at any, and anywhere at this hour.

    Where a room's sensor is not believed, the resident may have gone where nobody sees him, and
    with a pet, where a few movements prove nothing: then what is usual anywhere at this hour counts
    in full.
    """
    number = bin_of(hour(setup.site.timezone, sign.wall))
    sensors = _rooms(setup.site)
    elsewhere = [
        name for s in sensors if s != sign.sensor for name in around(s, number, LINE_REACH)
    ]
    weights = (
        ("line", LINE_FACTOR, around(sign.sensor, number, LINE_REACH)),
        ("day", OTHER_FACTOR, around(sign.sensor, number, BINS // 2)),
        ("hour", LINE_FACTOR if is_unsure else OTHER_FACTOR, elsewhere),
    )
    found = []
    for reason, weight, names in weights:
        longest = state.silences.minutes(names, state.day)
        found.append(Limit(longest * weight + LINE_MORE_MIN, reason, "learned", longest))
    return max(found, key=lambda limit: limit.minutes)


def _not_up(setup: Setup[Config], state: State, sign: Sign, wall: float) -> Limit | None:
    """The silence that lasts until an hour after the latest rising, where that hour has come."""
    latest_h = up_by_h(state)
    if latest_h is None:
        return None
    now_h = hour(setup.site.timezone, wall)
    if not latest_h <= now_h < RISING_H[1] + 6:
        return None
    since_min = (wall - sign.wall) / 60 - (now_h - latest_h) * 60
    if since_min < 0:  # the silence began after that hour: no sleep
        return None
    return Limit(max(NOT_UP_LEAST_MIN, since_min), "not_up", "learned")


def milder_limit_of(
    setup: Setup[Config], state: State, sign: Sign, seen: Home, at: float
) -> Limit | None:
    """The milder limit; None where there is none, or nobody can tell.

    Bathroom and kitchen have one. Where the resident may be in a room in which nobody is seen, what
    is usual is no more than that.
    """
    role = role_of(setup, sign)
    if _is_unseen(setup, seen):
        return _usual_unseen(setup, state, sign, role, seen, at)
    if role not in WET or role is None or not seen.doubts.keys().isdisjoint(_rooms(setup.site)):
        return None
    if _may_be_blind(setup, state, seen, sign, role, sign.wall + (at - sign.mono)):
        late = Limit(WET_CEILING_MIN, "ceiling", "default")  # back in bed, unseen, or still there
        return late if state.got_up_unseen else None
    share = learned_share(state)
    # One odd evening does not set it. Where none is known, there was none worth learning.
    longest = max(LEAST_MIN, state.silences.second(role.value, state.day))
    learned = Limit(longest * ROOM_FACTOR, "room", "learned", longest)
    limit = _blend(Limit(WET_CEILING_MIN, "ceiling", "default"), learned, share)
    return replace(limit, minutes=max(WET_FLOOR_MIN, limit.minutes))


def _usual_unseen(
    setup: Setup[Config], state: State, sign: Sign, role: Role | None, seen: Home, at: float
) -> Limit | None:
    """What is usual where there may be a room in which nobody is seen."""
    if role is None or role in DOOR or not learned_share(state):
        return None
    if role is Role.BEDROOM and not seen.knows_the_time:
        return None
    if _may_be_blind(setup, state, seen, sign, role, sign.wall + (at - sign.mono)):
        return None
    bed = state_at(setup, seen, sign, at)
    ceiling = Limit(ceiling_min(setup, bed), "ceiling", source_of(setup, f"{bed}_h"))
    wall = sign.wall + (at - sign.mono)
    if is_bed(setup, role, sign.wall, wall):
        usual, floor = _usual_in_bed(setup, state, wall), BED_FLOOR_MIN
    else:
        usual, floor = _usual_awake(setup, state, sign, is_unsure=True), FLOOR_MIN
    limit = _blend(ceiling, usual, learned_share(state))
    return replace(limit, minutes=max(floor, limit.minutes))


def _may_be_blind(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, role: Role | None, wall: float
) -> bool:
    """At night, elsewhere last, and nothing from the bedroom all evening: asleep, perhaps."""
    zone = setup.site.timezone
    if role is Role.BEDROOM or not is_night(zone, wall, 21.5, BED_UNTIL_H):
        return False
    beds = {s.name for s in setup.site.with_role(Role.BEDROOM)}
    if state.got_up_unseen or (beds and beds <= {*seen.doubts, *seen.suspects}):
        return True
    if state.bed_seen is None or state.days < LEARN_FROM:
        return False
    return sign.mono - state.bed_seen > EVENING_S


def state_at(setup: Setup[Config], seen: Home, sign: Sign, at: float) -> str:
    """Whether the resident is in "bed" or "awake" at a moment of the silence after a sign."""
    if not seen.knows_the_time:
        return "bed" if role_of(setup, sign) is Role.BEDROOM else "awake"
    return bed_or_awake(setup, role_of(setup, sign), sign.wall + (at - sign.mono))


def bed_or_awake(setup: Setup[Config], role: Role | None, wall: float) -> str:
    """The same, of somebody in a room at a moment."""
    zone = setup.site.timezone
    is_bed = role is Role.BEDROOM and is_night(zone, wall, BED_FROM_H, BED_UNTIL_H)
    return "bed" if is_bed else "awake"


def is_bed(setup: Setup[Config], role: Role | None, began: float, wall: float) -> bool:
    """Whether a silence is one in bed: begun there in the hours of sleep, or lasting into them."""
    return "bed" in (bed_or_awake(setup, role, began), bed_or_awake(setup, role, wall))


def ceiling_min(setup: Setup[Config], bed: str) -> float:
    """What no limit goes beyond, in minutes; "bed" or "awake"."""
    return 60 * (setup.limits.bed_h if bed == "bed" else setup.limits.awake_h)


def source_of(setup: Setup[Config], name: str) -> str:
    """Whether a ceiling is from the configuration or the default."""
    return "config" if name in setup.configured else "default"


def role_of(setup: Setup[Config], sign: Sign) -> Role | None:
    """Where a sign came from; None if the site no longer has that sensor."""
    sensor = setup.site.sensors.get(sign.sensor)
    return None if sensor is None else sensor.role
