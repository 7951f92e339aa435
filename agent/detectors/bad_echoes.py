"""A level sensor whose readings make no sense.

Protects whoever relies on a dry road being dry: a sensor that sees a branch, a parked car or
nothing at all warns of nothing. Concludes `sensor.fault` (yellow) and its end, for the reasons in
believed.py: no echo, unsteady, stuck, drift, blocked. Its subject is the sensor's readings; that
the sensor has fallen silent is told by silence.py, of the sensor itself.

Deliberately keeps silent about single leaps and falls: a car that stops for a moment is none of the
sensor's fault, and a passing one is told by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.echoes import DEPTHS, Echo, Echoes
from agent.events import Finding, Kind, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

READINGS = "/readings"


@dataclass(frozen=True, slots=True)
class Config:
    """No limits of its own: believed.py has them, with their sources."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class State:
    """What is told; empty for nothing."""

    told: str = ""
    onset: float = 0.0


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The readings of each level sensor."""
    return {
        f"{s.name}{READINGS}": (s.name,)
        for s in site.with_role(Role.ROADSIDE, Role.OUTFALL)
        if DEPTHS & set(s.traits.quantities)
    }


def start(setup: Setup[Config], now: float) -> State:
    """All is believed."""
    del setup, now
    return State()


def step(
    setup: Setup[Config], state: State, now: Now, seen: Echoes
) -> tuple[State, tuple[Conclusion, ...]]:
    """Compare what is doubted with what is told."""
    if not isinstance(now, Reading):
        return state, ()
    name = setup.subject.removesuffix(READINGS)
    echo = seen.of[name]
    doubt = echo.trust.doubt
    reason = "" if doubt is None else doubt.value
    if reason == state.told:
        return state, ()
    at = now.stamp.mono
    if not reason:
        gone = Finding(Kind.SENSOR_FAULT, setup.subject, None, state.onset, sensors=(name,))
        return State(), (gone,)
    onset = state.onset if state.told else at
    return State(reason, onset), (_finding(setup, name, echo, reason, now),)


def due(setup: Setup[Config], state: State, seen: Echoes) -> float | None:
    """Only readings tell."""
    del setup, state, seen
    return None


def _finding(setup: Setup[Config], name: str, echo: Echo, reason: str, now: Reading) -> Finding:
    trust = echo.trust
    recent = trust.hours[-2:]
    return Finding(
        Kind.SENSOR_FAULT,
        setup.subject,
        WarningLevel.YELLOW,
        now.stamp.mono,
        sensors=(name,),
        evidence={
            "reason": reason,
            "cause": "",
            "for_s": 0,
            "breaks_24h": trust.broken,
            "readings_2h": sum(hour.count for hour in recent),
            "bad_2h": sum(hour.bad for hour in recent),
            "depth_mm": None if echo.depth_mm is None else round(echo.depth_mm),
            "zero_mm": round(echo.zero.mm, 1),
            "raw": {now.quantity.value: now.value},
        },
    )


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="echoes"
)
