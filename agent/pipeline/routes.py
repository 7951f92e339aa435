"""Who listens to what: the detectors of a site, and the channels their readings come by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.detectors import Detector, Setup, detectors
from agent.pipeline import debounce, qc
from agent.site import Site
from drivers.base import Settle
from drivers.reading import Quantity

NEVER = math.inf

Limits = Mapping[str, tuple[Any, frozenset[str]]]
"""Detector's name -> its configuration and the keys of it that the site's file sets."""


@dataclass(slots=True)
class Instance:
    """One detector watching one subject.

    Attributes:
        listens: names of the sensors that it hears.
        due: monotonic second of its next tick; infinity for none.
    """

    name: str
    detector: Detector[Any, Any]
    setup: Setup[Any]
    listens: tuple[str, ...]
    state: Any = None
    due: float = NEVER

    @property
    def key(self) -> str:
        """Name under which its state is kept."""
        return f"{self.name}/{self.setup.subject}"


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
    line: debounce.Line = field(default_factory=debounce.Line)
    track: qc.Track = field(default_factory=qc.Track)
    due: float = NEVER

    @property
    def key(self) -> str:
        """Name under which its state is kept."""
        return f"{self.sensor}/{self.quantity.value}"


def instances(site: Site, limits: Limits) -> tuple[Instance, ...]:
    """Every detector once for each subject that the site gives it, in a fixed order."""
    found = []
    for name, detector in detectors().items():
        config, configured = limits.get(name) or (detector.config(), frozenset())
        for subject, listens in detector.subjects(site).items():
            setup = Setup(config, site, subject, configured)
            found.append(Instance(name, detector, setup, listens))
    return tuple(found)


def channels(site: Site, all_instances: Sequence[Instance]) -> dict[tuple[str, Quantity], Channel]:
    """Every quantity of every sensor, with those who listen to it."""
    found = {}
    for sensor in site.sensors.values():
        listeners = tuple(i for i in all_instances if sensor.name in i.listens)
        for quantity in sensor.traits.quantities:
            bounds = qc.limits(sensor.traits, quantity) if qc.is_judged(quantity) else None
            found[sensor.name, quantity] = Channel(
                sensor.name, quantity, sensor.traits.settle, bounds, listeners
            )
    return found
