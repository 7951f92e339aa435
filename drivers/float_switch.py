"""Float switch: 1 = the water has reached it.

Parts: any reed float with a dry contact; on many, turning the float over on its stem turns it from
normally open to normally closed. Wiring: one wire to the pin, the other to ground; the pin is
pulled up. Outdoors add a surge arrester.

Waves lift and drop it, so a level counts only after it has stood for a few seconds. Wired normally
open, a cut wire reads as dry for ever, as debris under the float does: only a second sensor at the
same place can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Driver, Settle, Spec, Traits
from drivers.gpio import Contact, check_pin, contact_line, line_traits
from drivers.reading import Quantity

POLL_S = 10.0
SETTLE = Settle(3.0, is_held=True)  # a few waves


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `float_switch` sensor.

    Attributes:
        pin: BCM number, 0 to 27.
        contact: state of the contact while it is dry.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    pin: int
    contact: Contact = "normally_open"

    def __post_init__(self) -> None:
        check_pin(self.pin, pull_up=True)


def _build(config: Config) -> Driver:
    return contact_line(Quantity.WET, config.pin, config.contact)


def _traits(config: Config) -> Traits:
    return line_traits(Quantity.WET, config.pin, POLL_S, SETTLE)


DRIVER = Spec(config=Config, build=_build, traits=_traits)
