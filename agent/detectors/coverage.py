"""Too few sensors that can be believed to see the resident.

Protects everybody who relies on the quiet of a home: it may be quiet because nobody sees. Concludes
`monitoring.degraded` (yellow) as soon as a sensor may be blind, no believed sensor is left in the
bedroom, or fewer than half of the rooms have one. It ends when that ends.

Deliberately keeps silent about a single room less, other than the bedroom, whose sensor is reported
as faulty by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.levels import MOVES, Doubt
from agent.detectors.presence import ROOMS, Home, plan
from agent.events import Finding, Kind, WarningLevel
from agent.site import Role, Site


@dataclass(frozen=True, slots=True)
class Config:
    """No limits of its own."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class State:
    """What is told: the sensors that are not believed; empty for nothing."""

    told: tuple[str, ...] = ()


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where a room has a sensor that sees people move."""
    known = plan(site)
    return {} if known is None else {"home": tuple(known.roles)}


def start(setup: Setup[Config], now: float) -> State:
    """All is believed."""
    del setup, now
    return State()


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    """Compare what is believed with what is needed."""
    if not seen.doubts and not state.told:
        return state, ()
    doubted = tuple(sorted(seen.doubts))
    reason, dark = _reason(setup.site, seen)
    told = doubted if reason else ()
    if told == state.told:
        return state, ()
    at = now.stamp.mono
    if not reason:
        return State(), (Finding(Kind.DEGRADED, setup.subject, None, at),)
    evidence = {
        "reason": reason,
        "doubts": {name: doubt.value for name, doubt in sorted(seen.doubts.items())},
        "rooms": dark,
    }
    return State(told), (
        Finding(
            Kind.DEGRADED, setup.subject, WarningLevel.YELLOW, at, sensors=doubted,
            evidence=evidence,
        ),
    )  # fmt: skip


def due(setup: Setup[Config], state: State, seen: Home) -> float | None:
    """Nothing passes with time alone."""
    del setup, state, seen
    return None


def _reason(site: Site, seen: Home) -> tuple[str, list[str]]:
    """Why too little is seen, empty if it is enough; and the rooms in which nothing is."""
    rooms: dict[Role, bool] = {}
    for sensor in site.with_role(*ROOMS):
        if MOVES & set(sensor.traits.quantities):
            rooms[sensor.role] = rooms.get(sensor.role, False) or sensor.name not in seen.doubts
    dark = [role for role, is_seen in rooms.items() if not is_seen]
    names = [role.value for role in dark]
    if Doubt.BLIND in seen.doubts.values():
        return "blind", names
    if Role.BEDROOM in dark or 2 * len(dark) > len(rooms):
        return "dark", names
    return "", names


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence"
)
