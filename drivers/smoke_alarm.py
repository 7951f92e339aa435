"""Smoke alarm with a dry relay contact: 1 = alarm.

Parts: any certified alarm (EN 14604, GB 20517) with a relay base; its sheet names the terminals.
Wiring: the relay's common and normally closed terminals between ground and the pin; the pin is
pulled up. Never wire the 9 to 12 V interconnect line to a pin: it needs an opto-coupler.

Wired normally closed, a cut wire reads as an alarm, so that it cannot hide one; a short hides it
and cannot be seen on one line, nor can a low battery: the alarm's own chirp reports that. The
alarm's test button gives an alarm like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Settle
from drivers.gpio import Contact, ContactConfig, contact_spec
from drivers.reading import Quantity

POLL_S = 10.0
SETTLE = Settle(0.05)  # a relay bounces for a few ms; the alarm itself counts at once


@dataclass(frozen=True, slots=True)
class Config(ContactConfig):
    """Keys of a `smoke_alarm` sensor.

    Attributes:
        contact: state of the relay contact without an alarm.
    """

    contact: Contact = "normally_closed"


DRIVER = contact_spec(Config, Quantity.SMOKE, POLL_S, SETTLE)
