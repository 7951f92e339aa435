"""A home, a street, an outfall that never existed: for the demo, for tests and for long runs.

One `[[sensor]]` of this driver is one part of a scene. It owns no clock: each `poll` is one step of
`step_s` seconds of the scene, beginning with second 0, and reopening it does not turn time back.
Parts with the same seed, script, step and start belong to one scene and agree about what happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from drivers.base import Driver, Emit, PortError, Spec, Traits
from drivers.reading import TWO_STATE, Quantity
from drivers.scene_incidents import moved, parse
from drivers.scene_life import DEMO, HELP, SMOKE_TEST, furnish
from drivers.scene_motion import SENSORS, is_on
from drivers.scene_outfall import WATERS, Outfall
from drivers.scene_street import Street

Part = Literal[
    "bedroom-motion",
    "bathroom-motion",
    "kitchen-motion",
    "living-motion",
    "entry-motion",
    "front-door",
    "smoke",
    "help",
    "road-level",
    "float",
    "sonde",
]

QUANTITIES: dict[Part, tuple[Quantity, ...]] = {
    "bedroom-motion": (Quantity.MOTION,),
    "bathroom-motion": (Quantity.MOTION,),
    "kitchen-motion": (Quantity.MOTION,),
    "living-motion": (Quantity.MOTION,),
    "entry-motion": (Quantity.MOTION,),
    "front-door": (Quantity.CONTACT,),
    "smoke": (Quantity.SMOKE,),
    "help": (Quantity.HELP,),
    "road-level": (Quantity.DISTANCE_MM,),
    "float": (Quantity.WET,),
    "sonde": tuple(WATERS),
}
LEVEL_MM = (301.0, 4999.0)  # HRXL-MaxSonar-WR: 300 = too near, 5000 = nothing in range
FLOAT_MM = 100.0  # height of the float above the ground
REPEAT_S = 60.0  # a level is repeated, so that a quiet home and a cut wire look different
SILENT_AFTER_S = 300.0  # at 600 times real time still half a second, which a busy machine may take


@dataclass(frozen=True, slots=True)
class Config:
    """Which part of which scene.

    Attributes:
        part: what the sensor is.
        seed: the scene; the same for all its parts.
        script: "demo" begins with a story of 8 hours: a call for help, a collapse, two floods, a
            probe that stops talking, sewage, a smoke test. "plain" is everyday life.
        step_s: seconds of the scene in one poll: 1 to 10 for two-state parts and the level (a press
            lasts 10 s), 1 to 3600 for the sonde; None = 10 and 60.
        start_h: local hour of day at which the scene begins, 0 to 24; its first day is a Monday.
        incidents: home: what is planted, as drivers/scene_incidents.py reads it.
        mount_height_mm: level: sensor face to dry road, 500 to 4900.
        low_point_mm: level: how much lower the road's lowest point is, 0 to 2000.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    part: Part
    seed: int = 1
    script: Literal["plain", "demo"] = "plain"
    step_s: float | None = None
    start_h: float = 8.0
    incidents: str = ""
    mount_height_mm: float = 2700.0
    low_point_mm: float = 0.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("step_s", self.step, 1, 3600 if self.part == "sonde" else 10),
            ("start_h", self.start_h, 0, 24),
            ("mount_height_mm", self.mount_height_mm, 500, 4900),
            ("low_point_mm", self.low_point_mm, 0, 2000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value:g} is outside {low} to {high}")
        try:
            parse(self.incidents)
        except ValueError as error:
            raise ValueError(f"incidents: {error}") from None

    @property
    def step(self) -> float:
        """Seconds of the scene in one poll."""
        if self.step_s is not None:
            return self.step_s
        return 60.0 if self.part == "sonde" else 10.0


class Simulated:
    """One sensor of a scene."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._look = look(config)
        self._emit: Emit | None = None
        self._steps = 0
        self._told: dict[Quantity, tuple[float, float]] = {}

    def open(self, emit: Emit) -> None:
        """Begin, or go on where it was closed."""
        self._emit = emit
        self._told.clear()

    def poll(self) -> None:
        """Let one step pass."""
        if self._emit is None:
            raise PortError("not open")
        t = self._steps * self._config.step
        self._steps += 1
        for quantity, value in self._look(t).items():
            before, at = self._told.get(quantity, (None, 0.0))
            if quantity in TWO_STATE and value == before and t - at < REPEAT_S:
                continue
            self._told[quantity] = (value, t)
            self._emit(quantity, value)

    def close(self) -> None:
        """Stop; time stands still until it is opened again."""
        self._emit = None


def look(config: Config) -> Callable[[float], dict[Quantity, float]]:
    """What the configured part sees at a second of its scene."""
    if config.part in SENSORS:
        return _home(config)
    is_demo = config.script == "demo"
    scene = (config.seed, is_demo, config.start_h)
    street, outfall = Street(*scene), Outfall(*scene)
    quantity = QUANTITIES[config.part][0]
    match config.part:
        case "smoke":
            return lambda t: {quantity: float(is_demo and SMOKE_TEST[0] <= t < SMOKE_TEST[1])}
        case "help":
            return lambda t: {quantity: float(is_demo and HELP[0] <= t < HELP[1])}
        case "road-level":
            return lambda t: {quantity: street.distance_mm(t, config.mount_height_mm)}
        case "float":
            return lambda t: {quantity: float(street.depth_mm(t) >= FLOAT_MM)}
        case _:
            # Nothing, rather than DeviceSilent: that ends the driver, and with it the story.
            return lambda t: {} if outfall.is_silent(t) else outfall.values(t)


def _home(config: Config) -> Callable[[float], dict[Quantity, float]]:
    """Whether a sensor of the home is at 1 at any moment of a step: a pulse may be shorter."""
    begin, quantity = config.start_h * 3600, QUANTITIES[config.part][0]
    story = tuple(moved(stay, begin) for stay in DEMO) if config.script == "demo" else ()
    home = furnish(config.seed, config.incidents, story)
    return lambda t: {quantity: float(is_on(home, config.part, begin + t, config.step))}


def build(config: Config) -> Driver:
    """Make the driver."""
    return Simulated(config)


def traits(config: Config) -> Traits:
    """Describe it: three missed steps, or five missed repeats, are silence."""
    is_level = config.part == "road-level"
    return Traits(
        quantities=QUANTITIES[config.part],
        poll_s=config.step,
        silent_after_s=max(3 * config.step, SILENT_AFTER_S),
        valid={Quantity.DISTANCE_MM: LEVEL_MM} if is_level else {},
        mount_height_mm=config.mount_height_mm if is_level else None,
        low_point_mm=config.low_point_mm if is_level else 0.0,
    )


DRIVER = Spec(config=Config, build=build, traits=traits)
