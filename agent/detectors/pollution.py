"""Polluted water at an outfall, and where it likely comes from.

Protects the river, and who has to find the polluter while he still discharges. Concludes
`outfall.pollution` from each probe by itself, beside the outfall's level sensor, after each sweep
of its channels:

| two sweeps in a row, three within two minutes of each other                | level            |
|----------------------------------------------------------------------------|------------------|
| the signature of a source (signature.py)                                   | yellow           |
| ... with water as black-odorous water of the heavy kind, or pH below 5 or  | orange           |
| above 10                                                                   |                  |
| the signature of storm runoff                                              | blue             |
| outside the limits of the configured class or grade, 3 of 5 sweeps         | yellow           |

It ends when three sweeps in a row, over ten minutes at least, have no such signature. The likely
source may become clearer while it lasts: then it is told again.

Deliberately keeps silent in maintenance windows, in which it neither begins nor ends anything;
about a single channel that is off by itself; and about channels that are not believed
(bad_probe.py tells of them). Where a second probe stands
upstream, the event says whether it sees the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.probes import LEVELS, WATER, Probes
from agent.detectors.signature import (
    Change,
    Changes,
    Source,
    change_of,
    is_sudden,
    joint_of,
    signs,
    source_of,
)
from agent.detectors.standards import (
    Discharge,
    Grade,
    Limit,
    Limits,
    WaterClass,
    class_of,
    exceeded,
    grade_of,
    limits,
)
from agent.events import Finding, Gap, Kind, WarningLevel
from agent.site import Role, Site
from drivers.reading import Quantity, Reading

FAST_S = 120.0
SWEEPS, FAST_SWEEPS = 2, 3
WELL, WELL_S = 3, 600.0
HALF = 0.5  # of what an unknown change has to reach it must keep, to go on
KNOWN = 24  # readings of a channel before its change counts
STALE_S = 3600.0
OF = 5
OVER = 3
DEADLY_PH = (5.0, 10.0)
RANK = {source: n for n, source in enumerate(reversed(Source))}


@dataclass(frozen=True, slots=True)
class Config:
    """What this outfall may do.

    Attributes:
        water_class: GB 3838-2002 class that the water is to keep, I to V; empty = none set.
        discharge: standard and grade of the outfall, such as GB18918-1A; empty = none set.
        upstream: name of a probe above the outfall; empty = none.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    water_class: Literal["", "I", "II", "III", "IV", "V"] = ""
    discharge: Literal[
        "", "GB18918-1A", "GB18918-1B", "GB18918-2", "GB18918-3", "GB8978-1", "GB8978-2", "GB8978-3"
    ] = ""
    upstream: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one probe.

    Attributes:
        swept: monotonic second of the last sweep that was judged; None before it.
        pending: monotonic second of the sweep whose channels are coming in.
        row: sweeps in a row with a source, and since when.
        well: sweeps in a row without one, and since when.
        over: of the last five sweeps, whether each was outside the limits.
        level: what is told; 0 for nothing.
        source: the likely source that is told.
        onset: monotonic second of the first sweep with it.
    """

    swept: float | None = None
    pending: float | None = None
    row: int = 0
    row_since: float = 0.0
    well: int = 0
    well_since: float = 0.0
    over: tuple[bool, ...] = ()
    level: int = 0
    source: str = ""
    onset: float = 0.0


Judged = tuple[State, tuple[Conclusion, ...]]


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each probe, with the outfall's level sensors."""
    levels = tuple(
        s.name for s in site.with_role(Role.OUTFALL) if LEVELS & set(s.traits.quantities)
    )
    probes = [s for s in site.with_role(Role.OUTFALL) if WATER.keys() & set(s.traits.quantities)]
    return {s.name: (s.name, *(n for n in levels if n != s.name)) for s in probes}


def start(setup: Setup[Config], now: float) -> State:
    """Nothing is known."""
    del setup, now
    return State()


def step(setup: Setup[Config], state: State, now: Now, seen: Probes) -> Judged:
    """Judge a sweep once its last channel is in, or the next one has begun."""
    if isinstance(now, Gap):
        return replace(state, row=0, well=0, pending=None), ()
    if not isinstance(now, Reading) or now.sensor != setup.subject or now.quantity not in WATER:
        return state, ()
    if setup.site.is_maintained(now.stamp.wall):
        return replace(state, row=0, well=0, pending=None), ()
    at = now.stamp.mono
    if now.quantity is not _last(setup):
        return (state if state.pending == at else replace(state, pending=at)), ()
    return _judge(setup, replace(state, pending=None), now, seen)


def due(setup: Setup[Config], state: State, seen: Probes) -> float | None:
    """Only readings decide."""
    del setup, state, seen
    return None


def _last(setup: Setup[Config]) -> Quantity:
    """The channel that ends a sweep."""
    return [q for q in setup.sensor.traits.quantities if q in WATER][-1]


def _judge(setup: Setup[Config], state: State, now: Reading, seen: Probes) -> Judged:
    at = now.stamp.mono
    pace = FAST_S if state.swept is None else at - state.swept
    state = replace(state, swept=at)
    changes = changes_of(setup.site, setup.subject, seen, at)
    marks = signs(changes)
    source = source_of(marks, _joint(state, changes, pace))
    outside = _outside(setup.limits, changes)
    state = replace(state, over=(*state.over, bool(outside))[-OF:])
    is_over = sum(state.over) >= OVER
    if source is None and not is_over:
        return _well(setup, state, now)
    row = state.row + 1
    since = at if state.row == 0 else state.row_since
    state = replace(state, row=row, row_since=since, well=0)
    enough = FAST_SWEEPS if pace < FAST_S else SWEEPS
    if row < enough and not is_over:
        return state, ()
    name = source if source is not None else Source(state.source or Source.UNKNOWN)
    level = _level(name, changes, is_over=is_over)
    if state.level and RANK[name] < RANK[Source(state.source)]:
        name = Source(state.source)  # while it ebbs, one sign after the other goes
    if level <= state.level and name == state.source:
        return state, ()
    onset = state.onset if state.level else since
    state = replace(state, level=int(max(level, state.level)), source=str(name), onset=onset)
    finding = _finding(setup, state, changes, seen, outside)
    return state, (finding,)


def _joint(state: State, changes: Changes, pace: float) -> float:
    """How far several channels are off together, where that came in one step and may be told.

    A probe that is read more seldom sees a gust of rain, or a wiper, as a step as well.
    """
    if pace > FAST_S:
        return 0.0
    if state.row or state.source == Source.UNKNOWN:
        return joint_of(changes) / HALF
    return joint_of(changes) if is_sudden(changes) else 0.0


def _well(setup: Setup[Config], state: State, now: Reading) -> Judged:
    at = now.stamp.mono
    well = state.well + 1
    since = at if state.well == 0 else state.well_since
    state = replace(state, row=0, well=well, well_since=since)
    if not state.level or well < WELL or at - since < min(WELL_S, WELL * 60.0):
        return state, ()
    cleared = Finding(
        Kind.POLLUTION, setup.subject, None, state.onset, sensors=(setup.subject,),
        evidence={"reason": "well", "source": state.source, "for_s": round(at - since)},
    )  # fmt: skip
    return replace(state, level=0, source=""), (cleared,)


def changes_of(site: Site, probe: str, seen: Probes, at: float) -> Changes:
    """How each channel of a probe, and the outfall's level, has changed."""
    found: dict[Quantity, Change] = {}
    for quantity in site.sensors[probe].traits.quantities:
        if quantity not in WATER:
            continue
        channel = seen.channel(probe, quantity)
        change = change_of(channel)
        if change is not None and channel.known >= KNOWN and at - channel.at <= STALE_S:
            found[quantity] = change
    if any(seen.channel(probe, q).doubt == "air" for q in site.sensors[probe].traits.quantities):
        return {}
    for sensor in site.with_role(Role.OUTFALL):
        if LEVELS & set(sensor.traits.quantities):
            level = seen.channel(sensor.name, Quantity.DEPTH_MM)
            change = change_of(level)
            if change is not None and at - level.at <= STALE_S:
                found[Quantity.DEPTH_MM] = change
    return found


def _outside(config: Config, changes: Changes) -> Limits:
    """The limits that are configured and not kept to."""
    values = _values(changes)
    found: dict[Quantity, Limit] = {}
    if config.water_class:
        found |= exceeded(limits(WaterClass(config.water_class)), values)
    if config.discharge:
        warmth = values.get(Quantity.WATER_TEMP_DEGC)
        found |= exceeded(limits(Discharge(config.discharge), warmth), values)
    return found


def _values(changes: Changes) -> dict[Quantity, float]:
    return {quantity: change.value for quantity, change in changes.items()}


def _level(source: Source, changes: Changes, *, is_over: bool) -> WarningLevel:
    if source is Source.STORM and not is_over:
        return WarningLevel.BLUE
    values = _values(changes)
    ph = values.get(Quantity.PH, 7.0)
    is_deadly = not DEADLY_PH[0] <= ph <= DEADLY_PH[1]
    is_grave = source is not Source.UNKNOWN and grade_of(values) is Grade.HEAVY
    return WarningLevel.ORANGE if is_deadly or is_grave else WarningLevel.YELLOW


def _finding(
    setup: Setup[Config], state: State, changes: Changes, seen: Probes, outside: Limits
) -> Finding:
    at = state.swept or 0.0
    marks = signs(changes)
    upstream = _upstream(setup, marks, seen, at)
    values = _values(changes)
    grade, best = grade_of(values), class_of(values)
    rated = grade or best
    worst = max(changes.items(), key=lambda item: abs(item[1].z), default=None)
    why = [
        *marks,
        *(["absolute"] if outside else []),
        *(["upstream"] if upstream == "clean" else []),
    ]
    evidence: dict[str, Any] = {
        "reason": "change" if marks or not outside else "limit",
        "source": state.source,
        "why": why,
        "channels": {q.value: [round(c.value, 3), round(c.usual, 3)] for q, c in changes.items()},
        "strays": {q.value: round(c.z, 1) for q, c in changes.items()},
        "joint": round(joint_of(changes), 1),
        "outside": {q.value: [limit.low, limit.high] for q, limit in outside.items()},
        "class": "" if rated is None else rated.value,
        "for_s": round(at - state.row_since),
        "upstream": upstream,
    }
    return Finding(
        Kind.POLLUTION,
        setup.subject,
        WarningLevel(state.level),
        state.onset,
        sensors=(setup.subject,),
        value=None if worst is None else (worst[0], round(worst[1].value, 3)),
        evidence=evidence,
    )


def _upstream(setup: Setup[Config], marks: tuple[str, ...], seen: Probes, at: float) -> str:
    """Whether the probe upstream sees the same: same, clean, or empty where there is none."""
    name = setup.limits.upstream
    if name not in setup.site.sensors or name == setup.subject:
        return ""
    above = signs(changes_of(setup.site, name, seen, at))
    return "same" if set(above) & set(marks) else "clean"


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="probes"
)
