"""Nobody has moved for too long.

Protects a person living alone who has fallen or fallen ill. Concludes `home.stillness` when nothing
in the home has moved for longer than is usual for this person at this time of day and in this room:
orange, in bathroom and kitchen yellow before that, and red once the ceiling is passed as well. The
next sign of life ends it.

| limit   | is                                                                    | level  |
|---------|-----------------------------------------------------------------------|--------|
| line    | awake: the longest after this sensor, begun within an hour of this    | orange |
|         | time of day, a tenth and half an hour more                            |        |
|         | in bed: the longest in bed by this half-hour, a tenth and 20 min more | orange |
| day     | half the longest after this sensor at any hour, and half an hour      | orange |
| hour    | half the longest elsewhere at this time of day, and half an hour      | orange |
| room    | bathroom, kitchen: the longest there and a quarter more, from 90 min  | orange |
| room    | the second longest there and a quarter more, from half an hour on     | yellow |
| not_up  | an hour after the latest rising of the last three weeks               | orange |
| ceiling | fixed: awake 4 h, in bed 8 h; never lifted by learning                | orange |

Awake, the longest of line, day and hour is what is usual of somebody who has sat down here, and an
hour and a half the least. Of what is usual, the room's limit, not_up and the ceiling, the lowest
holds; where nothing is known, and on the first days, the ceiling. The numbers are the shortest that
gave no urgent false alarm on a recorded month and, on a hundred simulated weeks, one in four; they
follow from one home.

What is learned counts from day 7 on and alone from day 14. Learned are silences that have ended, on
days on which every sensor and the clock could be believed, and no more of one than half again the
limit that held: an incident, or a slow decline, is not taken for a habit. An alarm that has stood
for an hour turns red at the ceiling.

Deliberately keeps silent: while the resident is out, which is the outing detector's to judge; for
half an hour after a gap in which the agent did not run, and anew from the start after one of more
than an hour; at night where the last sign did not come from the bedroom and the bedroom's sensors
have shown nothing all evening, did not show the resident getting up, or are not believed, for then
the resident may be asleep, until the hour at which a sleeper would have to be up (at yellow in
bathroom and kitchen after 90 minutes). Where the last sign came from the door, whose contact may be
dead, only the ceiling counts, and where a room's sensor is not believed, no room's limit. Where no
clock has told the time since the device was switched on, the bedroom counts as bed at any hour,
and only the ceiling counts there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.habits import BIN_S, BINS, Silences, around, bin_of, cell
from agent.detectors.presence import (
    BED_FROM_H,
    BED_UNTIL_H,
    DOOR,
    MOVES,
    ROOMS,
    Home,
    Sign,
    hour,
    is_night,
    plan,
    zone_of,
)
from agent.events import ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

WET = frozenset({Role.BATHROOM, Role.KITCHEN})
LEAST_MIN = 5.0  # shorter silences teach nothing
FLOOR_MIN, WET_FLOOR_MIN, BED_FLOOR_MIN = 90.0, 30.0, 120.0
WET_CEILING_MIN = 90.0
LINE_REACH, BED_REACH = 2, 3  # half-hours to either side
LINE_FACTOR, OTHER_FACTOR, BED_FACTOR, ROOM_FACTOR = 1.1, 0.5, 1.1, 1.25
LINE_MORE_MIN, BED_MORE_MIN = 30.0, 20.0
CLIP = 1.5
LEARN_FROM, LEARN_UNTIL = 7, 14  # trusted days
SETTLE_S, GAP_S, UNKNOWN_S = 1800.0, 120.0, 3600.0
RED_AFTER_S = 3600.0
RISING_H = (4.0, 11.0)
RISING_MIN = 20.0  # a silence in bed that was sleep; the last of a morning ends with the rising
RISINGS = 21
NOT_UP_MIN, NOT_UP_LEAST_MIN = 60.0, 75.0
ORDINARY_DAY = date(2026, 1, 15)  # no zone sets its clocks then
GETTING_UP_MIN = 10.0  # from the last sign in bed to the first elsewhere
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
        raised: monotonic second since when it stands at orange.
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


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where a room has a sensor that sees people move."""
    known = plan(site)
    return {} if known is None else {"home": tuple(known.roles)}


def start(setup: Setup[Config], now: float) -> State:
    """Nothing is known."""
    del setup, now
    return State()


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    """Learn from a silence that has ended, or tell one that is too long."""
    match now:
        case Reading() if seen.is_sign and seen.sign is not None:
            return _sign(setup, state, seen, seen.sign)
        case Gap() if now.length_s > GAP_S:
            known = now.length_s <= UNKNOWN_S
            settled = replace(
                state, not_before=now.stamp.mono + SETTLE_S, is_trusted=False, rising=None
            )
            return (settled if known else replace(settled, of=-1.0)), ()
        case ClockStep():
            return replace(state, of=-1.0), ()
        case Tick() if (
            seen.sign is not None and not seen.is_out and state.level is not WarningLevel.RED
        ):
            return _look(setup, state, seen, seen.sign, now.stamp.mono)
    return state, ()


def due(setup: Setup[Config], state: State, seen: Home) -> float | None:
    """When the silence is looked at next."""
    del setup
    if seen.sign is None or seen.is_out or state.level is WarningLevel.RED:
        return None
    if state.of != seen.sign.mono:
        return max(seen.sign.mono + WET_FLOOR_MIN * 60, state.not_before)
    return state.check_at


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
    wet = _wet_limit(setup, state, sign, seen, sign.mono)
    return _limit(setup, state, sign, seen, sign.mono), wet


def unlearn(state: State) -> State:
    """The state of the moment, with nothing known of the person."""
    return replace(
        state, silences=Silences(), days=0, day=0, is_trusted=True, risings=(), rising=None
    )


def _sign(
    setup: Setup[Config], state: State, seen: Home, sign: Sign
) -> tuple[State, tuple[Conclusion, ...]]:
    before = seen.before
    silence_min = 0.0 if before is None else (sign.mono - before.mono) / 60
    role = _role(setup, sign)
    seen_at = state.bed_seen
    if role is Role.BEDROOM and (seen_at is None or sign.mono - seen_at > 60):
        state = replace(state, bed_seen=sign.mono, got_up_unseen=False)
    elif role is not Role.BEDROOM and before is not None and silence_min > GETTING_UP_MIN:
        was_in_bed = _bed_or_awake(setup, _role(setup, before), before.wall) == "bed"
        state = replace(state, got_up_unseen=state.got_up_unseen or was_in_bed)
    if silence_min >= LEAST_MIN or before is None:
        state = _live(setup, state, seen, sign)
        was_home = seen.since <= (before or sign).mono or seen.reason == "sign"
        if before is not None and silence_min >= LEAST_MIN and was_home:
            state = _learn(setup, state, seen, before, sign)
    if state.level is None:
        return state, ()
    moved = Finding(Kind.STILLNESS, setup.subject, None, sign.mono, sensors=(sign.sensor,))
    return replace(state, level=None, of=-1.0), (moved,)


def _live(setup: Setup[Config], state: State, seen: Home, sign: Sign) -> State:
    """Count days, and note when the resident gets up."""
    local = datetime.fromtimestamp(sign.wall, zone_of(setup.site.timezone))
    day = local.toordinal()
    is_sound = not seen.doubts and seen.knows_the_time
    if day > state.day:
        days = state.days + (state.day > 0 and state.is_trusted)
        risings = state.risings
        if state.rising is not None and state.is_trusted:
            risings = (*risings, state.rising)[-RISINGS:]
        state = replace(
            state, day=day, days=days, is_trusted=is_sound, risings=risings, rising=None
        )
    elif state.is_trusted and not is_sound:
        state = replace(state, is_trusted=False)
    before = seen.before
    at_h = local.hour + local.minute / 60
    if (
        before is not None
        and sign.mono - before.mono >= RISING_MIN * 60
        and RISING_H[0] <= at_h < RISING_H[1]
        and _bed_or_awake(setup, _role(setup, before), before.wall) == "bed"
    ):
        state = replace(state, rising=at_h)
    return state


def _learn(setup: Setup[Config], state: State, seen: Home, before: Sign, sign: Sign) -> State:
    if not state.is_trusted or seen.is_out or before.mono < state.not_before:
        return state
    zone = setup.site.timezone
    limit = _limit(setup, state, before, seen, sign.mono).minutes
    most = (CLIP * limit - LINE_MORE_MIN) / LINE_FACTOR  # so that no limit grows by more than that
    role = _role(setup, before)
    length = min((sign.mono - before.mono) / 60, most)
    lengths: dict[str, float] = {}
    if _bed_or_awake(setup, role, before.wall) == "awake" and role is not None:
        lengths = {cell(before.sensor, bin_of(hour(zone, before.wall))): length, role.value: length}
    at = before.wall
    while at < sign.wall:
        end = min(sign.wall, (at // BIN_S + 1) * BIN_S)
        if _is_bed(setup, role, before.wall, at):
            lengths[cell("bed", bin_of(hour(zone, at)))] = min((end - before.wall) / 60, most)
        at = end
    return replace(state, silences=state.silences.learn(lengths, state.day))


def _look(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, at: float
) -> tuple[State, tuple[Conclusion, ...]]:
    """Raise what the silence has come to; else look again when it may have."""
    wanted = _wanted(setup, state, seen, sign, at)
    if wanted is not None:
        level, limit = wanted
        raised = at if level is WarningLevel.ORANGE else state.raised
        told = replace(state, level=level, raised=raised)
        found = _finding(setup, told, seen, sign, limit, at)
        return replace(told, of=sign.mono, check_at=_next(setup, told, seen, sign, at)), (found,)
    return replace(state, of=sign.mono, check_at=_next(setup, state, seen, sign, at)), ()


def _wanted(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, at: float
) -> tuple[WarningLevel, Limit] | None:
    """The level that the silence calls for, if it is above the one told."""
    if at < state.not_before:
        return None
    level = state.level
    if level is WarningLevel.ORANGE:
        ceiling = _ceiling(setup, _state_at(setup, seen, sign, at))
        if at >= max(state.raised + RED_AFTER_S, sign.mono + ceiling * 60):
            return WarningLevel.RED, Limit(ceiling, "ceiling", _source(setup, "awake_h"))
        return None
    limit = _limit(setup, state, sign, seen, at)
    if at >= sign.mono + limit.minutes * 60:  # as in `_next`: differences are rounded
        return WarningLevel.ORANGE, limit
    wet = _wet_limit(setup, state, sign, seen, at)
    if level is None and wet is not None and at >= sign.mono + wet.minutes * 60:
        return WarningLevel.YELLOW, wet
    return None


def _next(setup: Setup[Config], state: State, seen: Home, sign: Sign, at: float) -> float:
    """When a limit may be reached next: its moment, or the next half-hour, which has its own."""
    if state.level is WarningLevel.ORANGE:
        ceiling = _ceiling(setup, _state_at(setup, seen, sign, at))
        return max(state.raised + RED_AFTER_S, sign.mono + ceiling * 60, at + 60.0)
    wall = sign.wall + (at - sign.mono)
    moments = [at + BIN_S - wall % BIN_S]
    moments.append(sign.mono + _limit(setup, state, sign, seen, at).minutes * 60)
    if state.risings:
        late_h = max(state.risings) + NOT_UP_MIN / 60 + 1 / 3600
        moments.append(at + (late_h - hour(setup.site.timezone, wall)) % 24 * 3600)
    wet = _wet_limit(setup, state, sign, seen, at)
    if state.level is None and wet is not None:
        moments.append(sign.mono + wet.minutes * 60)
    if state.not_before > at:
        return state.not_before
    return min((m for m in moments if m > at), default=at + BIN_S)


def _limit(setup: Setup[Config], state: State, sign: Sign, seen: Home, at: float) -> Limit:
    """The lowest limit that holds for the silence after a sign, at a moment of it."""
    wall = sign.wall + (at - sign.mono)
    role = _role(setup, sign)
    bed = _state_at(setup, seen, sign, at)
    ceiling = Limit(_ceiling(setup, bed), "ceiling", _source(setup, f"{bed}_h"))
    if role is Role.BEDROOM and not seen.knows_the_time:
        return ceiling  # what is usual in bed goes by the hour
    if _may_be_blind(setup, state, seen, sign, role, wall):
        return _not_up(setup, state, sign, wall) or Limit(
            setup.limits.bed_h * 60 + 240, "ceiling", _source(setup, "bed_h")
        )
    share = learned_share(state)
    found = [ceiling]
    if share > 0 and role is not None and role not in DOOR:
        if _is_bed(setup, role, sign.wall, wall):
            usual, floor = _usual_in_bed(setup, state, wall), BED_FLOOR_MIN
        else:
            is_blind = not seen.doubts.keys().isdisjoint(_rooms(setup.site))
            usual, floor = _usual_awake(setup, state, sign, is_blind=is_blind), FLOOR_MIN
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
        _bed_or_awake(setup, role, sign.wall) == "bed"
        and (late := _not_up(setup, state, sign, wall)) is not None
    ):
        found.append(late)
    return min(found, key=lambda limit: limit.minutes)


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


def _usual_awake(setup: Setup[Config], state: State, sign: Sign, *, is_blind: bool) -> Limit:
    """What is usual after a sign: here at this hour, here at any, and anywhere at this hour.

    Where a room's sensor is not believed, the resident may have gone where nobody sees him: then
    what is usual anywhere at this hour counts in full.
    """
    number = bin_of(hour(setup.site.timezone, sign.wall))
    sensors = _rooms(setup.site)
    elsewhere = [
        name for s in sensors if s != sign.sensor for name in around(s, number, LINE_REACH)
    ]
    weights = (
        ("line", LINE_FACTOR, around(sign.sensor, number, LINE_REACH)),
        ("day", OTHER_FACTOR, around(sign.sensor, number, BINS // 2)),
        ("hour", LINE_FACTOR if is_blind else OTHER_FACTOR, elsewhere),
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


def _wet_limit(
    setup: Setup[Config], state: State, sign: Sign, seen: Home, at: float
) -> Limit | None:
    role = _role(setup, sign)
    if role not in WET or role is None or not seen.doubts.keys().isdisjoint(_rooms(setup.site)):
        return None
    if _may_be_blind(setup, state, seen, sign, role, sign.wall + (at - sign.mono)):
        late = Limit(WET_CEILING_MIN, "ceiling", "default")  # back in bed, unseen, or still there
        return late if state.got_up_unseen else None
    share = learned_share(state)
    longest = state.silences.second(role.value, state.day)  # one odd evening does not blind it
    learned = Limit(longest * ROOM_FACTOR, "room", "learned", longest)
    limit = _blend(Limit(WET_CEILING_MIN, "ceiling", "default"), learned, share)
    return replace(limit, minutes=max(WET_FLOOR_MIN, limit.minutes))


def _may_be_blind(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, role: Role | None, wall: float
) -> bool:
    """At night, elsewhere last, and nothing from the bedroom all evening: asleep, perhaps."""
    zone = setup.site.timezone
    if role is Role.BEDROOM or not is_night(zone, wall, 21.5, BED_UNTIL_H):
        return False
    beds = {s.name for s in setup.site.with_role(Role.BEDROOM)}
    if state.got_up_unseen or (beds and beds <= seen.doubts.keys()):
        return True
    if state.bed_seen is None or state.days < LEARN_FROM:
        return False
    return sign.mono - state.bed_seen > EVENING_S


def _state_at(setup: Setup[Config], seen: Home, sign: Sign, at: float) -> str:
    if not seen.knows_the_time:
        return "bed" if _role(setup, sign) is Role.BEDROOM else "awake"
    return _bed_or_awake(setup, _role(setup, sign), sign.wall + (at - sign.mono))


def _bed_or_awake(setup: Setup[Config], role: Role | None, wall: float) -> str:
    zone = setup.site.timezone
    is_bed = role is Role.BEDROOM and is_night(zone, wall, BED_FROM_H, BED_UNTIL_H)
    return "bed" if is_bed else "awake"


def _is_bed(setup: Setup[Config], role: Role | None, began: float, wall: float) -> bool:
    """Whether a silence is one in bed: begun there in the hours of sleep, or lasting into them."""
    return "bed" in (_bed_or_awake(setup, role, began), _bed_or_awake(setup, role, wall))


def _ceiling(setup: Setup[Config], bed: str) -> float:
    return 60 * (setup.limits.bed_h if bed == "bed" else setup.limits.awake_h)


def _source(setup: Setup[Config], name: str) -> str:
    return "config" if name in setup.configured else "default"


def _role(setup: Setup[Config], sign: Sign) -> Role | None:
    """Where a sign came from; None if the site no longer has that sensor."""
    sensor = setup.site.sensors.get(sign.sensor)
    return None if sensor is None else sensor.role


def _finding(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, limit: Limit, at: float
) -> Finding:
    assert state.level is not None
    room = _role(setup, sign)
    bed = _state_at(setup, seen, sign, at)
    return Finding(
        Kind.STILLNESS,
        setup.subject,
        state.level,
        sign.mono,
        sensors=(sign.sensor,),
        evidence={
            "reason": limit.reason,
            "limit": round(limit.minutes, 1),
            "unit": "min",
            "limit_name": f"{bed}_h",
            "limit_source": limit.source,
            "for_s": round(at - sign.mono),
            "days_learned": state.days,
            "longest_min": round(limit.longest),
            "last_sensor": sign.sensor,
            "last_room": room or "",
            "presence": seen.place.value,
            "bed": bed == "bed",
            "doubts": {name: doubt.value for name, doubt in sorted(seen.doubts.items())},
            "compare": _compare(limit, state),
        },
    )


def _compare(limit: Limit, state: State) -> str:
    longest = f"longest in {state.days} days {{}}: {limit.longest:.0f} min"
    match limit.reason:
        case "line":
            return longest.format("here at this time of day")
        case "room":
            return longest.format("here")
        case "day":
            return longest.format("here at any time of day")
        case "hour":
            return longest.format("elsewhere at this time of day")
        case "not_up":
            return f"latest rising in {len(state.risings)} days: {max(state.risings):.1f} h"
        case _:
            return "fixed ceiling"


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence",
    unlearn=unlearn,
)  # fmt: skip
