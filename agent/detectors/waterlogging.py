"""Water on the road, in four levels.

Protects people and cars at a street low point. Concludes `street.waterlogging` from each roadside
level sensor by itself. Depth is mounting height minus distance, plus how much lower the place's
lowest point is, once there is water under the sensor at all.

| now | good readings say | then |
| --- | --- | --- |
| any | at or above a higher threshold, 3 in a row over 30 s or 2 over 60 s | that level |
| level L | below 0.8 of its threshold, and 20 mm below it, for 5 min | one level down |
| any | below `clear_mm` for 15 min | all-clear |

One alarm a flood. Deliberately keeps silent: on readings of bad quality (no echo, blind zone) and
on suspect ones (a jump that water cannot make): they delay a rise, and never begin a fall. Where
water seems to have come by such a jump it is probably an object: the warning is `possible`, to be
verified on site, until a further level is reached in steps that water can make. Readings that stop
hold the level; the sensor's silence is told by its own fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.events import Certainty, Finding, Gap, Kind, WarningLevel
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

DEPTHS = frozenset({Quantity.DISTANCE_MM, Quantity.DEPTH_MM})
WET_MM = 20.0  # healthy sensors' zero swings by 9 to 26 mm a day, always towards dry
RISE = ((3, 30.0), (2, 60.0))  # readings, seconds
FALL_S, CLEAR_S = 300.0, 900.0
FEWEST = 3  # good readings that a fall or an all-clear rests on
FALL_SHARE, FALL_MM = 0.8, 20.0


@dataclass(frozen=True, slots=True)
class Config:
    """Thresholds in mm above the road's lowest point.

    No national colours for street depth were found; 150 mm is the most that drainage design allows
    on one lane (GB 51222-2017), 270 mm reaches a car's exhaust, 400 mm stalls it. Set them by site.

    Attributes:
        blue_mm, yellow_mm, orange_mm, red_mm: rising, 30 to 3000.
        clear_mm: below it for 15 min is the all-clear; below blue_mm.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    blue_mm: float = 100.0
    yellow_mm: float = 150.0
    orange_mm: float = 270.0
    red_mm: float = 400.0
    clear_mm: float = 30.0

    def __post_init__(self) -> None:
        below, lowest = "", 30.0
        for name in ("blue_mm", "yellow_mm", "orange_mm", "red_mm"):
            value = getattr(self, name)
            if not 30 <= value <= 3000:
                raise ValueError(f"{name}: {value:g} is outside 30 to 3000")
            if below and value <= lowest:
                raise ValueError(f"{name}: {value:g} is not above {below} = {lowest:g}")
            below, lowest = name, value
        if not 0 < self.clear_mm < self.blue_mm:
            raise ValueError(f"clear_mm: {self.clear_mm:g} is not between 0 and blue_mm")

    def threshold(self, level: WarningLevel) -> tuple[str, float]:
        """Key and mm of a level's threshold."""
        name = f"{level.word}_mm"
        return name, float(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Streak:
    """Good readings in a row on one side of a threshold: how many, and since when."""

    count: int = 0
    mono: float = 0.0

    def plus(self, reading: Reading) -> Streak:
        """One more."""
        if self.count:
            return Streak(self.count + 1, self.mono)
        return Streak(1, reading.stamp.mono)


NONE = Streak()


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one place.

    Attributes:
        level: 0 = dry, 1 = blue ... 4 = red.
        onset: monotonic seconds of the first reading at blue.
        rising: streaks at or above each threshold, blue first.
        falling: streak below the present level's release.
        dry: streak below `clear_mm`.
        is_jump: whether the water came by a jump that water cannot make.
        peak_mm: greatest depth of this flood.
    """

    level: int = 0
    onset: float = 0.0
    rising: tuple[Streak, ...] = (NONE, NONE, NONE, NONE)
    falling: Streak = NONE
    dry: Streak = NONE
    is_jump: bool = False
    peak_mm: float = 0.0


DRY = State()


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each roadside level sensor by itself."""
    level = [s for s in site.with_role(Role.ROADSIDE) if DEPTHS & set(s.traits.quantities)]
    return {sensor.name: (sensor.name,) for sensor in level}


def start(setup: Setup[Config], now: float) -> State:
    """Begin dry."""
    del setup, now
    return DRY


def step(setup: Setup[Config], state: State, now: Now) -> tuple[State, tuple[Conclusion, ...]]:
    """Follow the table in the file's head."""
    if isinstance(now, Gap):
        return replace(state, rising=DRY.rising, falling=NONE, dry=NONE), ()
    if not isinstance(now, Reading) or now.quantity not in DEPTHS:
        return state, ()
    depth = depth_mm(setup, now)
    if now.quality.grade is not Grade.GOOD:
        if now.quality.grade is Grade.SUSPECT and not state.level and depth >= _blue(setup):
            return replace(state, is_jump=True), ()
        return state, ()
    if not state.level and depth < WET_MM:
        return DRY, ()
    state = _follow(setup.limits, state, depth, now)
    return _judge(setup, state, depth, now)


def due(setup: Setup[Config], state: State) -> float | None:
    """Only readings decide."""
    del setup, state
    return None


def depth_mm(setup: Setup[Config], now: Reading) -> float:
    """Depth at the road's lowest point, in mm."""
    if now.quantity is Quantity.DEPTH_MM:
        depth = now.value
    else:
        depth = (setup.sensor.traits.mount_height_mm or 0.0) - now.value
    return depth + setup.sensor.traits.low_point_mm if depth >= WET_MM else depth


def _blue(setup: Setup[Config]) -> float:
    return setup.limits.blue_mm


def _follow(limits: Config, state: State, depth: float, now: Reading) -> State:
    """Count the reading into every streak."""
    rising = tuple(
        streak.plus(now) if depth >= limits.threshold(level)[1] else NONE
        for level, streak in zip(WarningLevel, state.rising, strict=True)
    )
    release = 0.0
    if state.level:
        threshold = limits.threshold(WarningLevel(state.level))[1]
        release = min(FALL_SHARE * threshold, threshold - FALL_MM)
    return State(
        state.level,
        state.onset if state.level else rising[0].mono,
        rising,
        state.falling.plus(now) if depth < release else NONE,
        state.dry.plus(now) if depth < limits.clear_mm else NONE,
        state.is_jump,
        max(state.peak_mm, depth),
    )


def _judge(
    setup: Setup[Config], state: State, depth: float, now: Reading
) -> tuple[State, tuple[Conclusion, ...]]:
    at = now.stamp.mono
    reached = max(
        (
            level
            for level, streak in zip(WarningLevel, state.rising, strict=True)
            if any(streak.count >= n and at - streak.mono >= span for n, span in RISE)
        ),
        default=None,
    )
    if reached is not None and reached > state.level:
        is_jump = state.is_jump and not state.level
        state = replace(state, level=int(reached), is_jump=is_jump, falling=NONE, dry=NONE)
        since = state.rising[reached - 1].mono
        return state, (_finding(setup, state, depth, now, at - since, "rising"),)
    if state.level and state.dry.count >= FEWEST and at - state.dry.mono >= CLEAR_S:
        cleared = Finding(
            Kind.WATERLOGGING,
            setup.subject,
            None,
            state.onset,
            value=(Quantity.DEPTH_MM, round(depth)),
            evidence={"reason": "depth", "limit": setup.limits.clear_mm, "unit": "mm",
                      "for_s": round(at - state.dry.mono), "peak_mm": round(state.peak_mm)},
        )  # fmt: skip
        return DRY, (cleared,)
    if state.level > 1 and state.falling.count >= FEWEST and at - state.falling.mono >= FALL_S:
        for_s = at - state.falling.mono
        state = replace(state, level=state.level - 1, falling=NONE)
        return state, (_finding(setup, state, depth, now, for_s, "falling"),)
    return state, ()


def _finding(
    setup: Setup[Config], state: State, depth: float, now: Reading, for_s: float, trend: str
) -> Finding:
    level = WarningLevel(state.level)
    name, limit = setup.limits.threshold(level)
    return Finding(
        Kind.WATERLOGGING,
        setup.subject,
        level,
        state.onset,
        sensors=(setup.subject,),
        certainty=Certainty.POSSIBLE if state.is_jump else Certainty.OBSERVED,
        suspect=state.is_jump,
        value=(Quantity.DEPTH_MM, round(depth)),
        evidence={
            "reason": "depth",
            "limit": limit,
            "unit": "mm",
            "limit_source": "config" if name in setup.configured else "default",
            "for_s": round(for_s),
            "trend": trend,
            "peak_mm": round(state.peak_mm),
            "raw": {now.quantity.value: now.value},
            "compare": "came by a jump that water cannot make" if state.is_jump else "",
        },
    )


DETECTOR = Detector(config=Config, state=State, subjects=subjects, start=start, step=step, due=due)
