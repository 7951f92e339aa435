"""Water that comes out of an outfall in dry weather.

Protects the river behind an outfall: what runs out of it without rain was let in by somebody.
Concludes `outfall.discharge` from each level sensor with the role outfall, by its own usual level
(rolling.py), and from the conductivity of the outfall's probes, which tells rain (dilution.py).

| level, in good readings          | conductivity        | then                      |
| -------------------------------- | ------------------- | ------------------------- |
| `rise_mm` and 6 spreads above    | not thinned         | yellow, likely            |
| what is usual, for 10 min        | nobody knows        | blue, possible            |
|                                  | a tenth below usual | rain: nothing, or its end |
| below half of that, for 15 min   |                     | its end                   |
| still higher after a day         |                     | its end; learned anew     |

Deliberately keeps silent: for the first day, while nothing is usual; about what rain brings, until
the level is back; about a rise that stood halfway for three hours, as rivers rise; at outfalls
where the level comes and goes with a tide, whose spread is the tide; about a discharge that runs
half of the time, which is what is usual there; about clean water that thins the river as rain does;
in maintenance windows, in which it neither begins, ends nor learns anything.
Readings of bad quality count for nothing, and suspect ones (a jump that water cannot make) only
delay: what comes after such a jump may be an object, and is possible. Readings that stop hold the
alarm; the sensor's silence is told by its own fault.

Nothing here is learned from recorded discharges. 50 mm are twice the daily swing of an ultrasonic
zero; six spreads, ten minutes and the tenth of dilution were reasoned, and then tried on 30
months of levels at four places in rivers: 0.2 to 0.8 alarms a month, where nothing is known to have
been let in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.dilution import (
    CONDUCTIVITY,
    DRY,
    RAIN,
    UNKNOWN,
    Waters,
    figures,
    follow,
    weather,
)
from agent.detectors.rolling import Rolling
from agent.events import Certainty, Finding, Gap, Kind, WarningLevel
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

DEPTHS = frozenset({Quantity.DISTANCE_MM, Quantity.DEPTH_MM})
SPREADS = 6.0
RISE_READINGS, RISE_S = 2, 600.0
FALL_READINGS, FALL_S, FALL_SHARE = 2, 900.0, 0.5
LASTING_S = 86400.0
SLOW_S = 3 * 3600.0


@dataclass(frozen=True, slots=True)
class Config:
    """Limit of the rise.

    Attributes:
        rise_mm: above the usual level, 20 to 3000. A healthy ultrasonic sensor's zero swings by 9
            to 26 mm a day, so 50 mm are water.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    rise_mm: float = 50.0

    def __post_init__(self) -> None:
        if not 20 <= self.rise_mm <= 3000:
            raise ValueError(f"rise_mm: {self.rise_mm:g} is outside 20 to 3000")


@dataclass(frozen=True, slots=True)
class Streak:
    """Good readings in a row on one side of a limit: how many, and since when."""

    count: int = 0
    mono: float = 0.0

    def plus(self, at: float) -> Streak:
        """One more."""
        return Streak(self.count + 1, self.mono) if self.count else Streak(1, at)


NONE, NEW = Streak(), Rolling()


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one outfall's level.

    Attributes:
        rolling: what the level usually is.
        waters: conductivity by probe.
        high: readings at or above the limit.
        low: readings that are back at what is usual, while the water is high.
        onset: monotonic seconds of the first reading at the limit; None while the level is usual.
        told: 0 = nothing, 1 = blue, 2 = yellow.
        is_natural: whether rain or the river itself brought this rise.
        is_jump: whether it came by a jump that water cannot make.
        peak_mm: the highest level of this rise.
        calm_at: monotonic seconds when the level was last less than halfway to the limit, to
            within five minutes.
    """

    rolling: Rolling = NEW
    waters: Waters = field(default_factory=dict)
    high: Streak = NONE
    low: Streak = NONE
    onset: float | None = None
    told: int = 0
    is_natural: bool = False
    is_jump: bool = False
    peak_mm: float = 0.0
    calm_at: float = 0.0


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each level sensor of an outfall, which hears the outfall's probes as well."""
    there = site.with_role(Role.OUTFALL)
    probes = [s.name for s in there if CONDUCTIVITY in s.traits.quantities]
    levels = [s.name for s in there if DEPTHS & set(s.traits.quantities)]
    return {name: (name, *(probe for probe in probes if probe != name)) for name in levels}


def start(setup: Setup[Config], now: float) -> State:
    """Nothing is usual yet."""
    del setup, now
    return State()


def step(setup: Setup[Config], state: State, now: Now) -> tuple[State, tuple[Conclusion, ...]]:
    """Follow the table in the file's head."""
    if isinstance(now, Gap):
        return replace(state, high=NONE, low=NONE), ()
    if not isinstance(now, Reading) or now.quality.grade is Grade.BAD:
        return state, ()
    if setup.site.is_maintained(now.stamp.wall):
        return replace(state, high=NONE, low=NONE), ()
    if now.quantity is CONDUCTIVITY:
        return _thinned(setup, state, now)
    if now.sensor == setup.subject and now.quantity in DEPTHS:
        return _measured(setup, state, now)
    return state, ()


def due(setup: Setup[Config], state: State) -> float | None:
    """Only readings decide."""
    del setup, state
    return None


def level_mm(setup: Setup[Config], now: Reading) -> float:
    """Level above the dry bed, in mm; without a mounting height from the sensor down."""
    if now.quantity is Quantity.DEPTH_MM:
        return now.value
    return (setup.sensor.traits.mount_height_mm or 0.0) - now.value


def rise_mm(limits: Config, level: Rolling) -> float:
    """How far above its usual level water counts as a discharge."""
    return max(limits.rise_mm, SPREADS * level.spread)


def _measured(
    setup: Setup[Config], state: State, now: Reading
) -> tuple[State, tuple[Conclusion, ...]]:
    """A level, good or suspect."""
    level, at = level_mm(setup, now), now.stamp.mono
    usual = state.rolling.usual
    is_good = now.quality.grade is Grade.GOOD
    if usual is None:
        if not is_good or not state.rolling.wants(at):
            return state, ()
        return replace(state, rolling=state.rolling.plus(at, level), calm_at=at), ()
    limit = usual + rise_mm(setup.limits, state.rolling)
    if not is_good:
        is_jump = state.onset is None and level >= limit
        return (replace(state, is_jump=True) if is_jump else state), ()
    if level >= limit:
        return _high(setup, state, now, level)
    if state.onset is None:
        return _usual(setup, state, at, level), ()
    return _falling(setup, state, now, level)


def _usual(setup: Setup[Config], state: State, at: float, level: float) -> State:
    """Learn, and forget a jump that has passed."""
    if not (state.is_jump or state.rolling.wants(at)):
        return state
    is_calm = level < _halfway(setup, state)
    return replace(
        state,
        rolling=state.rolling.plus(at, level),
        is_jump=False,
        calm_at=at if is_calm else state.calm_at,
    )


def _is_slow(state: State) -> bool:
    """Whether the level had stood halfway for long when it came to the limit."""
    sampled = state.rolling.sampled
    return sampled is not None and sampled - state.calm_at > SLOW_S


def _halfway(setup: Setup[Config], state: State) -> float:
    """The level below which a rise is over."""
    return (state.rolling.usual or 0.0) + FALL_SHARE * rise_mm(setup.limits, state.rolling)


def _high(
    setup: Setup[Config], state: State, now: Reading, level: float
) -> tuple[State, tuple[Conclusion, ...]]:
    """A good reading at or above the limit."""
    at = now.stamp.mono
    onset = at if state.onset is None else state.onset
    if at - onset >= LASTING_S:
        return _over(setup, state, now, level, "lasting", NEW)
    peak = level if state.onset is None else max(state.peak_mm, level)
    state = replace(state, high=state.high.plus(at), low=NONE, onset=onset, peak_mm=peak)
    if state.is_natural or state.high.count < RISE_READINGS or at - state.high.mono < RISE_S:
        return state, ()
    seen = weather(state.waters, at)
    if seen == RAIN or (not state.told and _is_slow(state)):
        return replace(state, is_natural=True), ()
    warning = WarningLevel.YELLOW if seen == DRY else WarningLevel.BLUE
    if warning <= state.told:
        return state, ()
    state = replace(state, told=int(warning))
    return state, (_finding(setup, state, now, level, warning, seen),)


def _falling(
    setup: Setup[Config], state: State, now: Reading, level: float
) -> tuple[State, tuple[Conclusion, ...]]:
    """A good reading below the limit, after some at it."""
    at = now.stamp.mono
    if not state.told and not state.is_natural:  # it never lasted
        fresh = replace(state, high=NONE, low=NONE, onset=None)
        return _usual(setup, fresh, at, level), ()
    if level >= _halfway(setup, state):
        return replace(state, high=NONE, low=NONE), ()
    state = replace(state, high=NONE, low=state.low.plus(at))
    if state.low.count < FALL_READINGS or at - state.low.mono < FALL_S:
        return state, ()
    return _over(setup, state, now, level, "level", state.rolling)


def _thinned(
    setup: Setup[Config], state: State, now: Reading
) -> tuple[State, tuple[Conclusion, ...]]:
    """A conductivity: learned while the level is usual; rain where it falls while that is high."""
    at = now.stamp.mono
    waters = follow(state.waters, now, learns=state.onset is None)
    if waters is state.waters:
        return state, ()
    state = replace(state, waters=waters)
    if not state.told or weather(waters, at) != RAIN:
        return state, ()
    ended = _end(setup, state, at, "rain", None)
    return replace(state, told=0, is_natural=True), (ended,)


def _over(
    setup: Setup[Config], state: State, now: Reading, level: float, reason: str, rolling: Rolling
) -> tuple[State, tuple[Conclusion, ...]]:
    """The rise is over; its alarm, where there is one, ends."""
    calm = State(rolling, state.waters, calm_at=now.stamp.mono)
    if not state.told:
        return calm, ()
    return calm, (_end(setup, state, now.stamp.mono, reason, level),)


def _end(
    setup: Setup[Config], state: State, at: float, reason: str, level: float | None
) -> Finding:
    onset = at if state.onset is None else state.onset
    return Finding(
        Kind.DISCHARGE,
        setup.subject,
        None,
        onset,
        sensors=(setup.subject,),
        value=None if level is None else (Quantity.DEPTH_MM, round(level)),
        evidence={
            "reason": reason,
            "for_s": round(at - onset),
            "peak_rise_mm": round(state.peak_mm - (state.rolling.usual or 0.0)),
            "conductivity": figures(state.waters, at),
        },
    )


def _finding(
    setup: Setup[Config],
    state: State,
    now: Reading,
    level: float,
    warning: WarningLevel,
    seen: str,
) -> Finding:
    at, usual = now.stamp.mono, state.rolling.usual or 0.0
    is_doubtful = state.is_jump or seen == UNKNOWN
    return Finding(
        Kind.DISCHARGE,
        setup.subject,
        warning,
        state.onset if state.onset is not None else at,
        sensors=(setup.subject, *figures(state.waters, at)),
        certainty=Certainty.POSSIBLE if is_doubtful else Certainty.LIKELY,
        suspect=state.is_jump,
        value=(Quantity.DEPTH_MM, round(level)),
        evidence={
            "reason": "jump" if state.is_jump else "level",
            "weather": seen,
            "rise_mm": round(level - usual, 1),
            "usual_mm": round(usual, 1),
            "spread_mm": round(state.rolling.spread, 2),
            "hours_learned": len(state.rolling.hours),
            "limit": round(rise_mm(setup.limits, state.rolling), 1),
            "unit": "mm",
            "limit_source": _limit_source(setup, state),
            "for_s": round(at - state.high.mono),
            "readings": state.high.count,
            "conductivity": figures(state.waters, at),
            "raw": {now.quantity.value: now.value},
        },
    )


def _limit_source(setup: Setup[Config], state: State) -> str:
    if SPREADS * state.rolling.spread > setup.limits.rise_mm:
        return "learned"
    return "config" if "rise_mm" in setup.configured else "default"


DETECTOR = Detector(config=Config, state=State, subjects=subjects, start=start, step=step, due=due)
