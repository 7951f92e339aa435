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

from drivers.base import Settle
from drivers.gpio import Contact, ContactConfig, contact_spec
from drivers.reading import Quantity

POLL_S = 10.0
SETTLE = Settle(3.0, is_held=True)  # a few waves


@dataclass(frozen=True, slots=True)
class Config(ContactConfig):
    """Keys of a `float_switch` sensor.

    Attributes:
        contact: state of the contact while it is dry.
    """

    contact: Contact = "normally_open"


DRIVER = contact_spec(Config, Quantity.WET, POLL_S, SETTLE)
