"""Sleep: when the resident goes to bed and gets up, and how the nights change.

Protects a person whose nights change, often the first sign of illness, and keeps the home's own
journal of sleep and of getting up at night. From the bedroom's sensors and those of other rooms.

A night is a stay in the bedroom with a silence of twenty minutes in it. It begins with the stay and
ends when the resident leaves the bedroom for good: longer than 45 minutes, or without a silence of
twenty minutes after the return. Shorter absences between two silences are exits from the bed. One
report of one other sensor is no exit: the bed may be seen from next door.

| reason      | level  | when                                                                  |
|-------------|--------|-----------------------------------------------------------------------|
| late_rising | yellow | still in bed an hour after the latest rising of the last three weeks  |
| short_night | blue   | shorter than 0.8 of the shortest                                      |
| long_night  | blue   | longer than 1.2 of the longest                                        |
| restless    | blue   | two exits more than ever                                              |
| up_at_night | blue   | left the bed after midnight, and not back for 45 minutes, before five |

What was told about a night ends with the next evening; late rising ends with the rising.

Deliberately keeps silent: until seven nights are known; about naps, apart from the journal; where
the bedroom's sensors are not believed, or no clock has told the time; about how long and restless a
night was in which the resident was not alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.hours import hour, next_at
from agent.detectors.presence import Home, Sign, plan
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

ASLEEP_S = 1200.0
BREAK_S = 2700.0
BLIP_S, STALE_S = 60.0, 300.0  # a blip is over after that
NIGHT_H = (18.0, 12.0)  # a sleep that begins then is the night's
REST_S = 4 * 3600.0  # a sleep after midnight that begins so soon after another is its rest
LEAST_S = 3600.0  # shorter is no sleep worth a line
NIGHT_LEAST_S = 3 * 3600.0
ENOUGH, NIGHTS = 7, 21
LATE_H = 1.0
SHORT, LONG, MORE_EXITS = 0.8, 1.2, 2
UP_UNTIL_H = 5.0
DAY_ENDS_H = 18.0
UNKNOWN_S = 3600.0

Moment = tuple[float, float]
"""Monotonic and wall seconds."""


@dataclass(frozen=True, slots=True)
class Config:
    """Limits.

    Attributes:
        late_h: hours after the latest rising, 0.25 to 6.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    late_h: float = LATE_H

    def __post_init__(self) -> None:
        if not 0.25 <= self.late_h <= 6:
            raise ValueError(f"late_h: {self.late_h} is outside 0.25 to 6")


@dataclass(frozen=True, slots=True)
class Night:
    """A night that is over: local hours of onset (after noon) and wake, its length, exits."""

    onset_h: float
    wake_h: float
    length_h: float
    exits: int


@dataclass(frozen=True, slots=True)
class Away:
    """Out of the bedroom since a moment: sensors that said so (two are enough), the last sign."""

    since: Moment
    last: float
    sensors: tuple[str, ...]

    @property
    def is_real(self) -> bool:
        """Whether it is more than a blip of one sensor."""
        return len(self.sensors) > 1 or self.last - self.since[0] >= BLIP_S


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered.

    Attributes:
        entered: when the present stay in the bedroom began; None while elsewhere.
        last: the last sign from the bedroom.
        away: signs from elsewhere since.
        asleep: when the present sleep began; None while awake.
        asleep_decided: wall seconds when that was known.
        left: when the bed was left since the last silence in it.
        back: when the resident came back after that.
        exits: exits from the bed so far.
        nights: the last ones.
        told: reason of the open alarm; empty for none.
        watched: monotonic second since when the agent has watched.
        ended: monotonic second when the last sleep ended.
    """

    entered: Moment | None = None
    last: Moment | None = None
    away: Away | None = None
    asleep: Moment | None = None
    asleep_decided: float = 0.0
    left: Moment | None = None
    back: Moment | None = None
    exits: int = 0
    nights: tuple[Night, ...] = ()
    told: str = ""
    watched: float = 0.0
    ended: float = -REST_S


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where the bedroom has a sensor that sees people move."""
    known = plan(site)
    if known is None or Role.BEDROOM not in known.roles.values():
        return {}
    return {"home": tuple(known.roles)}


def start(setup: Setup[Config], now: float) -> State:
    """Awake, and nothing known."""
    del setup
    return State(watched=now)


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    """Follow the resident in and out of the bedroom."""
    match now:
        case Reading() if seen.is_sign and seen.sign is not None:
            return _sign(setup, state, seen.sign)
        case Tick():
            return _pass(setup, state, (now.stamp.mono, now.stamp.wall), seen)
        case Gap() if now.length_s > UNKNOWN_S:
            return State(nights=state.nights, told=state.told, watched=now.stamp.mono), ()
        case ClockStep():
            return _step_clock(state, now.delta_s), ()
    return state, ()


def due(setup: Setup[Config], state: State, seen: Home) -> float | None:
    """When something will be known, or too late."""
    moments = []
    is_told = state.told or seen.doubts or not seen.knows_the_time  # or may not be told
    rests = state.entered is not None and state.last is not None and state.away is None
    if rests and state.last is not None and (state.asleep is None or state.left is not None):
        moments.append(state.last[0] + ASLEEP_S)
    if state.left is not None:
        moments.append(_over_at(state, state.left))
    elif state.asleep is not None and not is_told and len(state.nights) >= ENOUGH:
        moments.append(_late_at(setup, state))
    if _ends_by_evening(state) and state.last is not None:
        moments.append(_evening_at(setup, state.last))
    return min(moments, default=None)


def _sign(setup: Setup[Config], state: State, sign: Sign) -> tuple[State, tuple[Conclusion, ...]]:
    at: Moment = (sign.mono, sign.wall)
    sensor = setup.site.sensors.get(sign.sensor)
    if sensor is not None and sensor.role is Role.BEDROOM:
        return _in_bedroom(state, at), ()
    if state.entered is None:
        return state, ()
    before = state.away
    if before is None or (not before.is_real and at[0] - before.last > STALE_S):
        away = Away(at, at[0], (sign.sensor,))
    elif state.asleep is None and before.is_real:
        return state, ()  # it is known, and nothing rests on how long it lasts
    else:
        known = before.sensors
        more = known if sign.sensor in known or len(known) > 1 else (*known, sign.sensor)
        away = Away(before.since, at[0], more)
    state = replace(state, away=away)
    if away.is_real and state.asleep is not None:
        left = away.since if state.left is None else state.left
        state = replace(state, left=left, back=None)
    return state, ()


def _in_bedroom(state: State, at: Moment) -> State:
    away = state.away
    if state.entered is None:
        return replace(state, entered=at, last=at, away=None)
    if away is None or not away.is_real:
        # What `replace` would give, in a third of the time: it happens with every such sign.
        return State(
            state.entered, at, None, state.asleep, state.asleep_decided, state.left, state.back,
            state.exits, state.nights, state.told, state.watched, state.ended,
        )  # fmt: skip
    back = at if state.left is not None and state.back is None else state.back
    return replace(state, entered=at, last=at, away=None, back=back)


def _pass(
    setup: Setup[Config], state: State, now: Moment, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    found: list[Conclusion] = []
    last, left = state.last, state.left
    rests = last is not None and state.away is None and now[0] >= last[0] + ASLEEP_S
    if rests and state.entered is not None:
        if state.asleep is None:
            state = replace(state, asleep=state.entered, asleep_decided=now[1], left=None, exits=0)
        elif left is not None and state.back is not None:
            exit_ = Activity("bed_exit", left[1], left[1], state.back[1], now[1])
            found.append(exit_)
            state = replace(state, left=None, back=None, exits=state.exits + 1)
    if rests and state.told == "up_at_night" and state.asleep is not None and state.left is None:
        state = replace(state, told="")
        found.append(Finding(Kind.SLEEP, setup.subject, None, now[0]))
    if state.left is not None and now[0] >= _over_at(state, state.left):
        state, more = _end(setup, state, state.left, now, seen)
        found += more
    reason, evidence = _reason(setup, state, now, seen)
    if reason and reason != state.told:
        state = replace(state, told=reason)
        level = WarningLevel.YELLOW if reason == "late_rising" else WarningLevel.BLUE
        found.append(_finding(setup, level, now, evidence))
    elif _ends_by_evening(state) and state.last and now[0] >= _evening_at(setup, state.last):
        state = replace(state, told="")
        found.append(Finding(Kind.SLEEP, setup.subject, None, now[0]))
    return state, tuple(found)


def _over_at(state: State, left: Moment) -> float:
    """When a sleep whose bed was left is over: nobody came back, or nobody slept again."""
    over = left[0] + BREAK_S
    if state.back is None or state.last is None:
        return over
    if state.away is not None:
        return max(over, state.away.last)
    return max(over, state.last[0] + ASLEEP_S + 1.0)


def _end(
    setup: Setup[Config], state: State, left: Moment, now: Moment, seen: Home
) -> tuple[State, list[Conclusion]]:
    """Write the sleep down; learn from a night, and say what was unusual about it."""
    asleep = state.asleep
    assert asleep is not None
    length_s = left[0] - asleep[0]
    over = replace(state, asleep=None, left=None, back=None, exits=0, ended=left[0])
    if state.told == "late_rising":
        over = replace(over, told="")
    found: list[Conclusion] = []
    if state.told == "late_rising":
        up = {"reason": "up"}
        found.append(Finding(Kind.SLEEP, setup.subject, None, now[0], evidence=up))
    if length_s < LEAST_S:
        return over, found
    found.append(Activity("sleep", asleep[1], state.asleep_decided, left[1], now[1]))
    zone = setup.site.timezone
    onset_h = hour(zone, asleep[1])
    is_night = onset_h >= NIGHT_H[0] or onset_h < NIGHT_H[1] - 6
    if is_night and _is_up(setup, state, left, now, seen) and not over.told:
        over = replace(over, told="up_at_night")
        up_s = now[0] - left[0]
        evidence: dict[str, object] = {
            "reason": "up_at_night", "limit": BREAK_S / 60, "unit": "min",
            "limit_source": "default", "for_s": round(up_s), "nights_learned": len(state.nights),
        }  # fmt: skip
        return over, [*found, _finding(setup, WarningLevel.BLUE, now, evidence)]
    is_rest = onset_h < NIGHT_H[1] - 6 and asleep[0] < state.ended + REST_S
    if is_rest or asleep[0] < state.watched + ASLEEP_S:  # the rest of one, or nobody saw it begin
        return over, found
    if seen.company.is_here(asleep[0]):
        return over, found
    if not is_night or length_s < NIGHT_LEAST_S or not seen.knows_the_time or seen.doubts:
        return over, found
    night = Night(
        (onset_h - 12) % 24 + 12, hour(zone, left[1]), round(length_s / 3600, 2), state.exits
    )
    reason, evidence = _unusual(state, night)
    if reason and not over.told:
        over = replace(over, told=reason)
        found.append(_finding(setup, WarningLevel.BLUE, now, evidence))
    return replace(over, nights=(*over.nights, night)[-NIGHTS:]), found


def _is_up(setup: Setup[Config], state: State, left: Moment, now: Moment, seen: Home) -> bool:
    """Whether somebody is about in the middle of the night, and has not come back to bed."""
    if state.back is not None or seen.doubts or not seen.knows_the_time:
        return False
    zone = setup.site.timezone
    began_h, now_h = hour(zone, left[1]), hour(zone, now[1])
    return began_h < now_h < UP_UNTIL_H and len(state.nights) >= ENOUGH


def _unusual(state: State, night: Night) -> tuple[str, dict[str, object]]:
    nights = state.nights
    if len(nights) < ENOUGH:
        return "", {}
    shortest = min(n.length_h for n in nights)
    longest = max(n.length_h for n in nights)
    most = max(n.exits for n in nights)
    base: dict[str, object] = {
        "for_s": round(night.length_h * 3600), "exits": night.exits,
        "nights_learned": len(nights), "limit_source": "learned",
    }  # fmt: skip
    if night.length_h < SHORT * shortest:
        return "short_night", {
            **base,
            "reason": "short_night",
            "limit": SHORT * shortest,
            "unit": "h",
        }
    if night.length_h > LONG * longest:
        return "long_night", {**base, "reason": "long_night", "limit": LONG * longest, "unit": "h"}
    if night.exits >= most + MORE_EXITS:
        return "restless", {
            **base,
            "reason": "restless",
            "limit": most + MORE_EXITS,
            "unit": "exits",
        }
    return "", {}


def _reason(
    setup: Setup[Config], state: State, now: Moment, seen: Home
) -> tuple[str, dict[str, object]]:
    """What is to be told while the night lasts."""
    if state.asleep is None or state.told or seen.doubts or not seen.knows_the_time:
        return "", {}
    if state.left is None:
        if len(state.nights) < ENOUGH or now[0] < _late_at(setup, state):
            return "", {}
        latest = max(n.wake_h for n in state.nights)
        return "late_rising", {
            "reason": "late_rising", "limit": round(latest + setup.limits.late_h, 2), "unit": "h",
            "limit_source": "learned", "nights_learned": len(state.nights),
            "for_s": round(now[0] - state.asleep[0]),
        }  # fmt: skip
    return "", {}


def _late_at(setup: Setup[Config], state: State) -> float:
    """Monotonic second at which the resident should have been up long ago; never by day."""
    asleep = state.asleep
    assert asleep is not None
    onset_h = hour(setup.site.timezone, asleep[1])
    if not (onset_h >= NIGHT_H[0] or onset_h < NIGHT_H[1] - 6):
        return float("inf")
    latest_h = max(night.wake_h for night in state.nights) + setup.limits.late_h
    return asleep[0] + next_at(setup.site.timezone, asleep[1], latest_h % 24) - asleep[1]


def _ends_by_evening(state: State) -> bool:
    """Whether what is told is over with the day: not while somebody has not got up."""
    return bool(state.told) and not (state.told == "late_rising" and state.asleep is not None)


def _evening_at(setup: Setup[Config], last: Moment) -> float:
    """Monotonic second of the first evening after a moment."""
    return last[0] + next_at(setup.site.timezone, last[1], DAY_ENDS_H) - last[1]


def _finding(
    setup: Setup[Config], level: WarningLevel, now: Moment, evidence: dict[str, object]
) -> Finding:
    sensors = tuple(s.name for s in setup.site.with_role(Role.BEDROOM))
    return Finding(Kind.SLEEP, setup.subject, level, now[0], sensors=sensors, evidence=evidence)


def _step_clock(state: State, delta_s: float) -> State:
    def moved(moment: Moment | None) -> Moment | None:
        return None if moment is None else (moment[0], moment[1] + delta_s)

    away = state.away
    return replace(
        state,
        entered=moved(state.entered),
        last=moved(state.last),
        away=None if away is None else replace(away, since=moved(away.since) or away.since),
        asleep=moved(state.asleep),
        asleep_decided=state.asleep_decided + delta_s,
        left=moved(state.left),
        back=moved(state.back),
    )


def unlearn(state: State) -> State:
    """The state of the moment, with nothing known of the person."""
    return replace(state, nights=())


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence",
    unlearn=unlearn,
)  # fmt: skip
