"""What a detector is, and how detectors are found by name.

A detector is a pure function of readings and time. The pipeline keeps one state of it for each
subject that it watches (a sensor, or the home), hands it every reading of the sensors that it
listens to, and a `Tick` at the moment it asked for with `due`. The same input gives the same
output, always: live, in a replay, or run again after a restart.

What several detectors have to know alike, such as whether anybody is at home, is worked out once,
by a `Perception`, before they are asked. A detector that names one in `sees` is handed its state.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from agent.events import Activity, ClockStep, Finding, Gap, Tick
from agent.site import Sensor, Site
from drivers.reading import Reading, SensorState

C = TypeVar("C")
P = TypeVar("P")
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
class Perception(Generic[P, S]):
    """A file's last line, as `PERCEPTION`: what detectors see alike.

    Attributes:
        state: frozen dataclass of all that it remembers; made of what agent/plain.py covers.
        plan: what follows from the site alone; None where the site has nothing to perceive.
        listens: names of the sensors that it hears.
        start: the state at monotonic second `now`, before anything is known.
        step: takes in what a detector's step does.
        due: monotonic second at which a tick is wanted next; None for not at all.
        unlearn: the state of the moment, with nothing known of the person.
    """

    state: type[S]
    plan: Callable[[Site], P | None]
    listens: Callable[[P], tuple[str, ...]]
    start: Callable[[P, float], S]
    step: Callable[[P, S, Now], S]
    due: Callable[[P, S], float | None]
    unlearn: Callable[[S], S]


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
        sees: file of a perception; then `step` and `due` take its state as one more argument (None
            where the site has none), and a tick comes also when a tick has changed it.
        unlearn: the state of the moment, with nothing known of the person; None where nothing is
            learned of anybody.
    """

    config: type[C]
    state: type[S]
    subjects: Callable[[Site], Mapping[str, tuple[str, ...]]]
    start: Callable[[Setup[C], float], S]
    step: Callable[..., tuple[S, tuple[Conclusion, ...]]]
    due: Callable[..., float | None]
    sees: str = ""
    unlearn: Callable[[S], S] | None = None


@cache
def detectors() -> Mapping[str, Detector[Any, Any]]:
    """All detectors there are, by the name of their file, in alphabetical order."""
    return {name: d for name, d in _last_lines("DETECTOR") if isinstance(d, Detector)}


@cache
def perceptions() -> Mapping[str, Perception[Any, Any]]:
    """All perceptions there are, by the name of their file, in alphabetical order."""
    return {name: p for name, p in _last_lines("PERCEPTION") if isinstance(p, Perception)}


def _last_lines(name: str) -> Iterator[tuple[str, object]]:
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda m: m.name):
        found = importlib.import_module(f"{__name__}.{module.name}")
        yield module.name, getattr(found, name, None)
