"""How deep the water is under each level sensor, and whether it can be believed.

What the detectors of water see alike. Depth is the installed height minus the distance, plus how
far the zero has been found to have moved since.

The zero follows the dry ground: the median of 24 hourly medians of good readings within 40 mm of
it, by 5 mm a day at most and 60 mm in all. It never takes in water: it stands still while it is
wet, for twelve hours after, and while the sensor is not believed. A recorded post's zero swings by
9 to 26 mm a day with the sun on its case; what lies further off than the bounds is no zero but a
post that has tilted, which is doubted as `drift`.

By day it sags: the sun heats the case, and the distance reads long, never short. Since water never
reads as less than none, what the last half-hour of dry ground lay below the zero, by 30 mm at most,
is added to what is read then. Once it is wet that stays, and fades in four hours: rain cools.

A part that does not compensate for the temperature of the air reads short in the heat: sound is
faster by 0.17 % a degree. Where a roadside probe tells the air's temperature, its distance is
corrected to what it would be at 20 degC, at which such parts are calibrated.

Float switches and other level sensors of the road are witnesses: they tell water by another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median

from agent.detectors import Now, Perception
from agent.detectors.believed import (
    CREPT_S,
    FALL_MM,
    HOUR_S,
    NEAR_S,
    OFF_MM,
    Doubt,
    Trust,
    count,
    judge,
    tally,
)
from agent.events import Gap
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

DEPTHS = frozenset({Quantity.DISTANCE_MM, Quantity.DEPTH_MM})
DRY_MM = 20.0
SWING_MM = 15.0  # the median post's, a day
# Of 678 published floods 99 % rose by less than 88 mm a minute, all by less than 756 in ten.
LEAP_MM, LEAP_MM_S, MOST_LEAP_MM = 60.0, 1.6, 500.0
LONG_S, LONG_LEAP_MM = 3600.0, 800.0
BREAK_MM = 100.0  # a rise from minute to minute that is less is water, or waves
AFTER_WET_S = 12 * HOUR_S
MOST_MM, MOST_MM_DAY = 60.0, 5.0
HOURLY = 24
MINUTE_S = 60.0
SAGS, FEWEST_SAGS, SAG_S, MOST_SAG_MM, FADE_S = 30, 5, 1800.0, 30.0, 4 * HOUR_S
SAMPLES = 60  # of an hour, one a minute
WARMTH, WARM_DEGC = 0.0017, 20.0  # of the speed of sound in air, a degree
FRESH_S = 3600.0  # how long a temperature counts
WITNESS_S = 900.0


@dataclass(frozen=True, slots=True)
class Zero:
    """Where dry ground lies: a depth that counts as none.

    Attributes:
        mm: how far above the installed zero.
        samples: depths of the present hour, over the installed zero.
        hour: monotonic second when that hour began.
        medians: of the hours before, the newest last.
    """

    mm: float = 0.0
    samples: tuple[float, ...] = ()
    hour: float = 0.0
    medians: tuple[float, ...] = ()

    @property
    def counted_mm(self) -> float:
        """What is taken off a depth; within the day's swing it is no change of the ground."""
        return self.mm if self.mm < 0 else max(self.mm - SWING_MM, 0.0)


@dataclass(frozen=True, slots=True)
class Sag:
    """How far dry ground reads below the zero by day.

    Attributes:
        mm: so far, never above 0.
        samples: depths over the tracked zero of the last half-hour, one a minute.
        at: monotonic second of the newest.
    """

    mm: float = 0.0
    samples: tuple[float, ...] = ()
    at: float = 0.0

    def now(self, at: float) -> float:
        """How far at a moment: since the newest sample it fades."""
        if not self.mm:
            return 0.0
        return self.mm * min(max(1.0 - (at - self.at - MINUTE_S) / FADE_S, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Echo:
    """One level sensor.

    Attributes:
        at: monotonic second of the last reading.
        is_good: whether it was good.
        depth_mm: of the last good reading, over the tracked zero; None before it.
        good_at: monotonic second of it.
        step_mm: how far it rose from the good one before.
        is_leap: whether it rose by more than water can.
        is_fall: whether it fell by more than water can.
        is_object: whether suspect readings have come since the last good one.
        minute: what was read in the last minute: monotonic second and depth.
        slow: monotonic second and median of the minute before; None before the first.
        zero: the tracked zero.
        sag: by how much the day lowers it.
        wet_at: when it was last wet.
        trust: whether it is believed.
    """

    at: float = 0.0
    is_good: bool = False
    depth_mm: float | None = None
    good_at: float = 0.0
    step_mm: float = 0.0
    is_leap: bool = False
    is_fall: bool = False
    is_object: bool = False
    minute: tuple[tuple[float, float], ...] = ()
    slow: tuple[float, float] | None = None
    zero: Zero = Zero()
    sag: Sag = Sag()
    wet_at: float | None = None
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class Echoes:
    """All level sensors, and the witnesses.

    Attributes:
        of: by sensor's name.
        floats: float switches: whether each is wet, and since when it says so.
        air: the last air temperature: degC and monotonic seconds; None before one.
    """

    of: Mapping[str, Echo] = field(default_factory=dict)
    floats: Mapping[str, tuple[bool, float]] = field(default_factory=dict)
    air: tuple[float, float] | None = None

    def witness(self, name: str, depth_mm: float, at: float) -> str:
        """Name a float or another sensor that tells of water too; empty for none."""
        for other, (is_wet, _) in self.floats.items():
            if is_wet:
                return other
        for other, echo in self.of.items():
            is_other = other != name and echo.is_good and at - echo.at <= WITNESS_S
            if is_other and not echo.trust.is_strained and (echo.depth_mm or 0.0) >= depth_mm / 2:
                return other
        return ""


@dataclass(frozen=True, slots=True)
class Post:
    """A level sensor as installed.

    Attributes:
        mount_mm: its face over the zero.
        is_compensated: whether it corrects for the air's temperature.
        is_dry: whether it looks at ground that is dry but for floods, as no outfall does.
    """

    mount_mm: float
    is_compensated: bool
    is_dry: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Level sensors by name; and who tells the air's temperature or floats."""

    posts: Mapping[str, Post]
    beside: tuple[str, ...]


def plan(site: Site) -> Plan | None:
    """The level sensors of roads and outfalls, where there are any."""
    posts = {
        s.name: Post(
            s.traits.mount_height_mm or 0.0, s.traits.is_compensated, s.role is Role.ROADSIDE
        )
        for s in site.with_role(Role.ROADSIDE, Role.OUTFALL)
        if DEPTHS & set(s.traits.quantities)
    }
    if not posts:
        return None
    others = {Quantity.WET, Quantity.AIR_TEMP_DEGC}
    beside = tuple(
        s.name
        for s in site.with_role(Role.ROADSIDE, Role.OUTFALL)
        if s.name not in posts and others & set(s.traits.quantities)
    )
    return Plan(posts, beside)


def listens(known: Plan) -> tuple[str, ...]:
    """All of them."""
    return (*known.posts, *known.beside)


def start(known: Plan, now: float) -> Echoes:
    """Nothing has been heard."""
    del now
    return Echoes({name: Echo() for name in known.posts})


def step(known: Plan, seen: Echoes, now: Now) -> Echoes:
    """Take in one input."""
    if isinstance(now, Gap):
        return replace(seen, of={name: _after_gap(echo) for name, echo in seen.of.items()})
    if not isinstance(now, Reading):
        return seen
    if now.quantity in DEPTHS:
        post, echo = known.posts[now.sensor], seen.of.get(now.sensor, Echo())
        return Echoes(
            {**seen.of, now.sensor: _hear(post, echo, now, installed_mm(post, seen, now))},
            seen.floats,
            seen.air,
        )
    if now.quality.grade is Grade.BAD:
        return seen
    if now.quantity is Quantity.WET:
        return replace(seen, floats={**seen.floats, now.sensor: (bool(now.value), now.stamp.mono)})
    if now.quantity is Quantity.AIR_TEMP_DEGC:
        return replace(seen, air=(now.value, now.stamp.mono))
    return seen


def due(known: Plan, seen: Echoes) -> float | None:
    """Only readings tell."""
    del known, seen
    return None


def installed_mm(post: Post, seen: Echoes, now: Reading) -> float:
    """Depth over the zero as installed."""
    if now.quantity is Quantity.DEPTH_MM:
        return now.value
    distance = now.value
    if not post.is_compensated and seen.air is not None and now.stamp.mono - seen.air[1] <= FRESH_S:
        distance *= 1.0 + WARMTH * (seen.air[0] - WARM_DEGC)
    return post.mount_mm - distance


def _after_gap(echo: Echo) -> Echo:
    """Nobody knows how the water moved meanwhile."""
    trust = replace(echo.trust, bad_row=0, value=None)
    return replace(echo, depth_mm=None, minute=(), slow=None, is_object=False, trust=trust)


def _hear(post: Post, echo: Echo, now: Reading, installed: float) -> Echo:
    at, grade = now.stamp.mono, now.quality.grade
    if grade is Grade.BAD:
        trust = judge(count(echo.trust, at, is_bad=True, is_break=False), at)
        return replace(echo, at=at, is_good=False, trust=trust)
    over_zero = installed - echo.zero.counted_mm
    if not post.is_dry:
        trust = judge(count(echo.trust, at, is_bad=False, is_break=False), at)
        return replace(echo, at=at, is_good=True, depth_mm=installed, good_at=at, trust=trust)
    depth = over_zero - echo.sag.now(at)
    minute, slow, is_break = _minute(echo, depth, at)
    if grade is not Grade.GOOD:
        is_up = echo.depth_mm is None or depth > echo.depth_mm
        trust = _trust(echo, depth, now, is_leap=is_up, is_break=is_break)
        return replace(
            echo, at=at, is_good=False, is_object=True, minute=minute, slow=slow, trust=trust
        )
    passed = at - echo.good_at
    step_mm = 0.0 if echo.depth_mm is None else depth - echo.depth_mm
    is_leap = step_mm > LEAP_MM and (echo.is_object or step_mm > _fastest_mm(passed))
    trust = _trust(echo, depth, now, is_leap=is_leap, is_break=is_break)
    wet_at = at if depth >= OFF_MM else echo.wet_at
    zero = echo.zero
    sag = echo.sag
    if -OFF_MM < over_zero < DRY_MM and at - sag.at >= MINUTE_S - 1.0:
        sag = _sink(sag, over_zero, at)
    if abs(depth) < OFF_MM and trust.doubt is None:
        is_settled = wet_at is None or at - wet_at >= AFTER_WET_S
        zero = _follow(zero, installed, at) if is_settled else zero
    return Echo(
        at=at,
        is_good=True,
        depth_mm=depth,
        good_at=at,
        step_mm=step_mm,
        is_leap=is_leap,
        is_fall=-step_mm > FALL_MM and passed <= NEAR_S,
        minute=minute,
        slow=slow,
        zero=zero,
        sag=sag,
        wet_at=wet_at,
        trust=trust,
    )


def _fastest_mm(passed: float) -> float:
    """How far water can rise in so many seconds."""
    most = MOST_LEAP_MM if passed < LONG_S else LONG_LEAP_MM
    return min(max(LEAP_MM, LEAP_MM_S * passed), most)


def _minute(
    echo: Echo, depth: float, at: float
) -> tuple[tuple[tuple[float, float], ...], tuple[float, float] | None, bool]:
    """Take a depth into the last minute; compare the minute's median with the one before.

    A break is a rise or a fall that water cannot make. So a car that passes between two of many
    readings is none, and a second echo is two.
    """
    minute = (*[point for point in echo.minute if at - point[0] < MINUTE_S], (at, depth))
    if echo.slow is not None and at - echo.slow[0] < MINUTE_S:
        return minute, echo.slow, False
    middle = median([d for _, d in minute])
    if echo.slow is None:
        return minute, (at, middle), False
    passed, rise = at - echo.slow[0], middle - echo.slow[1]
    is_leap = rise > BREAK_MM and rise > _fastest_mm(passed)
    return minute, (at, middle), is_leap or (passed <= NEAR_S and -rise > FALL_MM)


def _trust(echo: Echo, depth: float, now: Reading, *, is_leap: bool, is_break: bool) -> Trust:
    at, was = now.stamp.mono, echo.trust
    is_off = abs(depth) >= OFF_MM
    if is_off:
        off_since = at if was.off_since is None else was.off_since
        crept = was.crept
        if was.off_since is None:
            crept = was.dry_at is not None and at - was.dry_at > CREPT_S and not is_leap
    else:
        off_since, crept = None, was.crept and abs(depth) >= DRY_MM
    leapt_at = was.leapt_at
    if is_leap and leapt_at is None and depth >= OFF_MM:
        leapt_at = at
    elif not is_off or (echo.is_object and not is_leap and now.quality.grade is Grade.GOOD):
        leapt_at = None  # dry again, or back where the water was before something passed
    is_same = was.value == now.value
    hours, broken = tally(was, at, is_bad=False, is_break=is_break)
    trust = Trust(
        hours=hours,
        broken=broken,
        bad_row=0,
        bad_since=was.bad_since,
        value=now.value,
        same_since=was.same_since if is_same else at,
        off_since=off_since,
        on_since=None if is_off else (at if was.on_since is None else was.on_since),
        dry_at=at if abs(depth) < DRY_MM or was.dry_at is None else was.dry_at,
        crept=crept,
        leapt_at=leapt_at,
        doubt=was.doubt,
    )
    return judge(trust, at)


def _sink(sag: Sag, over_zero: float, at: float) -> Sag:
    samples = (*(sag.samples[1 - SAGS :] if at - sag.at <= SAG_S else ()), over_zero)
    mm = min(0.0, max(median(samples), -MOST_SAG_MM)) if len(samples) >= FEWEST_SAGS else sag.mm
    return Sag(mm, samples, at)


def _follow(zero: Zero, installed: float, at: float) -> Zero:
    """Let the zero follow dry ground, an hour's median at a time."""
    if not zero.samples:
        return replace(zero, samples=(installed,), hour=at)
    if at - zero.hour < HOUR_S:
        if len(zero.samples) >= SAMPLES or at - zero.hour < HOUR_S / SAMPLES * len(zero.samples):
            return zero
        return Zero(zero.mm, (*zero.samples, installed), zero.hour, zero.medians)
    medians = (*zero.medians, median(zero.samples))[-HOURLY:]
    mm = zero.mm
    if len(medians) == HOURLY:
        most = MOST_MM_DAY / 24
        mm += min(max(median(medians) - mm, -most), most)
        mm = min(max(mm, -MOST_MM), MOST_MM)
    return Zero(mm, (installed,), at, medians)


PERCEPTION = Perception(
    state=Echoes,
    plan=plan,
    listens=listens,
    start=start,
    step=step,
    due=due,
    unlearn=lambda seen: seen,
)

__all__ = ["DEPTHS", "DRY_MM", "PERCEPTION", "Doubt", "Echo", "Echoes"]
