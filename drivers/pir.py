"""Passive infrared motion sensor: 1 while it sees motion.

Parts: HC-SR501 (module sheet HW-416/HC-SR501) and AM312 (module sheet AM312). Wiring: VCC to 5 V
(AM312: 3.3 V), GND to GND, OUT to the pin; OUT is 3.3 V with motion, and the pin is pulled down. A
few clones put out their supply voltage: measure, and divide what is above 3.3 V. Alarm-panel
detectors have a dry relay contact instead: pin to ground, `output = "normally_closed"` for the
usual kind.

After motion the HC-SR501 stays high for its trimmer's time (3 to 200 s; set the jumper to H), then
is blind for about 3 s; the AM312 for about 2 s each. A still person is invisible to both: 0 means
"no motion", never "nobody".

Both warm up for about a minute after power-up, in which up to three false pulses come. A driver
owns no clock, so these are emitted as they come: what may be concluded right after a power cut is
the pipeline's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.base import Driver, Settle, Spec, Traits
from drivers.gpio import GpioLine, check_pin, contact_line, line_traits
from drivers.reading import Quantity

POLL_S = 30.0
SETTLE = Settle(0.05)  # neither part can change faster; a loose wire can


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `pir` sensor.

    Attributes:
        pin: BCM number, 0 to 27.
        output: `high` = 3.3 V with motion; `normally_closed` or `normally_open` = a dry contact to
            ground, named for its state without motion.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    pin: int
    output: Literal["high", "normally_open", "normally_closed"] = "high"

    def __post_init__(self) -> None:
        check_pin(self.pin, pull_up=self.output != "high")


def _build(config: Config) -> Driver:
    if config.output == "high":
        return GpioLine(Quantity.MOTION, config.pin, pull_up=False, is_high=True)
    return contact_line(Quantity.MOTION, config.pin, config.output)


def _traits(config: Config) -> Traits:
    return line_traits(Quantity.MOTION, config.pin, POLL_S, SETTLE)


DRIVER = Spec(config=Config, build=_build, traits=_traits)
