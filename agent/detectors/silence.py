"""A sensor that stopped talking.

Protects everybody who relies on a sensor: its silence must never be taken for calm. Concludes
`sensor.fault` (yellow) and its end from what the driver's thread reports and from its own pace: a
sensor that measures is silent after thirty times its longest recent pause, at least a minute and at
most what its driver calls normal.

Keeps silent about a two-state sensor of which only changes have ever been seen (a recording of
edges, say): a quiet door is no dead door. Once it has repeated its level three times in a row, at
the pace at which drivers re-emit levels, it is known to do so, and then the repeats must go on.
After a gap in which the agent did not run, every sensor gets its whole time again.

In a home it also tells of motion sensors that talk without meaning anything: stuck at 1, or
chattering (presence.py says when). What they say is no proof of life meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.levels import Doubt
from agent.detectors.presence import Home
from agent.events import Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Site
from drivers.reading import TWO_STATE, Reading, SensorState, SensorStatus

REPEATS = 3
SHORTEST_S = 60.0
ENOUGH = 10  # pauses before a pace is trusted
PAUSES = 30.0
IDLES = 3.0  # pauses that a driver makes on purpose
DECAY = 0.98  # so the longest pause of the last hundred readings or so counts
FASTEST_S = 5.0  # what repeats faster is a sensor that triggers again, not a level re-emitted


@dataclass(frozen=True, slots=True)
class Config:
    """No limits of its own: each driver says what pause is normal."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one sensor.

    Attributes:
        heard: monotonic seconds of the last sign of life.
        value: its last value.
        lead: monotonic seconds of the last reading of its first quantity.
        pause_s: the longest recent pause between two of those.
        pauses: how many pauses there have been, up to 10.
        repeats: how often in a row a two-state sensor re-emitted its level; 3 stays.
        reason: why it is called faulty; empty while it is well.
        onset: monotonic seconds since when it is faulty.
    """

    heard: float
    value: float | None = None
    lead: float | None = None
    pause_s: float = 0.0
    pauses: int = 0
    repeats: int = 0
    reason: str = ""
    onset: float = 0.0


TOLD_BY_PRESENCE = frozenset({Doubt.STUCK, Doubt.CHATTER})


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each sensor by itself."""
    return {name: (name,) for name in site.sensors}


def start(setup: Setup[Config], now: float) -> State:
    """Count from now."""
    del setup
    return State(now)


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home | None
) -> tuple[State, tuple[Conclusion, ...]]:
    """Any reading is a sign of life, whatever its quality, but not of sense."""
    at = now.stamp.mono
    doubt = None if seen is None else seen.doubts.get(setup.subject)
    is_doubted = doubt in TOLD_BY_PRESENCE
    match now:
        case Reading():
            well = State(at, now.value, *_pace(setup, state, now), _repeats(setup, state, now))
            if is_doubted and doubt is not None:
                well = replace(well, reason=state.reason, onset=state.onset)
                return _fault(setup, well, doubt.value, at, cause="")
            if not state.reason:
                return well, ()
            return well, (Finding(Kind.SENSOR_FAULT, setup.subject, None, state.onset),)
        case SensorState(status=SensorStatus.LOST | SensorStatus.SILENT):
            return _fault(setup, state, now.status.value, at, cause=now.reason)
        case Gap():
            return replace(state, heard=at, lead=None), ()
        case Tick() if is_doubted and doubt is not None:
            return _fault(setup, state, doubt.value, at, cause="")
        case Tick() if not state.reason and _is_overdue(setup, state, at):
            return _fault(setup, state, "silent", at, cause="")
    return state, ()


def due(setup: Setup[Config], state: State, seen: Home | None) -> float | None:
    """When its silence is too long."""
    del seen
    if state.reason:
        return None
    limit_s = _limit_s(setup, state)
    return None if limit_s is None else state.heard + limit_s


def _is_overdue(setup: Setup[Config], state: State, at: float) -> bool:
    limit_s = _limit_s(setup, state)
    return limit_s is not None and at >= state.heard + limit_s


def _limit_s(setup: Setup[Config], state: State) -> float | None:
    """Longest silence that is still normal; None where any is."""
    longest = setup.sensor.traits.silent_after_s
    if longest is None or not TWO_STATE.isdisjoint(setup.sensor.traits.quantities):
        return longest if state.repeats >= REPEATS else None
    if state.pauses < ENOUGH:
        return longest
    # A level sensor pauses for longer on purpose, once its road is calm again.
    idle_s = IDLES * setup.sensor.traits.idle_s
    return min(longest, max(SHORTEST_S, PAUSES * state.pause_s, idle_s))


def _pace(setup: Setup[Config], state: State, now: Reading) -> tuple[float | None, float, int]:
    """Follow the pauses of the first quantity; the others of a probe come along with it."""
    at = now.stamp.mono
    if now.quantity is not setup.sensor.traits.quantities[0]:
        return state.lead, state.pause_s, state.pauses
    if state.lead is None or state.reason == SensorStatus.LOST:
        return at, state.pause_s, state.pauses
    pause_s = max(at - state.lead, DECAY * state.pause_s)
    return at, pause_s, min(state.pauses + 1, ENOUGH)


def _repeats(setup: Setup[Config], state: State, now: Reading) -> int:
    if state.repeats >= REPEATS or now.quantity not in TWO_STATE:
        return state.repeats
    pause = now.stamp.mono - state.heard
    longest = setup.sensor.traits.silent_after_s or 0.0
    is_repeat = now.value == state.value and FASTEST_S <= pause <= longest
    return state.repeats + 1 if is_repeat else 0


def _fault(
    setup: Setup[Config], state: State, reason: str, at: float, cause: str
) -> tuple[State, tuple[Conclusion, ...]]:
    if state.reason:  # told already; what further attempts fail of is no news
        return state, ()
    limit_s = _limit_s(setup, state)
    is_learned = limit_s != setup.sensor.traits.silent_after_s and limit_s is not None
    evidence = {
        "reason": reason,
        "cause": cause,
        "for_s": round(at - state.heard),
        "limit": limit_s,
        "unit": "s",
        "limit_source": "learned" if is_learned else "default",
    }
    return replace(state, reason=reason, onset=at), (
        Finding(
            Kind.SENSOR_FAULT,
            setup.subject,
            WarningLevel.YELLOW,
            at,
            sensors=(setup.subject,),
            evidence=evidence,
        ),
    )


def unlearn(state: State) -> State:
    """The state of the moment; how long a sensor pauses tells of who lives beside it."""
    return replace(state, lead=None, pause_s=0.0, pauses=0)


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence",
    unlearn=unlearn,
)  # fmt: skip
