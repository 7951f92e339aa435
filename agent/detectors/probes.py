"""What each channel of a water-quality probe usually is, and whether it can be believed.

What the detectors of pollution see alike. A channel's usual value is the median of its last hour,
of twelve readings at least; how far it strays from that, 19 times of 20, is followed for a day
(Robbins and Monro's stochastic approximation of a quantile, Ann. Math. Stat. 22, 1951), since what
a river does by day and night is no bell curve. Limits that are learned in one season fail in the
next; these roll along. While the water is unusual they stand still, for eight hours at most.

| doubt | a channel is not believed                                                       |
|-------|---------------------------------------------------------------------------------|
| range | two readings, over ten minutes, that the part or fresh water cannot give         |
| code  | ... that are an error code of usual probes, such as -9999 or 7999                |
| air   | ... conductivity below 5 uS/cm: the probe hangs in the air, or tells mS for uS   |
| stuck | the same to the last digit for 6 h                                              |

It is believed again after three good readings over half an hour. A probe in the air is not believed
in any channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import median

from agent.detectors import Now, Perception
from agent.events import Gap
from agent.site import Role, Site
from drivers.reading import Grade, Quantity, Reading

# Beyond these it is no water, whatever the part can show: SENSORS.md's ranges of fresh and waste
# water; 5 uS/cm is below rain.
WATER: Mapping[Quantity, tuple[float, float]] = {
    Quantity.WATER_TEMP_DEGC: (-2.0, 45.0),
    Quantity.CONDUCTIVITY_US_CM: (5.0, 100_000.0),
    Quantity.PH: (1.0, 13.5),
    Quantity.DISSOLVED_OXYGEN_MG_L: (0.0, 25.0),
    Quantity.TURBIDITY_NTU: (0.0, 4000.0),
    Quantity.AMMONIA_N_MG_L: (0.0, 1000.0),
    Quantity.ORP_MV: (-1500.0, 1500.0),
    Quantity.COD_MG_L: (0.0, 20_000.0),
    Quantity.CHLORINE_MG_L: (0.0, 20.0),
}
LEVELS = frozenset({Quantity.DISTANCE_MM, Quantity.DEPTH_MM})
CODES = frozenset({-9999.0, -999.0, 7999.0, 9999.0, 99999.0})
STUCK_S: Mapping[Quantity, float] = {
    Quantity.WATER_TEMP_DEGC: 6 * 3600.0,
    Quantity.CONDUCTIVITY_US_CM: 6 * 3600.0,
    Quantity.PH: 6 * 3600.0,
    Quantity.DISSOLVED_OXYGEN_MG_L: 6 * 3600.0,
    Quantity.ORP_MV: 6 * 3600.0,
    Quantity.TURBIDITY_NTU: 12 * 3600.0,  # clear water shows 0.0 for long
}
# The least stray that counts: below it lies what parts resolve.
LEAST: Mapping[Quantity, float] = {
    Quantity.WATER_TEMP_DEGC: 0.1,
    Quantity.CONDUCTIVITY_US_CM: 1.0,
    Quantity.PH: 0.02,
    Quantity.DISSOLVED_OXYGEN_MG_L: 0.05,
    Quantity.TURBIDITY_NTU: 0.001,
    Quantity.AMMONIA_N_MG_L: 0.02,
    Quantity.ORP_MV: 1.0,
    Quantity.COD_MG_L: 1.0,
    Quantity.CHLORINE_MG_L: 0.005,
    Quantity.DEPTH_MM: 5.0,
}
USUAL_S, USUAL_LEAST, USUAL_MOST = 3600.0, 12, 60
QUANTILE, TO_SIGMA = 0.95, 1 / 1.96  # of a normal distribution
FROM_MEDIAN = 1.4826 * 1.96
FOLLOW_S = 86400.0
FROZEN_S = 8 * 3600.0
UNUSUAL = 4.0  # strays; beyond it a reading is not learned
BAD_READINGS, BAD_S = 2, 600.0
GOOD_READINGS, GOOD_S = 3, 1800.0


class Doubt(StrEnum):
    """Why a channel is not believed."""

    RANGE = "range"
    CODE = "code"
    AIR = "air"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of one probe.

    Attributes:
        value: of the last believable reading; None before it.
        at: monotonic second of that reading.
        z: how many strays it lies from what is usual; 0 before that is known.
        usual: the median that it was compared with; None before it is known.
        recent: values that `usual` follows from, with their monotonic seconds, the newest last.
        step: how far it has moved since the reading before.
        stray: the distance from it that 19 of 20 readings keep.
        known: how many readings have been learned, up to 1000.
        unusual_since: monotonic second since when nothing is learned; None while it is.
        raw: the last value as it came.
        same_since: monotonic second since when it is the same.
        bad: readings in a row that are none of water, and why, and since when.
        good: believable readings in a row since, and since when.
        doubt: why it is not believed; None while it is.
    """

    value: float | None = None
    at: float = 0.0
    z: float = 0.0
    usual: float | None = None
    recent: tuple[tuple[float, float], ...] = ()
    step: float = 0.0
    stray: float = 0.0
    known: int = 0
    unusual_since: float | None = None
    raw: float | None = None
    same_since: float = 0.0
    bad: int = 0
    bad_why: str = ""
    bad_since: float = 0.0
    good: int = 0
    good_since: float = 0.0
    doubt: Doubt | None = None

    @property
    def sigma(self) -> float:
        """The stray as a standard deviation."""
        return TO_SIGMA * self.stray


@dataclass(frozen=True, slots=True)
class Probes:
    """All channels, by `sensor/quantity`; a water level as `sensor/depth_mm`, over any zero."""

    of: Mapping[str, Channel] = field(default_factory=dict)

    def channel(self, sensor: str, quantity: Quantity) -> Channel:
        """One of them."""
        return self.of.get(f"{sensor}/{quantity.value}", Channel())


@dataclass(frozen=True, slots=True)
class Plan:
    """Names of the probes, and of the outfall's level sensors."""

    probes: tuple[str, ...]
    levels: tuple[str, ...]


def plan(site: Site) -> Plan | None:
    """The probes of outfalls, where there are any."""
    probes = tuple(
        s.name for s in site.with_role(Role.OUTFALL) if WATER.keys() & set(s.traits.quantities)
    )
    levels = tuple(
        s.name for s in site.with_role(Role.OUTFALL) if LEVELS & set(s.traits.quantities)
    )
    return Plan(probes, levels) if probes else None


def listens(known: Plan) -> tuple[str, ...]:
    """All of them."""
    return (*known.probes, *(name for name in known.levels if name not in known.probes))


def start(known: Plan, now: float) -> Probes:
    """Nothing has been measured."""
    del known, now
    return Probes()


def step(known: Plan, seen: Probes, now: Now) -> Probes:
    """Take in one input."""
    del known
    if isinstance(now, Gap):
        return Probes({name: replace(c, bad=0, good=0, raw=None) for name, c in seen.of.items()})
    if not isinstance(now, Reading):
        return seen
    if now.quantity in LEVELS:
        return _level(seen, now)
    if now.quantity not in WATER:
        return seen
    name = f"{now.sensor}/{now.quantity.value}"
    return Probes({**seen.of, name: hear(seen.of.get(name, Channel()), now)})


def _level(seen: Probes, now: Reading) -> Probes:
    """A rise counts; from which zero does not."""
    if now.quality.grade is Grade.BAD:
        return seen
    up = -now.value if now.quantity is Quantity.DISTANCE_MM else now.value
    name = f"{now.sensor}/{Quantity.DEPTH_MM.value}"
    was = seen.of.get(name, Channel())
    return Probes({**seen.of, name: _learn(was, Quantity.DEPTH_MM, up, now.stamp.mono)})


def due(known: Plan, seen: Probes) -> float | None:
    """Only readings tell."""
    del known, seen
    return None


def hear(was: Channel, now: Reading) -> Channel:
    """Take in a reading of a channel."""
    at, value = now.stamp.mono, now.value
    why = _wrong(now)
    same_since = was.same_since if value == was.raw else at
    stuck_s = STUCK_S.get(now.quantity)
    is_stuck = stuck_s is not None and at - same_since >= stuck_s
    bad = was.bad + 1 if why else 0
    bad_since = at if bad == 1 else was.bad_since
    good = 0 if why or is_stuck else min(was.good + 1, GOOD_READINGS)
    good_since = at if good == 1 and was.good == 0 else was.good_since
    doubt = was.doubt
    if why and bad >= BAD_READINGS and at - bad_since >= BAD_S:
        doubt = Doubt(why)
    elif is_stuck:
        doubt = Doubt.STUCK
    elif doubt is not None and good >= GOOD_READINGS and at - good_since >= GOOD_S:
        doubt = None
    heard = Channel(
        was.value, was.at, was.z, was.usual, was.recent, was.step, was.stray, was.known,
        was.unusual_since,
        value, same_since, bad, why, bad_since, good, good_since, doubt,
    )  # fmt: skip
    if why or doubt is not None:
        return heard
    return _learn(heard, now.quantity, value, at)


def _wrong(now: Reading) -> str:
    if now.value in CODES:
        return Doubt.CODE
    low, high = WATER[now.quantity]
    if now.quality.grade is Grade.BAD or not low <= now.value <= high:
        is_air = now.quantity is Quantity.CONDUCTIVITY_US_CM and 0 <= now.value < low
        return Doubt.AIR if is_air else Doubt.RANGE
    return ""


def _learn(was: Channel, quantity: Quantity, value: float, at: float) -> Channel:
    """Compare a value with what is usual, and let that follow it, unless it is unusual."""
    recent = was.recent
    if was.value is not None:
        was = replace(was, step=value - was.value)
    if len(recent) < USUAL_LEAST:
        return replace(was, value=value, at=at, recent=(*recent, (at, value)))
    usual = (
        was.usual if was.unusual_since is not None and was.usual is not None else _middle(recent)
    )
    distance = abs(value - usual)
    least = LEAST[quantity] / TO_SIGMA
    stray = was.stray or max(FROM_MEDIAN * median(abs(v - usual) for _, v in recent), least)
    z = (value - usual) / (TO_SIGMA * max(stray, least))
    since = was.unusual_since
    if abs(z) >= UNUSUAL and (since is None or at - since < FROZEN_S):
        since = at if since is None else since
        return replace(was, value=value, at=at, z=z, usual=usual, stray=stray, unusual_since=since)
    gain = min(max(at - was.at, 0.0) / FOLLOW_S, 0.1) * 4.0
    share = QUANTILE if distance > stray else QUANTILE - 1.0
    stray = max(stray * (1.0 + gain * share), least)
    kept = (*recent, (at, value))[-USUAL_MOST:]
    first = next((n for n, (t, _) in enumerate(kept) if at - t <= USUAL_S), len(kept))
    kept = kept[min(first, len(kept) - USUAL_LEAST) :]
    return replace(
        was, value=value, at=at, z=z, usual=usual, recent=kept, stray=stray,
        known=min(was.known + 1, 1000), unusual_since=None,
    )  # fmt: skip


def _middle(recent: tuple[tuple[float, float], ...]) -> float:
    return median(value for _, value in recent)


PERCEPTION = Perception(
    state=Probes, plan=plan, listens=listens, start=start, step=step, due=due,
    unlearn=lambda seen: seen,
)  # fmt: skip
