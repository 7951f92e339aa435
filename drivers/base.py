"""What a driver is, how it describes itself, and how it is found by name.

`driver = "pir"` in a configuration loads `drivers/pir.py`; its last line is `DRIVER = Spec(...)`.
Nothing has to be registered: a new sensor is one file.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from drivers.reading import Quantity

C = TypeVar("C")

Emit = Callable[[Quantity, float], None]


class DriverError(Exception):
    """A sensor cannot be read; it is reported down and reopened with growing pauses."""


class PortError(DriverError, OSError):
    """A pin or port cannot be opened, or has gone."""


class FrameError(DriverError, ValueError):
    """Bytes that are no valid frame; counted, never a reading."""


class DeviceSilent(DriverError, TimeoutError):
    """The port is open, but nothing valid came in time."""


class Driver(Protocol):
    """One sensor. The constructor stores, `open` touches hardware, `close` may be called twice.

    A driver owns no clock and no thread: the agent calls `poll` again and again on a thread of the
    sensor's own, and stamps whatever `emit` is given, on whatever thread that happens.
    """

    def open(self, emit: Emit) -> None:
        """Take hold of the hardware. Raise PortError if that fails."""

    def poll(self) -> None:
        """Read for at most about a second, or re-emit levels. Raise DriverError if it is gone."""

    def close(self) -> None:
        """Let go of the hardware; harmless when closed already."""


@runtime_checkable
class Switchable(Protocol):
    """What the driver of an output has as well: a level that is told again before every poll."""

    def switch(self, *, is_on: bool) -> None:
        """Be on or off from the next poll on; touches no hardware."""


@runtime_checkable
class Timed(Protocol):
    """What a driver has as well that spaces its readings by time: it owns no clock, it is told."""

    def tell_time(self, mono_s: float) -> None:
        """Take note of the time, in seconds that never go back; told again before every poll."""


@dataclass(frozen=True, slots=True)
class Settle:
    """How long a two-state line must settle: see agent/pipeline/debounce.py.

    Attributes:
        window_s: bounces within this time after a counted change are one change.
        is_held: False = a change counts at once and bounces after it are ignored (buttons, doors);
            True = a change counts only after the level has stood for the window (floats in waves).
    """

    window_s: float
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What the agent has to know of a configured sensor without opening it.

    Attributes:
        quantities: what it reports; the first is meant where a recording names none.
        poll_s: pause between two calls of `poll`; 0 where `poll` itself waits for bytes.
        silent_after_s: longest pause between readings that is still normal; None where a healthy
            sensor may be quiet for ever.
        settle: how its two-state quantities settle; None where they need not.
        valid: lowest and highest value that the part can measure; outside it a value is an error
            code such as "no echo", and its quality is bad.
        claims: pins and ports that it alone may use, such as "pin 17".
        mount_height_mm: level sensors: sensor face to dry ground.
        low_point_mm: level sensors: how much lower the lowest point of the place is.
        is_compensated: level sensors: whether the part corrects for the speed of sound in warm air
            by itself, or needs no such correction.
        idle_s: longest pause between readings that its driver makes on purpose.
    """

    quantities: tuple[Quantity, ...]
    poll_s: float
    silent_after_s: float | None
    settle: Settle | None = None
    valid: Mapping[Quantity, tuple[float, float]] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    mount_height_mm: float | None = None
    low_point_mm: float = 0.0
    is_compensated: bool = True
    idle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Spec(Generic[C]):
    """A driver file's last line.

    Attributes:
        config: frozen dataclass of the keys it takes in `[[sensor]]` beside name, driver and role;
            its `__post_init__` may raise ValueError("key: what is wrong, what is allowed").
        build: makes the driver; must not touch hardware.
        traits: describes a configured sensor.
    """

    config: type[C]
    build: Callable[[C], Driver]
    traits: Callable[[C], Traits]


class UnknownDriver(DriverError, LookupError):
    """No file of that name in drivers/ that describes a sensor."""


def load(name: str) -> Spec[Any]:
    """Find the driver of that name. Raise UnknownDriver if there is none."""
    if not name.isidentifier() or importlib.util.find_spec(f"drivers.{name}") is None:
        raise UnknownDriver(name)
    spec = getattr(importlib.import_module(f"drivers.{name}"), "DRIVER", None)
    if not isinstance(spec, Spec):
        raise UnknownDriver(name)
    return spec


def names() -> list[str]:
    """All drivers there are, in alphabetical order."""
    found = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        try:
            load(module.name)
        except UnknownDriver:
            continue
        found.append(module.name)
    return sorted(found)
