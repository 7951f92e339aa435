"""Who listens to what: the detectors of a site, and the channels their readings come by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.detectors import Conclusion, Detector, Now, Perception, Setup, detectors, perceptions
from agent.pipeline import debounce, qc
from agent.site import Site
from drivers.base import Settle
from drivers.reading import Quantity

NEVER = math.inf

Limits = Mapping[str, tuple[Any, frozenset[str]]]
"""Detector's name -> its configuration and the keys of it that the site's file sets."""


@dataclass(slots=True)
class Sight:
    """One perception of a site.

    Attributes:
        listens: names of the sensors that it hears.
        due: monotonic second of its next tick; infinity for none.
    """

    name: str
    perception: Perception[Any, Any]
    plan: Any
    listens: frozenset[str]
    state: Any = None
    due: float = NEVER


@dataclass(slots=True)
class Instance:
    """One detector watching one subject.

    Attributes:
        listens: names of the sensors that it hears.
        due: monotonic second of its next tick; infinity for none.
        sight: the perception that it is handed; None for none.
    """

    name: str
    detector: Detector[Any, Any]
    setup: Setup[Any]
    listens: tuple[str, ...]
    state: Any = None
    due: float = NEVER
    sight: Sight | None = None

    @property
    def key(self) -> str:
        """Name under which its state is kept."""
        return f"{self.name}/{self.setup.subject}"

    def step(self, now: Now) -> tuple[Any, tuple[Conclusion, ...], float | None]:
        """Ask the detector: the new state, what it concludes, when it wants its next tick."""
        detector, setup = self.detector, self.setup
        if detector.sees:
            seen = None if self.sight is None else self.sight.state
            state, conclusions = detector.step(setup, self.state, now, seen)
            return state, conclusions, detector.due(setup, state, seen)
        state, conclusions = detector.step(setup, self.state, now)
        return state, conclusions, detector.due(setup, state)

    def due_of(self, state: Any) -> float | None:
        """When a state wants its next tick."""
        if not self.detector.sees:
            return self.detector.due(self.setup, state)
        return self.detector.due(self.setup, state, self.seen)

    @property
    def seen(self) -> Any:
        """What its perception has seen so far."""
        return None if self.sight is None else self.sight.state


@dataclass(slots=True)
class Channel:
    """One quantity of one sensor on its way to the detectors.

    Attributes:
        bounds: lowest and highest value; None for a two-state quantity, which is debounced instead.
        due: monotonic second at which a held-back change counts; infinity for none.
    """

    sensor: str
    quantity: Quantity
    settle: Settle | None
    bounds: tuple[float, float] | None
    listeners: tuple[Instance, ...]
    sights: tuple[Sight, ...] = ()
    line: debounce.Line = field(default_factory=debounce.Line)
    track: qc.Track = field(default_factory=qc.Track)
    due: float = NEVER

    @property
    def key(self) -> str:
        """Name under which its state is kept."""
        return f"{self.sensor}/{self.quantity.value}"


def sights(site: Site) -> dict[str, Sight]:
    """Every perception that the site gives something to perceive."""
    found = {}
    for name, perception in perceptions().items():
        plan = perception.plan(site)
        if plan is not None:
            found[name] = Sight(name, perception, plan, frozenset(perception.listens(plan)))
    return found


def instances(site: Site, limits: Limits, all_sights: Mapping[str, Sight]) -> tuple[Instance, ...]:
    """Every detector once for each subject that the site gives it, in a fixed order."""
    found = []
    for name, detector in detectors().items():
        config, configured = limits.get(name) or (detector.config(), frozenset())
        for subject, listens in detector.subjects(site).items():
            setup = Setup(config, site, subject, configured)
            sight = all_sights.get(detector.sees)
            found.append(Instance(name, detector, setup, listens, sight=sight))
    return tuple(found)


def channels(
    site: Site, all_instances: Sequence[Instance], all_sights: Mapping[str, Sight]
) -> dict[tuple[str, Quantity], Channel]:
    """Every quantity of every sensor, with those who listen to it."""
    found = {}
    for sensor in site.sensors.values():
        listeners = tuple(i for i in all_instances if sensor.name in i.listens)
        hearing = tuple(s for s in all_sights.values() if sensor.name in s.listens)
        for quantity in sensor.traits.quantities:
            bounds = qc.limits(sensor.traits, quantity) if qc.is_judged(quantity) else None
            found[sensor.name, quantity] = Channel(
                sensor.name, quantity, sensor.traits.settle, bounds, listeners, hearing
            )
    return found
