"""Going out and coming back.

Protects a person who leaves at night, stays away much longer than ever, or forgets to close the
door; and keeps the home's own journal of outings, by which families see that somebody gets out.
Whether the home is empty is perceived in presence.py.

| reason         | level  | when                                                               |
|----------------|--------|--------------------------------------------------------------------|
| night_exit     | yellow | left between 23:00 and 05:00, and not back within ten minutes      |
| absent_long    | yellow | away half again as long as ever; 12 h until a week of outings is   |
|                |        | learned, and between 6 h and 18 h                                  |
| unusual_hour   | blue   | left at an hour at which nobody left within an hour of it before   |
| door_left_open | blue   | the front door stands open for a quarter of an hour; at night      |
|                | yellow |                                                                    |
| travelling     | blue   | away for a day: nothing more is told until somebody is back        |

One alarm is open at a time; it becomes what is more urgent and ends with the return.

Deliberately keeps silent: about outings of less than ten minutes, which nobody can tell from
somebody who sits by the door; about how often somebody goes out; about when somebody leaves a home
whose contact at the door is not believed, for every pass by the entry looks like that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.habits import DECAY, KEPT, Longest, bin_of
from agent.detectors.hours import hour, is_night
from agent.detectors.presence import Home, plan
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Quantity, Reading

LEAST_S = 600.0
ENOUGH = 7  # outings that are to be known before anything is unusual
LONG_FACTOR, LONG_LEAST_H, LONG_MOST_H = 1.5, 6.0, 18.0
DAY_S = 86_400.0
UNUSUAL_REACH = 2  # half-hours to either side
MOST_HOURS = 400  # leavings that are remembered, some months


@dataclass(frozen=True, slots=True)
class Config:
    """Limits.

    Attributes:
        absent_h: hours of absence that are too long while nothing is learned, 2 to 24.
        night_from_h: local hour from which leaving is told, 0 to 24.
        night_until_h: local hour until which it is.
        door_open_min: minutes for which the front door may stand open, 1 to 240.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    absent_h: float = 12.0
    night_from_h: float = 23.0
    night_until_h: float = 5.0
    door_open_min: float = 15.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("absent_h", self.absent_h, 2, 24),
            ("night_from_h", self.night_from_h, 0, 24),
            ("night_until_h", self.night_until_h, 0, 24),
            ("door_open_min", self.door_open_min, 1, 240),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")


@dataclass(frozen=True, slots=True)
class Outing:
    """An outing under way.

    Attributes:
        left: monotonic and wall seconds of the leaving.
        decided: wall seconds when it was known.
        reason: what the presence rests on.
    """

    left: tuple[float, float]
    decided: float
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered.

    Attributes:
        out: the outing under way; None while at home.
        hours: half-hours of the leavings so far, the newest last.
        longest: the longest absences in minutes, with the day.
        told: reason of the open alarm; empty for none.
        opened: monotonic second since when the front door stands open; None while it is closed.
    """

    out: Outing | None = None
    hours: tuple[int, ...] = ()
    longest: Longest = ()
    told: str = ""
    opened: float | None = None


LEVELS = {
    "door_left_open": WarningLevel.BLUE,
    "unusual_hour": WarningLevel.BLUE,
    "night_exit": WarningLevel.YELLOW,
    "absent_long": WarningLevel.YELLOW,
    "travelling": WarningLevel.BLUE,
}


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where something watches its door."""
    known = plan(site)
    if known is None or not site.with_role(Role.ENTRY, Role.FRONT_DOOR):
        return {}
    return {"home": tuple(known.roles)}


def start(setup: Setup[Config], now: float) -> State:
    """At home, and nothing known."""
    del setup, now
    return State()


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    """Follow the presence; tell what is out of the ordinary."""
    at, wall = now.stamp.mono, now.stamp.wall
    if isinstance(now, ClockStep) and state.out is not None:
        out = state.out
        left, decided = (out.left[0], out.left[1] + now.delta_s), out.decided + now.delta_s
        return replace(state, out=Outing(left, decided, out.reason)), ()
    if isinstance(now, Reading) and now.quantity is Quantity.CONTACT:
        state = _watch_door(setup, state, now)
    if seen.is_out and state.out is None:
        left = (seen.since, wall - (at - seen.since))
        state = replace(state, out=Outing(left, wall, seen.reason), opened=None)
        return _tell(setup, state, seen, at, wall)
    if not seen.is_out and state.out is not None:
        return _back(setup, state, seen, at, wall)
    if isinstance(now, Gap):
        return replace(state, opened=None), ()
    if isinstance(now, Tick) or (state.told == "door_left_open" and state.opened is None):
        return _tell(setup, state, seen, at, wall)
    return state, ()


def due(setup: Setup[Config], state: State, seen: Home) -> float | None:
    """When the absence, or an open door, will be too long."""
    del seen
    if state.out is None:
        if state.opened is None or state.told:
            return None
        return state.opened + setup.limits.door_open_min * 60
    left = state.out.left[0]
    if state.told == "travelling":
        return None
    return left + (DAY_S if state.told == "absent_long" else longest_s(setup, state)[0])


def _watch_door(setup: Setup[Config], state: State, now: Reading) -> State:
    if setup.site.sensors[now.sensor].role is not Role.FRONT_DOOR:
        return state
    if not now.value:
        return state if state.opened is None else replace(state, opened=None)
    return state if state.opened is not None else replace(state, opened=now.stamp.mono)


def _tell(
    setup: Setup[Config], state: State, seen: Home, at: float, wall: float
) -> tuple[State, tuple[Conclusion, ...]]:
    """Say what there is to be said now, if it is not said yet."""
    reason, evidence, onset = _reason(setup, state, seen, at)
    if reason == state.told:
        return state, ()
    state = replace(state, told=reason)
    if not reason:
        return state, (Finding(Kind.OUTING, setup.subject, None, at),)
    level = LEVELS[reason]
    if reason == "door_left_open" and is_night(setup.site.timezone, wall, 22.0, 6.0):
        level = WarningLevel.YELLOW
    sensors = tuple(s.name for s in setup.site.with_role(Role.FRONT_DOOR, Role.ENTRY))
    return state, (
        Finding(
            Kind.OUTING, setup.subject, level, onset, sensors=sensors,
            evidence={"reason": reason, "presence": seen.place.value, **evidence},
        ),
    )  # fmt: skip


def _reason(
    setup: Setup[Config], state: State, seen: Home, at: float
) -> tuple[str, dict[str, object], float]:
    """What is out of the ordinary, what it rests on, and since when."""
    out, limits, zone = state.out, setup.limits, setup.site.timezone
    if out is None:
        if state.opened is None or at < state.opened + limits.door_open_min * 60:
            return "", {}, at
        evidence = {"for_s": round(at - state.opened), "limit": limits.door_open_min, "unit": "min"}
        return "door_left_open", evidence, state.opened
    away_s = at - out.left[0]
    limit_s, source = longest_s(setup, state)
    evidence = {
        "for_s": round(away_s), "limit": round(limit_s / 60), "unit": "min",
        "limit_source": source, "outings_learned": len(state.hours),
        "left_by": out.reason,
    }  # fmt: skip
    if at >= out.left[0] + DAY_S:  # as in `due`: differences of large numbers are rounded
        return "travelling", evidence, out.left[0]
    if at >= out.left[0] + limit_s:
        return "absent_long", evidence, out.left[0]
    if out.reason == "no_contact" and setup.site.with_role(Role.FRONT_DOOR):
        return "", evidence, out.left[0]  # its contact is not believed: any pass may look like that
    if is_night(zone, out.left[1], limits.night_from_h, limits.night_until_h):
        return "night_exit", evidence, out.left[0]
    number = bin_of(hour(zone, out.left[1]))
    near = {(number + k) % 48 for k in range(-UNUSUAL_REACH, UNUSUAL_REACH + 1)}
    if seen.knows_the_time and len(state.hours) >= ENOUGH and near.isdisjoint(state.hours):
        return "unusual_hour", evidence, out.left[0]
    return "", evidence, out.left[0]


def longest_s(setup: Setup[Config], state: State) -> tuple[float, str]:
    """How long an absence may last, and what that rests on."""
    if len(state.hours) < ENOUGH:
        return setup.limits.absent_h * 3600, _source(setup)
    today = max(day for _, day in state.longest)
    most = max(length * DECAY ** (today - day) for length, day in state.longest)
    return 60 * min(max(LONG_FACTOR * most, LONG_LEAST_H * 60), LONG_MOST_H * 60), "learned"


def _source(setup: Setup[Config]) -> str:
    return "config" if "absent_h" in setup.configured else "default"


def _back(
    setup: Setup[Config], state: State, seen: Home, at: float, wall: float
) -> tuple[State, tuple[Conclusion, ...]]:
    """Write the outing down, unless it turns out that there was none."""
    out = state.out
    assert out is not None
    conclusions: list[Conclusion] = []
    end = wall - (at - seen.since)
    length_s = end - out.left[1]
    was_out = seen.reason == "returned" or (
        seen.reason == "moved_inside" and out.reason == "no_contact"
    )
    home = replace(state, out=None, told="", opened=seen.since if seen.door.is_open else None)
    if was_out and length_s >= LEAST_S:
        conclusions.append(Activity("outing", out.left[1], out.decided, end, wall))
        is_alone = not seen.company.is_here(out.left[0])
        if length_s < DAY_S and not seen.doubts and is_alone:
            home = _learn(setup, home, out, length_s)
    if state.told:
        evidence = {"reason": "returned" if was_out else seen.reason, "for_s": round(length_s)}
        conclusions.append(Finding(Kind.OUTING, setup.subject, None, at, evidence=evidence))
    return home, tuple(conclusions)


def _learn(setup: Setup[Config], state: State, out: Outing, length_s: float) -> State:
    zone = setup.site.timezone
    number = bin_of(hour(zone, out.left[1]))
    today = int(out.left[1] // DAY_S)
    both = (*state.longest, (round(length_s / 60, 1), today))
    ranked = sorted(both, key=lambda p: -p[0] * DECAY ** max(0, today - p[1]))
    return replace(state, hours=(*state.hours, number)[-MOST_HOURS:], longest=tuple(ranked[:KEPT]))


def unlearn(state: State) -> State:
    """The state of the moment, with nothing known of the person."""
    return replace(state, hours=(), longest=())


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence",
    unlearn=unlearn,
)  # fmt: skip
