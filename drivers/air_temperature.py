"""Air temperature in the shade, for level sensors that do not correct the speed of sound.

Part: Maxim DS18B20, data sheet "DS18B20 Programmable Resolution 1-Wire Digital Thermometer": -55 to
125 degC, 0.5 degC accurate from -10 to 85. Wiring: data to GPIO4 with 4.7 kohm to 3.3 V, and
`dtoverlay=w1-gpio` in the boot configuration. Hang it in the shade, level with the sensor and away
from walls and from the sensor's own housing, which the sun heats.

The kernel (module w1_therm) reads the scratchpad and says by `YES` whether its checksum is right.
Two readings with a right checksum are still none: 85.0 degC, which the part holds from power-up
until its first conversion, and a scratchpad of zeros, which a shorted data line gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from drivers.base import Emit, FrameError, PortError, Spec, Traits
from drivers.reading import Quantity

POLL_S = 60.0
VALID = (-40.0, 70.0)  # what air in the shade of a street can be
POWER_ON_DEGC = 85.0
MOST_BAD = 5  # reads in a row without a value
TEXT = re.compile(r"(?P<bytes>(?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} YES\n.* t=(?P<milli>-?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of an `air_temperature` sensor.

    Attributes:
        probe: its folder, such as /sys/bus/w1/devices/28-0316a2794bff.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    probe: str

    def __post_init__(self) -> None:
        if not self.probe.startswith("/"):
            raise ValueError(
                f'probe: "{self.probe}" is not a path such as /sys/bus/w1/devices/28-0316a2794bff'
            )


class AirTemperature:
    """One probe on the 1-Wire bus; see the head of this file."""

    def __init__(self, config: Config) -> None:
        self._file = Path(config.probe) / "w1_slave"
        self._bad = 0

    def open(self, emit: Emit) -> None:
        """See whether it is there. Raise PortError if not."""
        self._emit = emit
        self._bad = 0
        self._text()

    def poll(self) -> None:
        """Let it convert (0.75 s) and emit what it says.

        Raises:
            PortError: it has gone.
            FrameError: five reads in a row have brought no value.
        """
        value = degc(self._text())
        if value is not None:
            self._bad = 0
            self._emit(Quantity.AIR_TEMP_DEGC, value)
            return
        self._bad += 1
        if self._bad >= MOST_BAD:
            raise FrameError(
                f"{self._file}: {self._bad} reads without a value: check the data wire and its "
                "4.7 kohm to 3.3 V"
            )

    def close(self) -> None:
        """Nothing is held between polls."""

    def _text(self) -> str:
        try:
            return self._file.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise PortError(f"no probe {self._file}: {_seen(self._file)} ({error})") from error


def degc(text: str) -> float | None:
    """Degrees in what the kernel says of a probe; None where that is no temperature."""
    said = TEXT.fullmatch(text)
    if said is None or not any(bytes.fromhex(said["bytes"])):
        return None
    value = int(said["milli"]) / 1000
    return None if value == POWER_ON_DEGC else value


def _seen(file: Path) -> str:
    bus = file.parent.parent
    known = sorted(probe.name for probe in bus.glob("28-*"))
    return f"{bus} holds {', '.join(known) or 'none: is dtoverlay=w1-gpio set?'}"


def _traits(config: Config) -> Traits:
    return Traits(
        quantities=(Quantity.AIR_TEMP_DEGC,),
        poll_s=POLL_S,
        silent_after_s=10 * POLL_S,
        valid={Quantity.AIR_TEMP_DEGC: VALID},
        claims=(config.probe,),
    )


DRIVER = Spec(config=Config, build=AirTemperature, traits=_traits)
