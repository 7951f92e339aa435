"""Call button or pull cord: 1 = pressed or pulled.

Parts: any call button or ceiling pull switch with a dry contact. In wet rooms take a cord that ends
10 cm above the floor. Wiring: one wire to the pin, the other to ground; the pin is pulled up. With
a normally closed contact a broken wire calls for help.

A press counts however short it is: see drivers/gpio.py for the edge, agent/pipeline/debounce.py for
its bounce. A latching switch stays 1 until somebody resets it, and is 1 again after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Settle
from drivers.gpio import Contact, ContactConfig, contact_spec
from drivers.reading import Quantity

POLL_S = 10.0
SETTLE = Settle(0.03)  # longer than buttons bounce, shorter than two presses of a trembling hand


@dataclass(frozen=True, slots=True)
class Config(ContactConfig):
    """Keys of a `help_button` sensor.

    Attributes:
        contact: state of the contact while nobody presses or pulls.
    """

    contact: Contact = "normally_open"


DRIVER = contact_spec(Config, Quantity.HELP, POLL_S, SETTLE)
