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

Where the resident may not have been alone at the last sign (company.py), what would be orange is
told at yellow for four hours, and at the ceiling at the latest it is orange. With a pet that may
have moved since (pets.py), it is orange once it has been yellow for an hour and the ceiling has
passed.

What is learned counts from day 7 on and alone from day 14. Learned are silences that have ended, on
days on which every sensor and the clock could be believed, in which the resident was alone, and no
more of one than half again the limit that held: an incident, or a slow decline, is not taken for a
habit. An orange alarm that has stood for an hour turns red at the ceiling.

Deliberately keeps silent: while the resident is out, which is the outing detector's to judge; for
half an hour after a gap in which the agent did not run, and anew from the start after one of more
than an hour; at night where the last sign did not come from the bedroom and the bedroom's sensors
have shown nothing all evening, did not show the resident getting up, or are not believed, for then
the resident may be asleep, until the hour at which a sleeper would have to be up (at yellow in
bathroom and kitchen after 90 minutes). Where the last sign came from the door, whose contact may be
dead, only the ceiling counts, and where a room's sensor is not believed, no room's limit. Where a
sensor is dead or blind, or under suspicion of it, the resident may be there: what is usual is told
at yellow, and only not_up and the ceiling are urgent. Where no clock has told the time since the
device was switched on, the bedroom counts as bed at any hour, and only the ceiling counts there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.habits import BIN_S, Silences, bin_of, cell
from agent.detectors.hours import hour, zone_of
from agent.detectors.patience import (
    LEAST_MIN,
    LINE_FACTOR,
    LINE_MORE_MIN,
    NOT_UP_MIN,
    RISING_H,
    WET_FLOOR_MIN,
    Config,
    Limit,
    State,
    bed_or_awake,
    ceiling_min,
    is_bed,
    limit_of,
    milder_limit_of,
    role_of,
    source_of,
    state_at,
)
from agent.detectors.presence import Home, Sign, plan
from agent.events import ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

CLIP = 1.5
SETTLE_S, GAP_S, UNKNOWN_S = 1800.0, 120.0, 3600.0
RED_AFTER_S = 3600.0
ORANGE_AFTER_S, MILD_S = 3600.0, 4 * 3600.0
RISING_MIN = 20.0  # a silence in bed that was sleep; the last of a morning ends with the rising
RISINGS = 21
GETTING_UP_MIN = 10.0  # from the last sign in bed to the first elsewhere


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
    role = role_of(setup, sign)
    seen_at = state.bed_seen
    if role is Role.BEDROOM and (seen_at is None or sign.mono - seen_at > 60):
        state = replace(state, bed_seen=sign.mono, got_up_unseen=False)
    elif role is not Role.BEDROOM and before is not None and silence_min > GETTING_UP_MIN:
        was_in_bed = bed_or_awake(setup, role_of(setup, before), before.wall) == "bed"
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
        and bed_or_awake(setup, role_of(setup, before), before.wall) == "bed"
        and not seen.company.is_here(before.mono)
    ):
        state = replace(state, rising=at_h)
    return state


def _learn(setup: Setup[Config], state: State, seen: Home, before: Sign, sign: Sign) -> State:
    if not state.is_trusted or seen.is_out or before.mono < state.not_before:
        return state
    if seen.company.is_here(before.mono):
        return state
    zone = setup.site.timezone
    limit = limit_of(setup, state, before, seen, sign.mono).minutes
    most = (CLIP * limit - LINE_MORE_MIN) / LINE_FACTOR  # so that no limit grows by more than that
    role = role_of(setup, before)
    length = min((sign.mono - before.mono) / 60, most)
    lengths: dict[str, float] = {}
    if bed_or_awake(setup, role, before.wall) == "awake" and role is not None:
        lengths = {cell(before.sensor, bin_of(hour(zone, before.wall))): length, role.value: length}
    at = before.wall
    while at < sign.wall:
        end = min(sign.wall, (at // BIN_S + 1) * BIN_S)
        if is_bed(setup, role, before.wall, at):
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
        told = replace(state, level=level, raised=at)
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
        ceiling = ceiling_min(setup, state_at(setup, seen, sign, at))
        if at >= max(state.raised + RED_AFTER_S, sign.mono + ceiling * 60):
            return WarningLevel.RED, Limit(ceiling, "ceiling", source_of(setup, "awake_h"))
        return None
    limit = limit_of(setup, state, sign, seen, at)
    if at >= sign.mono + limit.minutes * 60:  # as in `_next`: differences are rounded
        if at >= _mild_until(setup, state, seen, sign, at):
            return WarningLevel.ORANGE, limit
        return (WarningLevel.YELLOW, limit) if level is None else None
    wet = milder_limit_of(setup, state, sign, seen, at)
    if level is None and wet is not None and at >= sign.mono + wet.minutes * 60:
        return WarningLevel.YELLOW, wet
    return None


def _mild_until(setup: Setup[Config], state: State, seen: Home, sign: Sign, at: float) -> float:
    """Until when a stillness is yellow that would be orange; the last sign where it never is.

    Somebody else who was about would have seen a fall, or is still there and sits; and who may have
    moved since has not fallen, unless it was the pet.
    """
    ceiling = sign.mono + 60 * ceiling_min(setup, state_at(setup, seen, sign, at))
    if beside(seen, sign) == "pet":
        raised = at if state.level is None else state.raised
        return max(ceiling, raised + ORANGE_AFTER_S)
    if beside(seen, sign) == "company":
        return min(ceiling, sign.mono + MILD_S)
    return sign.mono


def beside(seen: Home, sign: Sign) -> str:
    """Who but the resident may have moved: a "pet" since a sign, "company" then; or nobody."""
    if seen.pet.weak > sign.mono:
        return "pet"
    return "company" if seen.company.is_here(sign.mono) else ""


def _next(setup: Setup[Config], state: State, seen: Home, sign: Sign, at: float) -> float:
    """When a limit may be reached next: its moment, or the next half-hour, which has its own."""
    if state.level is WarningLevel.ORANGE:
        ceiling = ceiling_min(setup, state_at(setup, seen, sign, at))
        return max(state.raised + RED_AFTER_S, sign.mono + ceiling * 60, at + 60.0)
    wall = sign.wall + (at - sign.mono)
    moments = [at + BIN_S - wall % BIN_S]
    moments.append(sign.mono + limit_of(setup, state, sign, seen, at).minutes * 60)
    if state.risings:
        late_h = max(state.risings) + NOT_UP_MIN / 60 + 1 / 3600
        moments.append(at + (late_h - hour(setup.site.timezone, wall)) % 24 * 3600)
    moments.append(_mild_until(setup, state, seen, sign, at))
    wet = milder_limit_of(setup, state, sign, seen, at)
    if state.level is None and wet is not None:
        moments.append(sign.mono + wet.minutes * 60)
    if state.not_before > at:
        return state.not_before
    return min((m for m in moments if m > at), default=at + BIN_S)


def _finding(
    setup: Setup[Config], state: State, seen: Home, sign: Sign, limit: Limit, at: float
) -> Finding:
    assert state.level is not None
    room = role_of(setup, sign)
    bed = state_at(setup, seen, sign, at)
    other = beside(seen, sign)
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
            **({"suspects": list(seen.suspects)} if seen.suspects else {}),
            "compare": _compare(limit, state),
            **({"beside": other} if other else {}),
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
