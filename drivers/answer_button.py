"""Button that answers "are you all right?": 1 = pressed.

Parts: any large push button with a normally open dry contact, beside the bed or the usual chair and
unlike the help button to eye and hand: a press of this one never calls for help, one of that always
does. Wiring: one wire to the pin, the other to ground; the pin is pulled up.

A press that nobody meant would keep an alarm in the home, so a broken wire must not read as one:
there is no normally closed wiring here. For the same reason a press counts only once it has stood
for a moment, which a spike on a long wire does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Driver, Settle, Spec, Traits
from drivers.gpio import check_pin, contact_line, line_traits
from drivers.reading import Quantity

POLL_S = 10.0
SETTLE = Settle(0.05, is_held=True)  # longer than buttons bounce, shorter than anybody presses


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of an `answer_button` sensor.

    Attributes:
        pin: BCM number, 0 to 27.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    pin: int

    def __post_init__(self) -> None:
        check_pin(self.pin, pull_up=True)


def _build(config: Config) -> Driver:
    return contact_line(Quantity.ANSWER, config.pin, "normally_open")


def _traits(config: Config) -> Traits:
    return line_traits(Quantity.ANSWER, config.pin, POLL_S, SETTLE)


DRIVER = Spec(config=Config, build=_build, traits=_traits)
