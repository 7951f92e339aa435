"""Nobody has moved for too long.

Protects a person living alone who has fallen or fallen ill. Concludes `home.stillness` (orange)
when motion, presence, doors and buttons have all been still for longer than a fixed ceiling: 4 h
awake, 10 h in bed, 12 h after the last sign came from the door. The next sign of life ends it.

The ceilings are those of the first day, when nothing has been learned yet (a fixed 4 h limit gave
no false alarm in 4 recorded weeks of one home and told a collapse within 4 h).

Deliberately keeps silent: while the last sign came from the door zone and 12 h are not over, for
the person has probably gone out; and for half an hour after a gap of more than two minutes in which
the agent did not run. After a gap of more than an hour the clock starts anew, for nobody knows what
happened in it, and so it does after one whose length nobody knows. Where no clock has told the time
of day since the device was switched on, stillness in the bedroom counts as bed at any hour: a
sleeper is not taken for a fallen person because a clock is missing. A level that is only repeated
is no sign of life once it has stood at 1 for ten minutes: a stuck sensor is no proof of life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.events import ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

HOME = (Role.BEDROOM, Role.BATHROOM, Role.KITCHEN, Role.LIVING, Role.WORK, Role.HALL)
DOOR = (Role.ENTRY, Role.FRONT_DOOR)
MOVES = frozenset({Quantity.MOTION, Quantity.PRESENCE})
SIGNS = MOVES | {Quantity.CONTACT, Quantity.HELP}
REPEAT_S = 120.0  # a level repeated within this time is a repeat, not a new movement
HELD_S = 600.0  # mean pulses of a motion sensor last 2 to 9 s; held for ten minutes it is stuck
SETTLE_S = 1800.0
UNKNOWN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Config:
    """Ceilings in hours, and the hours of the day in which stillness in the bedroom is sleep.

    Attributes:
        awake_h: longest stillness when awake, 0.5 to 12.
        bed_h: longest stillness in bed, 4 to 16.
        away_h: longest silence after the last sign came from the door, 2 to 48.
        bed_from_h: local hour from which bedroom stillness counts as bed, 0 to 24.
        bed_until_h: local hour until which it does.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    awake_h: float = 4.0
    bed_h: float = 10.0
    away_h: float = 12.0
    bed_from_h: float = 21.0
    bed_until_h: float = 10.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("awake_h", self.awake_h, 0.5, 12),
            ("bed_h", self.bed_h, 4, 16),
            ("away_h", self.away_h, 2, 48),
            ("bed_from_h", self.bed_from_h, 0, 24),
            ("bed_until_h", self.bed_until_h, 0, 24),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")
        if self.bed_h < self.awake_h:
            raise ValueError(f"bed_h: {self.bed_h} is below awake_h {self.awake_h}")


@dataclass(frozen=True, slots=True)
class Line:
    """The level of one sensor.

    Attributes:
        value: 0 or 1.
        since: monotonic seconds since when it has it.
        heard: monotonic seconds when it was last reported.
    """

    value: float
    since: float
    heard: float


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of the home.

    Attributes:
        sign: monotonic and wall seconds of the last sign of life; the latter follows the clock.
        sensor: where it came from; empty before the first.
        not_before: monotonic seconds before which nothing is concluded.
        is_open: whether stillness has been told.
        lines: levels of the sensors, by sensor.
        timed: the last boot in which the wall clock was seen synchronised; empty for none.
        boot: the present one.
    """

    sign: tuple[float, float]
    sensor: str = ""
    not_before: float = 0.0
    is_open: bool = False
    lines: Mapping[str, Line] = field(default_factory=dict)
    timed: str = ""
    boot: str = ""


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where a room has a sensor that sees people move."""
    listening = [s for s in site.with_role(*HOME, *DOOR) if SIGNS & set(s.traits.quantities)]
    if not any(s.role in HOME and MOVES & set(s.traits.quantities) for s in listening):
        return {}
    return {"home": tuple(s.name for s in listening)}


def start(setup: Setup[Config], now: float) -> State:
    """Count from now: nobody is still who has not been seen yet."""
    del setup
    return State((now, 0.0))


def step(setup: Setup[Config], state: State, now: Now) -> tuple[State, tuple[Conclusion, ...]]:
    """Move the clock on at a sign of life; tell when it has run out."""
    if now.stamp.boot != state.boot or (now.stamp.synced and state.timed != state.boot):
        boot = now.stamp.boot
        state = replace(state, boot=boot, timed=boot if now.stamp.synced else state.timed)
    match now:
        case Reading() if now.quantity in SIGNS:
            return _reading(setup, state, now)
        case Gap():
            return _gap(state, now), ()
        case ClockStep():
            return replace(state, sign=(state.sign[0], state.sign[1] + now.delta_s)), ()
        case Tick() if not state.is_open and state.sensor:
            return replace(state, is_open=True), (_finding(setup, state, now),)
    return state, ()


def due(setup: Setup[Config], state: State) -> float | None:
    """When the ceiling is reached."""
    if state.is_open or not state.sensor:
        return None
    return max(state.sign[0] + _ceiling_h(setup, state)[1] * 3600, state.not_before)


def _reading(
    setup: Setup[Config], state: State, now: Reading
) -> tuple[State, tuple[Conclusion, ...]]:
    at, line = now.stamp.mono, state.lines.get(now.sensor)
    is_repeat = line is not None and line.value == now.value and at - line.heard <= REPEAT_S
    since = line.since if line is not None and is_repeat else at
    lines = {**state.lines, now.sensor: Line(now.value, since, at)}
    if now.quality.grade is Grade.BAD or not _is_sign(now, line, since):
        return replace(state, lines=lines), ()
    sign = (at, now.stamp.wall)
    seen = replace(state, sign=sign, sensor=now.sensor, is_open=False, lines=lines)
    if not state.is_open:
        return seen, ()
    moved = Finding(Kind.STILLNESS, setup.subject, None, state.sign[0], sensors=(now.sensor,))
    return seen, (moved,)


def _is_sign(now: Reading, line: Line | None, since: float) -> bool:
    if line is None:  # the first report says how things stand, not that something moved
        return bool(now.value) and now.quantity is not Quantity.CONTACT
    if line.value != now.value:
        return True
    return now.quantity in MOVES and now.value == 1 and now.stamp.mono - since <= HELD_S


def _gap(state: State, now: Gap) -> State:
    if now.length_s <= REPEAT_S:
        return state
    at = now.stamp.mono
    lines = {name: replace(line, since=at, heard=at) for name, line in state.lines.items()}
    if now.length_s > UNKNOWN_S and not state.is_open:
        return replace(state, sign=(at, now.stamp.wall), lines=lines)
    return replace(state, not_before=at + SETTLE_S, lines=lines)


def _ceiling_h(setup: Setup[Config], state: State) -> tuple[str, float]:
    """Name of the limit that holds, and its hours."""
    role = _role(setup, state)
    if role in DOOR:
        return "away_h", setup.limits.away_h
    if role is Role.BEDROOM and (state.timed != state.boot or _is_night(setup, state.sign[1])):
        return "bed_h", setup.limits.bed_h
    return "awake_h", setup.limits.awake_h


def _role(setup: Setup[Config], state: State) -> Role | None:
    """Where the last sign came from; None if the site no longer has that sensor."""
    sensor = setup.site.sensors.get(state.sensor)
    return None if sensor is None else sensor.role


def _is_night(setup: Setup[Config], wall: float) -> bool:
    local = datetime.fromtimestamp(wall, _zone(setup.site.timezone))
    hour = local.hour + local.minute / 60
    begin, end = setup.limits.bed_from_h, setup.limits.bed_until_h
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _finding(setup: Setup[Config], state: State, now: Tick) -> Finding:
    name, hours = _ceiling_h(setup, state)
    return Finding(
        Kind.STILLNESS,
        setup.subject,
        WarningLevel.ORANGE,
        state.sign[0],
        sensors=(state.sensor,),
        evidence={
            "reason": "ceiling",
            "limit": hours * 60,
            "unit": "min",
            "limit_name": name,
            "limit_source": "config" if name in setup.configured else "default",
            "for_s": round(now.stamp.mono - state.sign[0]),
            "days_learned": 0,
            "last_sensor": state.sensor,
            "last_room": _role(setup, state) or "",
            "compare": "fixed ceiling of the first days; nothing learned yet",
        },
    )


DETECTOR = Detector(config=Config, state=State, subjects=subjects, start=start, step=step, due=due)
