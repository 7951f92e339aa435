"""How high the water stands: by ultrasound from above, or by a pressure transmitter in it.

Parts, wiring and data sheets: ultrasonic.py for the models maxbotix and a02yyuw, which report
`distance_mm`; level_transmitter.py for the model modbus, which reports `depth_mm`.

`mount_height_mm` is the height of the sensor's face above the dry ground for all of them. An
ultrasonic sensor hangs high above it. A transmitter lies on it (0) or below it, in a gully or a
pipe: there it is negative, and the water over the transmitter minus that depth is what stands on
the ground.

A level is told every `idle_s` while the place is dry and calm, at once when it moves, and then
every `rising_s`: pace.py has the rules. Silence does not wait for that: a sensor that falls quiet
is told after two minutes, a transmitter after three polls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from drivers.base import Driver, Spec, Traits
from drivers.level_transmitter import CODES, LevelTransmitter
from drivers.modbus import Unit, check_unit
from drivers.pace import WET_MM, Pace
from drivers.reading import Quantity
from drivers.serial_port import SerialPort, check_line
from drivers.ultrasonic import FARTHEST_MM, MODELS, SILENT_AFTER_S, Ultrasonic

MODBUS = "modbus"
BURST, SPREAD_MM, REACH_MM = 7, 20.0, 5000
LOWEST_MM = 350  # below it lies the blind zone, or a height given in metres
DEEPEST_MM, HIGHEST_FACE_MM = -5000, 50  # of a transmitter: what lies higher sees no water below it
DRIFT_MM = 200.0  # below zero: a transmitter's drift, and more
POLL_S = 1.0
# Keys that say nothing about the other kind of sensor.
ULTRASONIC_KEYS, MODBUS_KEYS = ("burst", "spread_mm"), ("unit", "codes")


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `water_level` sensor.

    Attributes:
        port: path of the serial port, best under /dev/serial/by-id; modbus sensors may share it.
        mount_height_mm: sensor face above the dry ground: 350 to 20000 mm, beyond the blind zone;
            modbus: -5000 to 50 mm, negative where it lies below the ground.
        low_point_mm: how much lower the place's lowest point is, -2000 to 2000 mm.
        idle_s: pause between readings while it is dry and calm, 0 to 300 s; 0 = all that come.
        rising_s: pause while there is water, or it moves, 0 to 60 s; at most idle_s.
        baud: rate of the serial line, 1200 to 921600.
        reach_mm: how far this type sees, 500 to 20000 mm; None = 5000 (maxbotix; 9999 for 10 m
            types), 4500 (a02yyuw) or 5000 mm of water (modbus).
        burst: not modbus: frames in one reading, 1 to 25; 1 = every frame is one; None = 7.
        spread_mm: not modbus: how far the echoes of a burst may scatter (median deviation), 1 to
            500 mm; beyond it there is no distance; None = 20. More where waves are usual.
        unit: modbus: its address on the bus, 1 to 247; None = 1.
        codes: modbus: which units its register 2 means; None = level.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    port: str
    model: Literal["maxbotix", "a02yyuw", "modbus"]
    mount_height_mm: float
    low_point_mm: float = 0.0
    idle_s: float = 60.0
    rising_s: float = 5.0
    baud: int = 9600
    reach_mm: int | None = None
    burst: int | None = None
    spread_mm: float | None = None
    unit: int | None = None
    codes: Literal["level", "pressure"] | None = None

    def __post_init__(self) -> None:
        check_line(self.port, self.baud)
        for key in ULTRASONIC_KEYS if self.is_modbus else MODBUS_KEYS:
            if getattr(self, key) is not None:
                others = "maxbotix and a02yyuw" if self.is_modbus else MODBUS
                raise ValueError(f"{key}: a key of {others}, and the model is {self.model}")
        lowest, highest = LOWEST_MM, FARTHEST_MM
        if self.is_modbus:
            lowest, highest = DEEPEST_MM, HIGHEST_FACE_MM
        for name, value, low, high in (
            ("mount_height_mm", self.mount_height_mm, lowest, highest),
            ("low_point_mm", self.low_point_mm, -2000, 2000),
            ("idle_s", self.idle_s, 0, 300),
            ("rising_s", self.rising_s, 0, 60),
            ("reach_mm", self.reach, 500, FARTHEST_MM),
            ("burst", BURST if self.burst is None else self.burst, 1, 25),
            ("spread_mm", SPREAD_MM if self.spread_mm is None else self.spread_mm, 1, 500),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")
        if self.rising_s > self.idle_s > 0:
            raise ValueError(f"rising_s: {self.rising_s:g} is above idle_s = {self.idle_s:g}")
        check_unit(self.address)

    @property
    def is_modbus(self) -> bool:
        """Whether it is a pressure transmitter."""
        return self.model == MODBUS

    @property
    def address(self) -> int:
        """A transmitter's unit number."""
        return 1 if self.unit is None else self.unit

    @property
    def reach(self) -> int:
        """How far this type sees, in mm."""
        if self.reach_mm is not None:
            return self.reach_mm
        if self.is_modbus:
            return REACH_MM
        model = MODELS[self.model]  # who is mounted higher than it sees is the other type
        return model.reach_mm if self.mount_height_mm < model.reach_mm else model.far_reach_mm

    @property
    def valid(self) -> tuple[float, float]:
        """Lowest and highest value that this type can measure, in mm."""
        if self.is_modbus:
            return -DRIFT_MM, self.reach + max(self.mount_height_mm, 0.0)
        model = MODELS[self.model]
        return model.blind_mm + 1, self.reach - (1 if model.is_reach_code else 0)


def build(config: Config) -> Driver:
    """Make the driver of the configured model."""
    pace = Pace(config.idle_s, config.rising_s)
    if config.is_modbus:
        unit = Unit(config.port, config.baud, config.address)
        return LevelTransmitter(unit, CODES[config.codes or "level"], config.mount_height_mm, pace)
    model = MODELS[config.model]
    return Ultrasonic(
        model,
        SerialPort(config.port, config.baud),
        burst=BURST if config.burst is None else config.burst,
        valid=config.valid,
        no_echo_mm=model.no_echo(config.reach),
        spread_mm=SPREAD_MM if config.spread_mm is None else config.spread_mm,
        wet_mm=config.mount_height_mm - WET_MM,
        pace=pace,
    )


def _traits(config: Config) -> Traits:
    if config.is_modbus:
        traits = Traits(
            quantities=(Quantity.DEPTH_MM,),
            poll_s=max(config.rising_s, POLL_S),
            silent_after_s=SILENT_AFTER_S,
            claims=(f"{config.port} unit {config.address}",),  # the port itself is shared
        )
    else:
        traits = Traits(
            quantities=(Quantity.DISTANCE_MM,),
            poll_s=0.0,
            silent_after_s=SILENT_AFTER_S,
            claims=(config.port,),
            mount_height_mm=config.mount_height_mm,
            is_compensated=MODELS[config.model].is_compensated,
        )
    return replace(
        traits,
        valid={traits.quantities[0]: config.valid},
        low_point_mm=config.low_point_mm,
        idle_s=config.idle_s,
    )


DRIVER = Spec(config=Config, build=build, traits=_traits)
