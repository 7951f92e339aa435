"""A water-quality probe whose readings make no sense.

Protects whoever relies on clean water being clean: a probe that is fouled, stuck or hangs in the
air tells of nothing. Concludes `sensor.fault` (yellow) and its end, for the reasons in probes.py,
and names the channels. Its subject is the probe's readings; that it has fallen silent is told by
silence.py, of the probe itself.

Deliberately keeps silent about single wrong readings; in maintenance windows, when it hangs in the
air or in a solution; and about a drift: no probe can know its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.probes import WATER, Probes
from agent.events import Finding, Kind, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

READINGS = "/readings"


@dataclass(frozen=True, slots=True)
class Config:
    """No limits of its own: probes.py has them, with their sources."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, slots=True)
class State:
    """What is told: channels and why; empty for nothing."""

    told: Mapping[str, str]
    onset: float = 0.0


NOTHING = State({})


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The readings of each probe."""
    return {
        f"{s.name}{READINGS}": (s.name,)
        for s in site.with_role(Role.OUTFALL)
        if WATER.keys() & set(s.traits.quantities)
    }


def start(setup: Setup[Config], now: float) -> State:
    """All is believed."""
    del setup, now
    return NOTHING


def step(
    setup: Setup[Config], state: State, now: Now, seen: Probes
) -> tuple[State, tuple[Conclusion, ...]]:
    """Compare what is doubted with what is told."""
    if not isinstance(now, Reading) or setup.site.is_maintained(now.stamp.wall):
        return state, ()
    name = setup.subject.removesuffix(READINGS)
    own = seen.channel(name, now.quantity).doubt
    if (own.value if own else "") == state.told.get(now.quantity.value, ""):
        return state, ()
    doubts = {
        quantity.value: doubt.value
        for quantity in setup.site.sensors[name].traits.quantities
        if (doubt := seen.channel(name, quantity).doubt) is not None
    }
    if doubts == state.told:
        return state, ()
    at = now.stamp.mono
    if not doubts:
        gone = Finding(Kind.SENSOR_FAULT, setup.subject, None, state.onset, sensors=(name,))
        return NOTHING, (gone,)
    onset = state.onset if state.told else at
    reason = doubts.get(now.quantity.value) or next(iter(doubts.values()))
    finding = Finding(
        Kind.SENSOR_FAULT,
        setup.subject,
        WarningLevel.YELLOW,
        at,
        sensors=(name,),
        evidence={
            "reason": reason,
            "cause": "",
            "for_s": 0,
            "channels": doubts,
            "raw": {now.quantity.value: now.value},
        },
    )
    return State(doubts, onset), (finding,)


def due(setup: Setup[Config], state: State, seen: Probes) -> float | None:
    """Only readings tell."""
    del setup, state, seen
    return None


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="probes"
)
