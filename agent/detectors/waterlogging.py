"""Water on the road, in four levels.

Protects people and cars at a street low point. Concludes `street.waterlogging` from each roadside
level sensor by itself, as echoes.py and believed.py see it, plus how much lower the place's lowest
point is, once there is water under the sensor at all.

| now     | good readings say                                                   | then           |
| ------- | ------------------------------------------------------------------- | -------------- |
| any     | at or above a higher threshold, 3 in a row over 30 s, 2 over 60 s   | that level     |
| level L | rising 10 mm a minute for 5 min and still, the next within 10 min   | L + 1, likely  |
| level L | below 0.8 of its threshold, and 20 mm below it, for 5 min           | one level down |
| any     | below `clear_mm` for 15 min                                         | all-clear      |
| level L | none for 10 min                                                     | L, said so     |

How certain it is follows from how the water came. It rises in steps: what came by a leap that water
cannot make is probably an object, and what crept up over hours a post that tilts. Such a warning is
`possible`, to be verified on site, and so is one by a sensor that is not believed, or has fallen by
more than water can, four times in a day; unless it rose through at least three readings between
dry and the threshold, in an hour, without a leap or a fall. A witness, a float switch or another
level sensor, makes any of them `observed`. Readings that scatter as those of wet grass or leaves
are `possible` in any case. After a pause in the readings water that is there
already is `likely`.

One alarm a flood. Deliberately keeps silent: on readings of bad quality (no echo, blind zone) and
on suspect ones (a jump that water cannot make): they delay a rise, and never begin a fall. Readings
that stop hold the level. A `possible` warning by a sensor that is not believed is not lifted before
it has been dry for six hours, and its level stays: a branch in the
wind is one message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.echoes import DEPTHS, Echo, Echoes
from agent.events import Certainty, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

WET_MM = 20.0  # healthy sensors' zero swings by 9 to 26 mm a day, always towards dry
RISE = ((3, 30.0), (2, 60.0))  # readings, seconds
SURE = (4, 180.0)  # where one step was over 60 mm: a second echo comes and goes
STEEP_MM = 60.0
DIP_MM, DIPS, RESTLESS_OF = 10.0, 2, 8  # wet grass and waves fall again between two readings
NOISE_SHARE = 0.05  # of the depth: deep water has waves
NOISE_MM = 2.0  # in published floods it is 1 at most, in wet grass 5 to 20
FALL_S, CLEAR_S, HELD_S = 300.0, 900.0, 6 * 3600.0
FEWEST = 3  # good readings that a fall or an all-clear rests on
FALL_SHARE, FALL_MM = 0.8, 20.0
STALE_S, LATER_S = 600.0, 3600.0
SLOPE_S, SLOPE_MM_MIN, AHEAD_MIN = 300.0, 10.0, 10.0  # the median flood's fastest step is 13 mm/min
SLOPE_FEWEST, LATEST_S = 5, 120.0
LATE_S = 600.0  # after such a pause nobody knows how the water came
TRAIL, TRAIL_S = 3, 3600.0
RECENT = 30


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
class Way:
    """How the water came, since it was last dry.

    Attributes:
        since: monotonic second of the last dry reading, or of the first one at all.
        trail: good readings on the way up: monotonic second and depth in mm, the newest last.
        doubt: why it may be no water: object, or gap (likely); empty for none.
        steepest_mm: the greatest step up.
    """

    since: float | None = None
    trail: tuple[tuple[float, float], ...] = ()
    doubt: str = ""
    steepest_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one place.

    Attributes:
        level: 0 = dry, 1 = blue ... 4 = red.
        onset: monotonic seconds of the first reading at blue.
        rising: streaks at or above each threshold, blue first.
        falling: streak below the present level's release.
        dry: streak below `clear_mm`.
        way: how the water came.
        certainty: of the present level.
        doubt: why it is only possible; empty where it is not.
        ahead: the level up to which it has been told ahead of the water in this flood.
        peak_mm: greatest depth of this flood.
        good_at: monotonic second of the last good reading; None before it.
        stale: since when it is told that readings have stopped; None where they go on, and have for
            ten minutes.
        was_stale: whether it was told before in this flood.
        is_rested: whether it has been dry for fifteen minutes under a level that is only held, and
            nothing has leapt since: what comes now is judged by itself.
        depths: the last good ones, in mm.
        recent: the last readings: monotonic second, value as it came, how good.
    """

    level: int = 0
    onset: float = 0.0
    rising: tuple[Streak, ...] = (NONE, NONE, NONE, NONE)
    falling: Streak = NONE
    dry: Streak = NONE
    way: Way = Way()
    certainty: Certainty = Certainty.OBSERVED
    doubt: str = ""
    ahead: int = 0
    peak_mm: float = 0.0
    good_at: float | None = None
    stale: float | None = None
    was_stale: bool = False
    is_rested: bool = False
    depths: tuple[float, ...] = ()
    recent: tuple[tuple[float, float, str], ...] = ()


DRY = State()
CONFIRMED = (Certainty.OBSERVED, "")

Judged = tuple[State, tuple[Conclusion, ...]]


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each roadside level sensor by itself."""
    level = [s for s in site.with_role(Role.ROADSIDE) if DEPTHS & set(s.traits.quantities)]
    return {sensor.name: (sensor.name,) for sensor in level}


def start(setup: Setup[Config], now: float) -> State:
    """Begin dry."""
    del setup, now
    return DRY


def step(setup: Setup[Config], state: State, now: Now, seen: Echoes) -> Judged:
    """Follow the table in the file's head."""
    if isinstance(now, Gap):
        way = replace(state.way, since=None, trail=())
        return replace(state, rising=DRY.rising, falling=NONE, dry=NONE, way=way), ()
    if isinstance(now, Tick):
        return _stop(setup, state, now.stamp.mono)
    if not isinstance(now, Reading) or now.quantity not in DEPTHS:
        return state, ()
    at, echo = now.stamp.mono, seen.of[setup.subject]
    point = (at, now.value, now.quality.grade.value)
    recent = (*state.recent[1 - RECENT :], point)
    if not echo.is_good or echo.depth_mm is None:
        return replace(state, recent=recent), ()
    depth = _lowest(setup, echo.depth_mm)
    depths = (*state.depths[1 - RESTLESS_OF :], depth)
    if not state.level and depth < WET_MM:
        return State(way=Way(at), good_at=at, depths=depths, recent=recent), ()
    pause = 0.0 if state.good_at is None else at - state.good_at
    way = _way(state, echo, depth, pause)
    if not state.level and depth < setup.limits.blue_mm:
        peak_mm = max(state.peak_mm, depth)
        return State(way=way, peak_mm=peak_mm, good_at=at, depths=depths, recent=recent), ()
    stale = at if state.stale is not None and pause >= STALE_S else state.stale
    rested = state.is_rested and way.doubt != "object"
    state = replace(
        state, way=way, good_at=at, depths=depths, stale=stale, recent=recent, is_rested=rested
    )
    return _judge(setup, _follow(setup.limits, state, depth, now), now, seen)


def due(setup: Setup[Config], state: State, seen: Echoes) -> float | None:
    """When readings have stopped for too long while there is water."""
    del setup, seen
    if not state.level or state.stale is not None or state.good_at is None:
        return None
    return state.good_at + _stale_s(state)


def _stale_s(state: State) -> float:
    """Ten minutes at first; an hour once it has been told of this flood."""
    return LATER_S if state.was_stale else STALE_S


def _lowest(setup: Setup[Config], depth: float) -> float:
    """Depth at the road's lowest point, in mm."""
    return depth + setup.sensor.traits.low_point_mm if depth >= WET_MM else depth


def _way(state: State, echo: Echo, depth: float, pause: float) -> Way:
    """Follow how the water comes."""
    way, at = state.way, echo.at
    if depth < WET_MM:
        return Way(at)
    if way.since is None:
        way = replace(way, since=at)
    if echo.is_leap:
        return Way(way.since, (), "object", way.steepest_mm)
    if echo.is_fall:
        return Way(way.since, (), way.doubt, way.steepest_mm)
    if pause > LATE_S and not (way.trail or way.doubt or state.level):
        way = replace(way, doubt="gap")
    last = way.trail[-1][1] if way.trail else 0.0
    trail = tuple(point for point in way.trail if at - point[0] <= TRAIL_S)
    if not trail or depth > last:
        trail = (*trail, (at, depth))[-RECENT:]
    return Way(way.since, trail, way.doubt, max(way.steepest_mm, echo.step_mm))


def _climbed(way: Way, threshold: float) -> bool:
    """Whether it came up through enough readings between dry and the threshold."""
    between = [d for _, d in way.trail if 0.15 * threshold <= d <= 0.9 * threshold]
    return len(between) >= TRAIL


def _follow(limits: Config, state: State, depth: float, now: Reading) -> State:
    """Count the reading into every streak."""
    thresholds = (limits.blue_mm, limits.yellow_mm, limits.orange_mm, limits.red_mm)
    rising = tuple(
        streak.plus(now) if depth >= threshold else NONE
        for threshold, streak in zip(thresholds, state.rising, strict=True)
    )
    release = 0.0
    if state.level:
        threshold = thresholds[state.level - 1]
        release = min(FALL_SHARE * threshold, threshold - FALL_MM)
    return replace(
        state,
        onset=state.onset if state.level else rising[0].mono,
        rising=rising,
        falling=state.falling.plus(now) if depth < release else NONE,
        dry=state.dry.plus(now) if depth < limits.clear_mm else NONE,
        peak_mm=max(state.peak_mm, depth),
    )


def _judge(setup: Setup[Config], state: State, now: Reading, seen: Echoes) -> Judged:
    at = now.stamp.mono
    echo = seen.of[setup.subject]
    depth = _lowest(setup, echo.depth_mm or 0.0)
    is_back = state.stale is not None and at - state.stale >= STALE_S
    if is_back:
        state = replace(state, stale=None)
    reached = _reached(state, at, echo.trust.is_strained)
    if reached > state.level:
        certainty, doubt = _certainty(setup, state, reached, echo, seen)
        if not (state.level and doubt and not state.doubt):  # a confirmed one is not taken back
            state = replace(state, certainty=certainty, doubt=doubt)
        state = replace(state, level=reached, falling=NONE, dry=NONE)
        for_s = at - state.rising[reached - 1].mono
        return state, (_finding(setup, state, now, seen, for_s, "rising"),)
    if state.is_rested:
        sure = _reached(replace(state, level=0), at, echo.trust.is_strained)
        is_news = WarningLevel.YELLOW <= sure < state.level
        if is_news and _certainty(setup, state, sure, echo, seen) == CONFIRMED:
            state = replace(state, level=sure, certainty=Certainty.OBSERVED, doubt="")
            state = replace(state, is_rested=False, falling=NONE)
            for_s = at - state.rising[sure - 1].mono
            return state, (_finding(setup, state, now, seen, for_s, "rising"),)
    if state.level and reached == state.level and state.certainty is not Certainty.OBSERVED:
        certainty, doubt = _certainty(setup, state, reached, echo, seen)
        is_told = certainty is Certainty.OBSERVED and (
            not state.doubt or seen.witness(setup.subject, depth, at)
        )
        if is_told:
            state = replace(state, certainty=certainty, doubt=doubt)
            for_s = at - state.rising[reached - 1].mono
            return state, (_finding(setup, state, now, seen, for_s, _trend(setup, state)),)
    ahead = _ahead(setup, state, depth)
    if ahead is not None:
        state = replace(
            state, level=ahead, ahead=ahead, certainty=Certainty.LIKELY, falling=NONE, dry=NONE
        )
        found = _finding(setup, state, now, seen, SLOPE_S, "rising")
        rate = replace(found, evidence={**found.evidence, "reason": "rate"})
        return state, (rate,)
    return _fall(setup, state, now, seen, is_back=is_back)


def _fall(
    setup: Setup[Config], state: State, now: Reading, seen: Echoes, *, is_back: bool
) -> Judged:
    at, echo = now.stamp.mono, seen.of[setup.subject]
    depth = _lowest(setup, echo.depth_mm or 0.0)
    is_held = bool(state.doubt) and echo.trust.is_strained
    clear_s = HELD_S if is_held else CLEAR_S
    if state.level and state.dry.count >= FEWEST and at - state.dry.mono >= clear_s:
        cleared = Finding(
            Kind.WATERLOGGING,
            setup.subject,
            None,
            state.onset,
            value=(Quantity.DEPTH_MM, round(depth)),
            evidence={"reason": "depth", "limit": setup.limits.clear_mm, "unit": "mm",
                      "for_s": round(at - state.dry.mono), "peak_mm": round(state.peak_mm),
                      "raw": {now.quantity.value: now.value}},
        )  # fmt: skip
        return _dried(state), (cleared,)
    if is_held and state.dry.count >= FEWEST and at - state.dry.mono >= CLEAR_S:
        state = replace(state, is_rested=True)
    is_low = state.falling.count >= FEWEST and at - state.falling.mono >= FALL_S
    if state.level > 1 and is_low and not state.doubt:
        for_s = at - state.falling.mono
        state = replace(state, level=state.level - 1, falling=NONE)
        state = replace(state, certainty=Certainty.OBSERVED)
        return state, (_finding(setup, state, now, seen, for_s, "falling"),)
    if state.level and is_back:
        return state, (_finding(setup, state, now, seen, 0.0, _trend(setup, state)),)
    return state, ()


def _dried(state: State) -> State:
    """No water: what is remembered of the sensor stays."""
    return replace(
        DRY, way=state.way, good_at=state.good_at, recent=state.recent, depths=state.depths
    )


def _stop(setup: Setup[Config], state: State, at: float) -> Judged:
    """Tell that readings have stopped; the level stays."""
    if not state.level or state.stale is not None or at < (state.good_at or 0.0) + _stale_s(state):
        return state, ()
    state = replace(state, stale=at, was_stale=True)
    level = WarningLevel(state.level)
    evidence = _evidence(setup, state, level, at) | {"stale_s": round(at - (state.good_at or at))}
    return state, (
        Finding(
            Kind.WATERLOGGING, setup.subject, level, state.onset, sensors=(setup.subject,),
            certainty=state.certainty, suspect=True, evidence=evidence,
        ),
    )  # fmt: skip


def _reached(state: State, at: float, is_strained: bool) -> int:
    """The highest level that enough readings have reached; 0 for none."""
    dips = sum(before - after >= DIP_MM for before, after in pairwise(state.depths))
    is_steep = state.way.steepest_mm > STEEP_MM or dips >= DIPS or is_strained
    ways = (SURE,) if is_steep and not state.level else RISE
    return max(
        (
            int(level)
            for level, streak in zip(WarningLevel, state.rising, strict=True)
            if any(streak.count >= n and at - streak.mono >= span for n, span in ways)
        ),
        default=0,
    )


def _certainty(
    setup: Setup[Config], state: State, level: int, echo: Echo, seen: Echoes
) -> tuple[Certainty, str]:
    """How sure it is that the water has reached the level; and why it may be none."""
    threshold = setup.limits.threshold(WarningLevel(level))[1]
    if seen.witness(setup.subject, threshold, echo.at):
        return Certainty.OBSERVED, ""
    way, trust = state.way, echo.trust
    if trust.crept:
        return Certainty.POSSIBLE, "drift"
    if _noise_mm(state.depths) >= max(NOISE_MM, NOISE_SHARE * state.depths[-1]):
        return Certainty.POSSIBLE, "unsteady"
    if way.doubt != "object" and _climbed(way, threshold):
        return Certainty.OBSERVED, ""
    if way.doubt == "object":
        is_further = bool(state.level) and level > state.level and _climbed(way, threshold)
        return (Certainty.OBSERVED, "") if is_further else (Certainty.POSSIBLE, "object")
    if trust.is_strained:
        return Certainty.POSSIBLE, "unsteady" if trust.doubt is None else trust.doubt.value
    if way.doubt == "gap":
        return Certainty.LIKELY, ""
    return Certainty.OBSERVED, ""


def _noise_mm(depths: tuple[float, ...]) -> float:
    """How far a reading sticks out between its neighbours: the median of the last few.

    One that lies between them does not: water that rises fast is not restless.
    """
    if len(depths) < RESTLESS_OF:
        return 0.0
    triples = zip(depths, depths[1:], depths[2:], strict=False)
    return median(max(b - max(a, c), min(a, c) - b, 0.0) for a, b, c in triples)


def _rate(setup: Setup[Config], state: State, over_s: float = SLOPE_S) -> float | None:
    """Rise over the last minutes, in mm a minute; None where too few readings tell.

    Theil and Sen's: the median slope of all pairs, so that a car in the beam does not count.
    """
    up = -1.0 if Quantity.DISTANCE_MM in setup.sensor.traits.quantities else 1.0
    good = [(at, up * value) for at, value, grade in state.recent if grade == Grade.GOOD]
    points = [point for point in good if good[-1][0] - point[0] <= over_s + 60.0]
    fewest = SLOPE_FEWEST if over_s == SLOPE_S else 3
    if len(points) < fewest or points[-1][0] - points[0][0] < over_s - 60.0:
        return None
    slopes = sorted(
        (d2 - d1) / (t2 - t1) * 60.0
        for n, (t1, d1) in enumerate(points)
        for t2, d2 in points[n + 1 :]
        if t2 > t1
    )
    return slopes[(len(slopes) - 1) // 2] if slopes else None  # of two, the slower


def _ahead(setup: Setup[Config], state: State, depth: float) -> int | None:
    """The next level, where the water will be there in ten minutes; once in a flood each."""
    level = state.level
    if not 0 < level < WarningLevel.RED or state.ahead > level or state.doubt:
        return None
    if state.certainty is not Certainty.OBSERVED:
        return None
    if depth < setup.limits.threshold(WarningLevel(level))[1]:
        return None
    rate = _rate(setup, state)
    threshold = setup.limits.threshold(WarningLevel(level + 1))[1]
    if rate is None or rate < SLOPE_MM_MIN or depth + rate * AHEAD_MIN < threshold:
        return None
    latest = _rate(setup, state, LATEST_S)
    if latest is None or latest < SLOPE_MM_MIN:
        return None
    return level + 1


def _trend(setup: Setup[Config], state: State) -> str:
    if state.falling.count:
        return "falling"
    rate = _rate(setup, state)
    return "rising" if rate is not None and rate >= 1.0 else "steady"


def _finding(
    setup: Setup[Config], state: State, now: Reading, seen: Echoes, for_s: float, trend: str
) -> Finding:
    level = WarningLevel(state.level)
    echo = seen.of[setup.subject]
    depth = _lowest(setup, echo.depth_mm or 0.0)
    evidence = _evidence(setup, state, level, now.stamp.mono) | {
        "for_s": round(for_s),
        "trend": trend,
        "zero_mm": round(echo.zero.counted_mm, 1),
        "sag_mm": round(echo.sag.now(echo.at), 1),
        "raw": {now.quantity.value: now.value},
        "witness": seen.witness(setup.subject, depth, echo.at),
    }
    return Finding(
        Kind.WATERLOGGING,
        setup.subject,
        level,
        state.onset,
        sensors=(setup.subject,),
        certainty=state.certainty,
        suspect=bool(state.doubt),
        value=(Quantity.DEPTH_MM, round(depth)),
        evidence=evidence,
    )


def _evidence(setup: Setup[Config], state: State, level: WarningLevel, at: float) -> dict[str, Any]:
    name, limit = setup.limits.threshold(level)
    rate = _rate(setup, state)
    return {
        "reason": "depth",
        "limit": limit,
        "unit": "mm",
        "limit_source": "config" if name in setup.configured else "default",
        "for_s": 0,
        "trend": _trend(setup, state),
        "stale_s": 0,
        "rate_mm_min": None if rate is None else round(rate, 1),
        "peak_mm": round(state.peak_mm),
        "mount_height_mm": setup.sensor.traits.mount_height_mm,
        "low_point_mm": setup.sensor.traits.low_point_mm,
        "doubt": state.doubt,
        "compare": COMPARE.get(state.doubt, ""),
        "recent": [[round(at - t, 1), value, grade] for t, value, grade in state.recent],
    }


COMPARE = {
    "object": "came by a jump that water cannot make",
    "drift": "came more slowly than water does",
    "unsteady": "the sensor has fallen by more than water can, several times in a day",
    "no_echo": "many of the sensor's readings have no echo",
    "stuck": "the sensor gave the same value for hours",
    "blocked": "something has stood in the sensor's beam for hours",
}

DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="echoes"
)
