"""Reed contact at a door or window: 1 = open.

Parts: any reed contact with magnet, such as MC-38. Wiring: one wire to the pin, one to ground;
the pin is pulled up. With the magnet near the usual part is closed, so the line is low while the
door is shut; its sheet says so under "contact form", and some are the other way round.

A cut wire or a lost magnet reads as open for ever, a short as shut for ever: one line cannot tell
them from a door. Wired normally closed, a cut at least shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Settle
from drivers.gpio import Contact, ContactConfig, contact_spec
from drivers.reading import Quantity

POLL_S = 30.0
SETTLE = Settle(0.05)  # reeds bounce for 1 to 5 ms, a rattling door for longer


@dataclass(frozen=True, slots=True)
class Config(ContactConfig):
    """Keys of a `door_contact` sensor.

    Attributes:
        contact: state of the contact while the door is shut.
    """

    contact: Contact = "normally_closed"


DRIVER = contact_spec(Config, Quantity.CONTACT, POLL_S, SETTLE)
