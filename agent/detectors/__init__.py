"""What a detector is, and how detectors are found by name.

A detector is a pure function of readings and time. The pipeline keeps one state of it for each
subject that it watches (a sensor, or the home), hands it every reading of the sensors that it
listens to, and a `Tick` at the moment it asked for with `due`. The same input gives the same
output, always: live, in a replay, or run again after a restart.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from agent.events import Activity, ClockStep, Finding, Gap, Tick
from agent.site import Sensor, Site
from drivers.reading import Reading, SensorState

C = TypeVar("C")
S = TypeVar("S")

Now = Reading | SensorState | Gap | ClockStep | Tick
Conclusion = Finding | Activity


@dataclass(frozen=True, slots=True)
class Setup(Generic[C]):
    """What a detector's step may know beside its state.

    Attributes:
        limits: its own configuration, `[detector.<name>]`.
        site: where it runs.
        subject: what this state is about.
        configured: names of the limits that the configuration sets; the others are defaults.
    """

    limits: C
    site: Site
    subject: str
    configured: frozenset[str] = frozenset()

    @property
    def sensor(self) -> Sensor:
        """The sensor that is the subject. Raise KeyError where the subject is the home."""
        return self.site.sensors[self.subject]


@dataclass(frozen=True, slots=True)
class Detector(Generic[C, S]):
    """A detector file's last line.

    Attributes:
        config: frozen dataclass of limits; its `__post_init__` raises ValueError("key: ...").
        state: frozen dataclass of all that it remembers; made of what agent/plain.py covers.
        subjects: subject -> names of the sensors it listens to; empty where a site has none.
        start: the state of a subject of which nothing is known yet, at monotonic second `now`.
        step: judges one reading, change of a sensor's state, gap, step of the wall clock, or tick.
        due: monotonic second at which a tick is wanted next, asked anew after every step; None for
            not at all.
    """

    config: type[C]
    state: type[S]
    subjects: Callable[[Site], Mapping[str, tuple[str, ...]]]
    start: Callable[[Setup[C], float], S]
    step: Callable[[Setup[C], S, Now], tuple[S, tuple[Conclusion, ...]]]
    due: Callable[[Setup[C], S], float | None]


@cache
def detectors() -> Mapping[str, Detector[Any, Any]]:
    """All detectors there are, by the name of their file, in alphabetical order."""
    found = {}
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda m: m.name):
        detector = getattr(importlib.import_module(f"{__name__}.{module.name}"), "DETECTOR", None)
        if isinstance(detector, Detector):
            found[module.name] = detector
    return found
