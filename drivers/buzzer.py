"""Buzzer that asks "are you all right?", an output: 1 = sounding, one second in five.

Parts: an active buzzer of 3 to 5 V, 80 dB at 10 cm or more; one that draws above 8 mA needs a
transistor, which modules have on board. Wiring: VCC, GND, and the input to the pin. Modules that
sound while their input is low say "low level trigger": `sounds_at = "low"`. Pins 0 to 8 are pulled
up while the board boots and 9 to 27 down (BCM2835 ARM Peripherals, section 6.2), so a buzzer that
sounds at high is quiet at boot on a pin from 9 on, and one that sounds at low on a pin up to 8.

A pin cannot tell whether anything hangs on it: try the buzzer when it is installed. Where the agent
is killed while it sounds, some kernels leave the pin as it was until the agent is back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.base import Driver, Emit, Spec, Traits
from drivers.gpio import GpioOutput, check_pin
from drivers.reading import Quantity

POLL_S = 1.0
SOUND_POLLS, ROUND_POLLS = 1, 5  # a gentle rhythm: somebody may be asleep
TELL_POLLS = 30  # the level is told again so often, which shows that the pin is there


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `buzzer` sensor.

    Attributes:
        pin: BCM number, 0 to 27.
        sounds_at: level of the pin at which it sounds.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    pin: int
    sounds_at: Literal["high", "low"] = "high"

    def __post_init__(self) -> None:
        check_pin(self.pin, pull_up=True)


class Buzzer:
    """Sounds while it is switched on; a `Driver` and a `Switchable`."""

    def __init__(self, config: Config) -> None:
        self._output = GpioOutput(config.pin, is_active_high=config.sounds_at == "high")
        self._is_on = self._was_on = False
        self._polls = self._told = 0

    def open(self, emit: Emit) -> None:
        """Claim the pin, quiet. Raise PortError if that fails."""
        self._output.open()
        self._emit = emit
        self._was_on = False
        self._told = 0
        emit(Quantity.BUZZER, 0.0)

    def switch(self, *, is_on: bool) -> None:
        """Sound, or be quiet, from the next poll on."""
        self._is_on = is_on

    def poll(self) -> None:
        """Go on by one beat. Raise PortError if the pin has gone."""
        is_change = self._is_on != self._was_on
        self._was_on = self._is_on
        self._polls = 0 if is_change else (self._polls + 1) % ROUND_POLLS
        self._output.set(is_active=self._is_on and self._polls < SOUND_POLLS)
        self._told += 1
        if is_change or self._told >= TELL_POLLS:
            self._told = 0
            self._emit(Quantity.BUZZER, float(self._is_on))

    def close(self) -> None:
        """Be quiet and let go of the pin; harmless when closed already."""
        self._output.close()


def _build(config: Config) -> Driver:
    return Buzzer(config)


def _traits(config: Config) -> Traits:
    return Traits(
        quantities=(Quantity.BUZZER,),
        poll_s=POLL_S,
        silent_after_s=3.5 * TELL_POLLS * POLL_S,
        claims=(f"pin {config.pin}",),
    )


DRIVER = Spec(config=Config, build=_build, traits=_traits)
